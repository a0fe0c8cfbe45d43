import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { addActiveHolds } from '../expiring-holds.mjs';
import { atMost } from '../figures.mjs';
import { STOCK_MAX } from '../calls.mjs';

const COUNT = 1_000_000;

/** What it costs to look for expired holds among very many live ones and to find none. */
export const idleSweep = {
  name: 'idle-sweep',
  async run(stand) {
    await stand.addProducts(1, STOCK_MAX);
    await addActiveHolds(stand.database, 1, COUNT, 'NOW(3) + INTERVAL 1 HOUR');
    await stand.database.query('ANALYZE TABLE holds');
    const ticks = JSON.parse(runTicks(stand));
    const sorted = ticks.sort((a, b) => a - b);
    const [p50Ms, p99Ms] = [sorted[Math.floor(sorted.length / 2)], sorted[Math.ceil(sorted.length * 0.99) - 1]];
    const cpuSeconds = { server: null, database: null, redis: null, generator: null };
    const run = {
      requests: ticks.length,
      perSecond: NaN,
      seconds: 1,
      errors: 0,
      cpuSeconds,
      p50Ms,
      p99Ms,
      maxMs: sorted.at(-1),
    };
    const title = 'a sweep tick among 1,000,000 live holds that finds nothing: median';
    return { runs: { service: [run] }, figures: [atMost(10, title, { figure: p50Ms }, { unit: ' ms' })] };
  },
};

/** The service's own look-up, in a process that is built like the service. */
function runTicks(stand) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, '../sweep-ticks.mjs')], {
    cwd: stand.pidDir,
    env: stand.serviceEnv(),
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`The ticks failed: ${stderr}`);
  return stdout;
}

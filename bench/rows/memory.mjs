import { setTimeout as sleep } from 'node:timers/promises';

import { STOCK_MAX } from '../calls.mjs';
import { residentMib } from '../cpu.mjs';
import { atMost } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { callOnce } from '../stand.mjs';
import { measure } from '../turns.mjs';

const [EARLY, LATE] = [100_000, 2_000_000];
const SLICE_SECONDS_MAX = 20;
const IDLE_MS = 3_000;

/** Whether anything grows with the number of holds made. */
export const memory = {
  name: 'memory',
  countsHolds: true,
  async run(stand) {
    const service = await stand.startService();
    await stand.addProducts(1, STOCK_MAX);
    const runs = [];
    const early = await memoryAfter(stand, service, runs, EARLY);
    const late = await memoryAfter(stand, service, runs, LATE);
    const text = ({ residentMib: mib, heapMib }) => `${mib.toFixed(0)} MiB (JavaScript heap ${heapMib.toFixed(0)})`;
    const title = `memory after 2 million holds, ${text(late)}, − after 100,000, ${text(early)}`;
    const figure = { figure: late.residentMib - early.residentMib };
    return { runs: { service: runs }, figures: [atMost(64, title, figure, { unit: ' MiB' })] };
  },
};

/** Makes holds until there are `count` of them, and measures the memory of the idle service. */
async function memoryAfter(stand, service, runs, count) {
  const load = closedLoop({ script: 'holds.lua', args: [1] });
  const made = () => runs.reduce((sum, run) => sum + run.answered, 0);
  while (made() < count) {
    const perSecond = runs.at(-1)?.perSecond ?? count;
    const seconds = Math.ceil((count - made()) / perSecond);
    runs.push(await measure(stand, { server: service, load }, Math.min(seconds, SLICE_SECONDS_MAX)));
  }
  await sleep(IDLE_MS);
  return { residentMib: residentMib(service.pid), heapMib: await heapMibOf(service) };
}

async function heapMibOf(service) {
  const { body } = await callOnce(service, { path: '/metrics' });
  return Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(body)?.[1] ?? NaN) / 1024 ** 2;
}

import { STOCK_MAX, compared, holdCall } from '../calls.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { ratioOf } from '../turns.mjs';

const DELAY_MS = 2;

/** A slower disk or a replica to wait for: the proxy that all go through holds answers to commits back, or not. */
export const slowCommit = {
  name: 'commit',
  countsHolds: true,
  async setUp(stand) {
    const proxy = await stand.startCommitProxy();
    const service = await stand.startService({ databasePort: proxy.port });
    const naive = await stand.startNaive({ databasePort: proxy.port });
    await stand.addProducts(1, STOCK_MAX);
    const echo = await stand.startEcho(service, [holdCall(1)]);
    const load = closedLoop({ script: 'holds.lua', args: [1] });
    const delayed = compared({ service, echo, naive }, load).map((contestant) => ({
      ...contestant,
      prepare: () => proxy.delayCommits(DELAY_MS),
    }));
    const without = { name: 'without', server: service, load, prepare: () => proxy.delayCommits(0) };
    return [delayed[0], without, ...delayed.slice(1)];
  },
  figures: (runs) => [
    atLeast(0.85, `holds with ${DELAY_MS} ms added to each commit ÷ without`, ratioOf(runs, 'service', 'without')),
  ],
};

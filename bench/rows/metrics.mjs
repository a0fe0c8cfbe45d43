import { STOCK_MAX } from '../calls.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { inTurns, ratioOf } from '../turns.mjs';

/** Two processes of the same code differ by more than what is looked for, so each is started several times. */
const STARTS = 4;

/** What counting and timing everything costs the hot path. */
export const metrics = {
  name: 'metrics',
  countsHolds: true,
  async run(stand, timing) {
    await stand.addProducts(1, STOCK_MAX);
    const load = closedLoop({ script: 'holds.lua', args: [1] });
    const all = { service: [], without: [] };
    for (let start = 0; start < STARTS; start++) {
      const service = await stand.startService();
      const without = await stand.startService({ name: 'service-without', env: { METRICS_ENABLED: 'false' } });
      const contestants = [
        { name: 'service', server: service, load },
        { name: 'without', server: without, load },
      ];
      const inOrder = start % 2 === 0 ? contestants : contestants.reverse();
      const runs = await inTurns(stand, inOrder, { ...timing, seconds: Math.max(1, Math.round(timing.seconds / 2)) });
      for (const name of Object.keys(all)) all[name].push(...runs[name]);
      await service.end();
      await without.end();
    }
    const title = `one hot product with metrics ÷ with METRICS_ENABLED=false, ${STARTS} starts`;
    return { runs: all, figures: [atLeast(0.97, title, ratioOf(all, 'service', 'without'))] };
  },
};

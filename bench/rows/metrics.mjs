import { STOCK_MAX } from '../calls.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { overStarts, STARTS } from '../starts.mjs';
import { ratioOf } from '../turns.mjs';

/** What counting and timing everything costs the hot path. */
export const metrics = {
  name: 'metrics',
  countsHolds: true,
  async run(stand, timing) {
    await stand.addProducts(1, STOCK_MAX);
    const load = closedLoop({ script: 'holds.lua', args: [1] });
    const runs = await overStarts(stand, timing, load, { service: {}, without: { METRICS_ENABLED: 'false' } });
    const title = `one hot product with metrics ÷ with METRICS_ENABLED=false, ${STARTS} starts`;
    return { runs, figures: [atLeast(0.97, title, ratioOf(runs, 'service', 'without'))] };
  },
};

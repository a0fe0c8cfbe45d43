import { STOCK_MAX } from '../calls.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { inTurns, ratioOf } from '../turns.mjs';

/** Many short turns instead of a few long ones: what is looked for is smaller than how much the machine wanders. */
const MORE_TURNS = 4;

/** What counting and timing everything costs the hot path. */
export const metrics = {
  name: 'metrics',
  countsHolds: true,
  async run(stand, { rounds, seconds, warmUpSeconds }) {
    const service = await stand.startService();
    const without = await stand.startService({ name: 'service-without', env: { METRICS_ENABLED: 'false' } });
    await stand.addProducts(1, STOCK_MAX);
    const load = closedLoop({ script: 'holds.lua', args: [1] });
    const contestants = [
      { name: 'service', server: service, load },
      { name: 'without', server: without, load },
    ];
    const timing = { rounds: rounds * MORE_TURNS, seconds: Math.max(1, Math.round(seconds / 2)), warmUpSeconds };
    const runs = await inTurns(stand, contestants, timing);
    const title = 'one hot product with metrics ÷ with METRICS_ENABLED=false';
    return { runs, figures: [atLeast(0.97, title, ratioOf(runs, 'service', 'without'))] };
  },
};

import { callOnce } from '../stand.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop, onlyOfOneSize } from '../generator.mjs';
import { compared, holdCall } from '../calls.mjs';
import { ratioOf } from '../turns.mjs';

const STOCK = 10;

/** The units are all held, for longer than the row takes; each of the many late buyers is told so. */
export const soldOut = {
  name: 'soldout',
  countsHolds: true,
  async setUp(stand) {
    const env = { HOLD_TTL_SECONDS: '3600' };
    const service = await stand.startService({ env });
    const naive = await stand.startNaive();
    await stand.addProducts(1, STOCK);
    for (const server of [service, naive]) {
      await callOnce(server, { ...holdCall(1), body: { product_id: 1, quantity: STOCK } });
    }
    const echo = await stand.startEcho(service, [holdCall(1)]);
    const refusals = closedLoop({ script: 'holds.lua', args: [1], refusals: true });
    return compared({ service, echo, naive }, onlyOfOneSize(refusals));
  },
  figures: (runs) => [atLeast(0.9, 'sold-out answers ÷ echo', ratioOf(runs, 'service', 'echo'))],
};

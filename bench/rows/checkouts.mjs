import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { compared, holdCall, orderCall, signedNoticeCall, startAll } from '../calls.mjs';
import { ratioOf } from '../turns.mjs';

/** Hold, order and signed paid notice in sequence on each connection. Only finished checkouts count, times 3. */
export const checkouts = {
  name: 'checkouts',
  async setUp(stand) {
    const calls = [holdCall(1), orderCall, signedNoticeCall(stand.webhookKey)];
    const servers = await startAll(stand, { calls });
    const load = closedLoop({ script: 'checkout.lua', args: [1, stand.webhookKey] });
    return compared(servers, countingCheckouts(load));
  },
  figures: (runs) => [
    atLeast(0.5, 'full checkouts (hold, order, paid notice) a second × 3 ÷ echo', ratioOf(runs, 'service', 'echo')),
  ],
};

function countingCheckouts(load) {
  return async (...given) => {
    const run = await load(...given);
    return { ...run, perSecond: (run.counted * 3) / run.seconds, isHolds: false };
  };
}

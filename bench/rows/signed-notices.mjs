import { STOCK_MAX, holdCall, orderCall, signedNoticeCall } from '../calls.mjs';
import { addUnpaidOrders } from '../expiring-holds.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { ratioOf } from '../turns.mjs';

const CONNECTIONS = 256;
const ORDERS = 500_000;

/** Signed paid notices for orders of one product, each applied once. */
export const signedNotices = {
  name: 'notices',
  async setUp(stand) {
    const service = await stand.startService();
    await stand.addProducts(1, STOCK_MAX);
    const echo = await stand.startEcho(service, [holdCall(1), orderCall, signedNoticeCall(stand.webhookKey)]);
    const first = await addUnpaidOrders(stand.database, 1, ORDERS);
    const load = eachOrderOnce(stand.webhookKey, first);
    return [
      { name: 'service', server: service, load },
      { name: 'echo', server: echo, load },
    ];
  },
  figures: (runs) => [atLeast(0.35, 'signed paid notices, one product ÷ echo', ratioOf(runs, 'service', 'echo'))],
};

/** The service gets other orders in each run; the echo, for which they are all the same, gets them too. */
function eachOrderOnce(secret, first) {
  const next = new Map();
  return async (tools, server, seconds) => {
    const begin = next.get(server.name) ?? first;
    const load = closedLoop({ script: 'notices.lua', args: [secret, begin], connections: CONNECTIONS });
    const run = await load(tools, server, seconds);
    next.set(server.name, begin + run.counted);
    if (server.name === 'service' && begin + run.counted > first + ORDERS) throw new Error('Not enough unpaid orders');
    return { ...run, isHolds: false };
  };
}

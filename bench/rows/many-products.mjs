import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { compared, holdCall, startAll } from '../calls.mjs';
import { ratioOf } from '../turns.mjs';

const PRODUCTS = 1000;

/** A sale of many products, evenly sought, beside a sale of one. */
export const manyProducts = {
  name: 'many',
  countsHolds: true,
  async setUp(stand) {
    const servers = await startAll(stand, { products: PRODUCTS, calls: [holdCall(1)] });
    const [service, echo, naive] = compared(servers, closedLoop({ script: 'holds.lua', args: [1, PRODUCTS] }));
    const hot = { name: 'one product', server: servers.service, load: closedLoop({ script: 'holds.lua', args: [1] }) };
    return [service, hot, echo, naive];
  },
  figures: (runs) => [
    atLeast(0.85, '1,000 products evenly ÷ one hot product', ratioOf(runs, 'service', 'one product')),
  ],
};

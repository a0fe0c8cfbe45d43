import { STOCK_MAX } from '../calls.mjs';
import { atLeast, shown } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { knownBuyers, Shop } from '../shop.mjs';
import { ratioOf } from '../turns.mjs';

const CUSTOMERS = 100_000;
/** More than any of them reaches in a row, so that none is refused. */
const LIMIT = 1000;
const SIZES = 12;

/**
 * Customers under a limit of a product, and under one over a sale of twelve sizes, in turns with the same customers where
 * there is no limit, and with anonymous holds there. Each call may be its customer's first.
 */
export const customerLimits = {
  name: 'limits',
  countsHolds: true,
  async setUp(stand) {
    const shop = new Shop(stand);
    const server = await stand.startService({ env: shop.env });
    await stand.addProducts(2 + SIZES, STOCK_MAX);
    const sizes = Array.from({ length: SIZES }, (_, index) => 3 + index);
    await shop.change(server, 2, { max_per_customer: LIMIT });
    await shop.sell(server, { max_per_customer: LIMIT }, sizes);
    const customers = shop.writeTokens('HS256', CUSTOMERS);
    return [
      { name: 'anonymous', server, load: closedLoop({ script: 'holds.lua', args: [1] }) },
      { name: 'no limit', server, load: knownBuyers({ first: 1 }, customers) },
      { name: 'service', server, load: knownBuyers({ first: 2 }, customers) },
      { name: 'twelve sizes', server, load: knownBuyers({ first: 3, last: 2 + SIZES }, customers) },
    ];
  },
  figures: (runs) => [
    atLeast(0.75, 'a limit for each of 100,000 customers ÷ no limit', ratioOf(runs, 'service', 'no limit')),
    atLeast(0.9, 'twelve sizes under a limit over the sale ÷ one product', ratioOf(runs, 'twelve sizes', 'service')),
    shown('a limit for each of 100,000 customers ÷ anonymous', ratioOf(runs, 'service', 'anonymous')),
  ],
};

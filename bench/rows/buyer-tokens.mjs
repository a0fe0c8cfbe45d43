import { STOCK_MAX } from '../calls.mjs';
import { atLeast, shown } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { knownBuyers, newBuyers, Shop } from '../shop.mjs';
import { ratioOf } from '../turns.mjs';

/** Buyers that one instance remembers at once in this row; fewer than it can. */
const KNOWN = 10_000;

/** Holds with a buyer's token on each, in turns with anonymous ones, against the same service. */
export const buyerTokens = {
  name: 'tokens',
  countsHolds: true,
  async setUp(stand) {
    const shop = new Shop(stand);
    const server = await stand.startService({ env: shop.env });
    await stand.addProducts(1, STOCK_MAX);
    const known = knownBuyers({ first: 1 }, shop.writeTokens('HS256', KNOWN));
    return [
      { name: 'anonymous', server, load: closedLoop({ script: 'holds.lua', args: [1] }) },
      { name: 'first call', server, load: newBuyers(shop, { product: 1, alg: 'HS256', perSecondMax: 25_000 }) },
      { name: 'second call', server, load: known },
      { name: 'first call, ES256', server, load: newBuyers(shop, { product: 1, alg: 'ES256', perSecondMax: 10_000 }) },
    ];
  },
  figures: (runs) => [
    atLeast(0.75, "each buyer's first hold with a token (HS256) ÷ anonymous", ratioOf(runs, 'first call', 'anonymous')),
    atLeast(0.92, "each buyer's further holds with a token ÷ anonymous", ratioOf(runs, 'second call', 'anonymous')),
    shown("each buyer's first hold with a token (ES256) ÷ anonymous", ratioOf(runs, 'first call, ES256', 'anonymous')),
  ],
};

import { STOCK_MAX } from '../calls.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { Shop } from '../shop.mjs';
import { ratioOf } from '../turns.mjs';

/** Holds of a product in an open sale, in turns with one that is sold without, against the same service. */
export const openSale = {
  name: 'sale',
  countsHolds: true,
  async setUp(stand) {
    const shop = new Shop(stand);
    const server = await stand.startService();
    await stand.addProducts(2, STOCK_MAX);
    await shop.sell(server, { hold_seconds: 300, ends_at: new Date(Date.now() + 86_400_000).toISOString() }, [2]);
    return [
      { name: 'service', server, load: closedLoop({ script: 'holds.lua', args: [2] }) },
      { name: 'without a sale', server, load: closedLoop({ script: 'holds.lua', args: [1] }) },
    ];
  },
  figures: (runs) => [
    atLeast(0.97, 'holds of a product in an open sale ÷ without a sale', ratioOf(runs, 'service', 'without a sale')),
  ],
};

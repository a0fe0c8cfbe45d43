import { holdCall } from '../calls.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop, onlyOfOneSize } from '../generator.mjs';
import { Shop } from '../shop.mjs';
import { callOnce } from '../stand.mjs';
import { ratioOf } from '../turns.mjs';

const STOCK = 10;
/** As far away as keeps `Retry-After` at as many digits for as long as the row takes. */
const STARTS_IN_MS = 50 * 3_600_000;

/** Everybody asks before the start of a sale, in turns with everybody who asks once all is held. */
export const beforeTheStart = {
  name: 'early',
  countsHolds: true,
  async setUp(stand) {
    const shop = new Shop(stand);
    const server = await stand.startService({ env: { HOLD_TTL_SECONDS: '3600' } });
    await stand.addProducts(2, STOCK);
    await callOnce(server, { ...holdCall(1), body: { product_id: 1, quantity: STOCK } });
    await shop.sell(server, { starts_at: new Date(Date.now() + STARTS_IN_MS).toISOString() }, [2]);
    const refusals = (product) => onlyOfOneSize(closedLoop({ script: 'holds.lua', args: [product], refusals: true }));
    return [
      { name: 'service', server, load: refusals(2) },
      { name: 'sold out', server, load: refusals(1) },
    ];
  },
  figures: (runs) => [atLeast(1, 'refusals before the start ÷ sold-out answers', ratioOf(runs, 'service', 'sold out'))],
};

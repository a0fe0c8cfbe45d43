import { InsufficientStockError, UnitsOnTheirWayError } from '../../holds.errors.js';
import type { GrantRule } from '../grant-facts.js';

/** All units of the hold or none: what the holds before it in the batch took is gone. */
export const unitsAreLeft: GrantRule = {
  refuse({ product_id, qty }, { ledger, onTheirWay }) {
    const available = ledger.available(product_id)!;
    if (available >= qty) return null;
    const { show_stock } = ledger.product(product_id)!;
    return available + (onTheirWay.get(product_id) ?? 0) >= qty
      ? new UnitsOnTheirWayError(available, show_stock)
      : new InsufficientStockError(available, show_stock);
  },
  take({ product_id, qty }, { ledger }) {
    ledger.move({ productId: product_id, held: qty, sold: 0 });
  },
};

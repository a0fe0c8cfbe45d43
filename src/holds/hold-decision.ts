import { AMOUNT_MAX, amountOf } from '../common/money.js';
import { ValidationError } from '../common/problem.js';
import type { KeyedRequest } from '../idempotency/idempotency-key.js';
import { IdempotencyKeyReusedError } from '../idempotency/idempotency.errors.js';
import type { Recalled } from '../idempotency/idempotency.service.js';
import { ProductNotFoundError, ProductNotOnSaleError } from '../products/products.errors.js';
import type { StockLedger } from '../products/stock-ledger.js';
import { InsufficientStockError, UnitsOnTheirWayError } from './holds.errors.js';
import type { HoldRow, PricedHoldRow } from './holds.types.js';

/** A hold that is asked for. Its id is made once, so that a repeated transaction finds its own holds. */
export interface NewHold extends Pick<HoldRow, 'id' | 'product_id' | 'qty'> {
  readonly keyed: KeyedRequest | null;
}

/** What all holds of a batch get, and products of which units are on their way that can't be had yet. */
export interface GrantTerms {
  readonly expiresAt: string;
  readonly currency: string;
  readonly contended: ReadonlySet<number>;
}

/** Grants the hold, at the price of the locked row, if its units are left, and takes them out of the ledger. */
export function decideHold(hold: NewHold, ledger: StockLedger, terms: GrantTerms): PricedHoldRow | Error {
  const { expiresAt, currency, contended } = terms;
  const unit_price = ledger.price(hold.product_id);
  if (unit_price === undefined) return new ProductNotFoundError(hold.product_id);
  if (ledger.isArchived(hold.product_id)) return new ProductNotOnSaleError(hold.product_id);
  const available = ledger.available(hold.product_id)!;
  if (available < hold.qty) {
    return contended.has(hold.product_id) ? new UnitsOnTheirWayError(available) : new InsufficientStockError(available);
  }
  const { id, product_id, qty } = hold;
  const amount = amountOf(unit_price, qty);
  if (amount === null) return tooDear();
  ledger.move({ productId: product_id, held: qty, sold: 0 });
  const price = { unit_price, amount, currency };
  return { id, product_id, qty, ...price, expires_at: expiresAt, used: false, released: false, is_expired: false };
}

/** The limit on units has been raised since the price was allowed. */
function tooDear(): ValidationError {
  const message = `so many units cost more than ${AMOUNT_MAX}; hold fewer`;
  return new ValidationError(`The body is not valid: quantity: ${message}.`, [{ field: 'quantity', message }]);
}

/** The hold as it was when it was made, which is what its first answer said. */
export function toEarlier(
  { id }: NewHold,
  recalled: Recalled | undefined,
  rows: ReadonlyMap<string, PricedHoldRow>,
): [string, PricedHoldRow | Error][] {
  if (recalled instanceof Error) return [[id, recalled]];
  const row = rows.get(recalled ?? id);
  if (row !== undefined) return [[id, { ...row, used: false, released: false, is_expired: false }]];
  // Keys are deleted before what they made, so a key without its hold is not to be expected.
  return recalled === undefined ? [] : [[id, new IdempotencyKeyReusedError()]];
}

import type { KeyedRequest, StoredKey } from '../idempotency/idempotency-key.js';
import { IdempotencyKeyReusedError } from '../idempotency/idempotency.errors.js';
import type { Recalled } from '../idempotency/idempotency.service.js';
import { ProductNotFoundError } from '../products/products.errors.js';
import type { StockLedger } from '../products/stock-ledger.js';
import { InsufficientStockError, UnitsOnTheirWayError } from './holds.errors.js';
import type { HoldRow } from './holds.types.js';

/** A hold that is asked for. Its id is made once, so that a repeated transaction finds its own holds. */
export interface NewHold extends Pick<HoldRow, 'id' | 'product_id' | 'qty'> {
  readonly keyed: KeyedRequest | null;
}

/** Grants the hold if its units are left, and takes them out of the ledger. */
export function decideHold(
  hold: NewHold,
  ledger: StockLedger,
  expiresAt: string,
  contended: Set<number>,
): HoldRow | Error {
  const available = ledger.available(hold.product_id);
  if (available === undefined) return new ProductNotFoundError(hold.product_id);
  if (available < hold.qty) {
    return contended.has(hold.product_id) ? new UnitsOnTheirWayError(available) : new InsufficientStockError(available);
  }
  ledger.move({ productId: hold.product_id, held: hold.qty, sold: 0 });
  const { id, product_id, qty } = hold;
  return { id, product_id, qty, expires_at: expiresAt, used: false, released: false, is_expired: false };
}

/** The hold as it was when it was made, which is what its first answer said. */
export function toEarlier(
  { id }: NewHold,
  recalled: Recalled | undefined,
  rows: ReadonlyMap<string, HoldRow>,
): [string, HoldRow | Error][] {
  if (recalled instanceof Error) return [[id, recalled]];
  const row = rows.get(recalled ?? id);
  if (row !== undefined) return [[id, { ...row, used: false, released: false, is_expired: false }]];
  // Keys are deleted before what they made, so a key without its hold is not to be expected.
  return recalled === undefined ? [] : [[id, new IdempotencyKeyReusedError()]];
}

export function toStoredKey({ id, keyed }: NewHold): StoredKey[] {
  return keyed === null ? [] : [{ ...keyed, reference: id }];
}

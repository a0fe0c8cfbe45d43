import type { Caller } from '../access/caller.js';

export type HoldStatus = 'active' | 'used' | 'released';

/** A hold as the database knows it; times are UTC as the database prints them. */
export interface HoldRow {
  readonly id: string;
  readonly product_id: number;
  readonly qty: number;
  readonly expires_at: string;
  readonly used: boolean;
  readonly released: boolean;
  /** Whose it is, as the shop calls him; null: of whoever knows its id. */
  readonly customer_id: string | null;
  /** Whether `expires_at` has passed, by the database's clock. */
  readonly is_expired: boolean;
}

/** A hold with its price, which is fixed when it is made. */
export interface PricedHoldRow extends HoldRow {
  /** The product's, as it is now; null where it has none. */
  readonly sku: string | null;
  /** Decimal string, such as "99.99". */
  readonly unit_price: string;
  /** Of all its units; null where no order can say so much, of a hold that was made before its price was kept. */
  readonly amount: string | null;
  /** That of the product when the hold was made. */
  readonly currency: string;
  /** The sale under which it was made. */
  readonly sale_id: number | null;
  /** How often it may still be extended, by the terms of its sale. */
  readonly extensions_left: number;
}

/** A hold that is locked for a decision about it, with what its sale says now. */
export interface LockedHoldRow extends PricedHoldRow {
  /** The database's time once all locks were granted. */
  readonly now: string;
  /** How long holds last; null: HOLD_TTL_SECONDS. */
  readonly hold_seconds: number | null;
  /** How long after it was made its order is due; null: ORDER_PAYMENT_TTL_SECONDS. */
  readonly payment_seconds: number | null;
  /** How long a payment that takes days keeps its order; null: PROCESSING_SECONDS. */
  readonly processing_seconds: number | null;
  readonly has_sale_ended: boolean;
}

export interface HoldRequest {
  /** Null where its SKU says it. */
  readonly productId: number | null;
  /** Null where its number says it. */
  readonly sku: string | null;
  readonly quantity: number;
  readonly caller: Caller;
  /** Repeated with the same key, the request gets the same hold. */
  readonly idempotencyKey?: string | undefined;
}

/**
 * The states of a hold:
 *
 *     active (used 0, released 0) ── order made ──► used (1, 0) ── order cancelled ──► released (1, 1)
 *       └────────── expired or given back ──► released (0, 1)
 *
 * An expired hold counts as released from the instant of its expiry, whoever clears it up and when.
 */
export function statusOf(hold: Pick<HoldRow, 'used' | 'released' | 'is_expired'>): HoldStatus {
  if (hold.released) return 'released';
  if (hold.used) return 'used';
  return hold.is_expired ? 'released' : 'active';
}

/**
 * Whether a caller may read, order and give back the hold: its buyer may, and of one that has none whoever knows it.
 * Operators may make only the calls that are open to them.
 */
export function isOf({ customer_id }: Pick<HoldRow, 'customer_id'>, { kind, buyer }: Caller): boolean {
  return customer_id === null || customer_id === buyer?.customerId || kind === 'operator';
}

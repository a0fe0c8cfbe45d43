import type { PricedHoldRow } from '../holds/holds.types.js';

export type OrderStatus = 'pending_payment' | 'paid' | 'cancelled' | 'refund_due' | 'refunded';

export const ORDER_STATUSES: readonly OrderStatus[] = [
  'pending_payment',
  'paid',
  'cancelled',
  'refund_due',
  'refunded',
];

export type CancelReason = 'payment_failed' | 'payment_expired' | 'buyer' | 'operator';

/** An order as the database knows it; times are UTC as the database prints them. */
export interface OrderRow {
  readonly id: number;
  readonly hold_id: string;
  readonly status: OrderStatus;
  readonly cancel_reason: CancelReason | null;
  /** Decimal string, such as "99.99". */
  readonly amount: string;
  readonly payment_due_at: string;
  readonly created_at: string;
  /** The provider's number of the payment that paid it; null while it is not paid. */
  readonly paid_transaction_id: string | null;
}

/** The state that an order is made in. */
export type FirstStatus = 'pending_payment' | 'paid';

export interface NewOrder {
  readonly holdId: string;
  readonly amount: string;
  readonly status: FirstStatus;
  readonly quantitySold: number;
  /** The sale under which its hold was made. */
  readonly saleId: number | null;
  /** How long after it was made it is due. */
  readonly paymentSeconds: number;
}

/** An order with what its hold reserves. */
export interface StockedOrderRow extends OrderRow {
  readonly product_id: number;
  readonly qty: number;
  /** Whose its hold is; null: nobody's that is known. */
  readonly customer_id: string | null;
}

/** A decision about a locked order: the state it goes to. */
export type Settlement = { readonly order: StockedOrderRow } & SettledState;

export type SettledState =
  | { readonly to: 'paid'; readonly transactionId: string }
  | { readonly to: 'cancelled'; readonly reason: CancelReason }
  | { readonly to: 'refund_due' | 'refunded' };

export interface CreatedOrder {
  readonly order: OrderRow;
  readonly hold: Pick<PricedHoldRow, 'product_id' | 'qty' | 'currency'>;
}

export interface HoldWithOrder {
  readonly hold: PricedHoldRow;
  readonly order: OrderRow | null;
}

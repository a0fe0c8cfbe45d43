import type { Caller } from '../access/caller.js';
import { isSameAmount } from '../common/money.js';
import type { EventData, EventType } from '../events/events.types.js';
import type { PricedHoldRow } from '../holds/holds.types.js';
import type { Payment, PaymentWish } from '../payment-sessions/payment-sessions.types.js';
import type { Adjustment } from './adjustments.js';

export type OrderStatus = 'pending_payment' | 'paid' | 'cancelled' | 'refund_due' | 'refunded';

export const ORDER_STATUSES: readonly OrderStatus[] = [
  'pending_payment',
  'paid',
  'cancelled',
  'refund_due',
  'refunded',
];

export type CancelReason = 'payment_failed' | 'payment_expired' | 'buyer' | 'operator';

/** Who sent a reference: what a buyer's browser sends is not to be believed. */
export type ReferenceBy = 'buyer' | 'shop';

/** What the shop knows an order by, told with it: nothing here depends on it. */
export interface OrderTags {
  /** The shop's own number of it; compared exactly, and not unique. */
  readonly reference: string | null;
  /** Null without a reference. */
  readonly reference_by: ReferenceBy | null;
  readonly metadata: Readonly<Record<string, string>> | null;
}

/** The same as its columns have it: bytes of UTF-8. */
export type RawTags = Pick<OrderTags, 'reference_by'> & {
  readonly reference: Buffer | null;
  readonly metadata: Buffer | null;
};

export function tagsFrom({ reference, reference_by, metadata }: RawTags): OrderTags {
  return {
    reference: reference && reference.toString(),
    reference_by,
    metadata: metadata && (JSON.parse(metadata.toString()) as OrderTags['metadata']),
  };
}

/** A payment that the shop took itself. */
interface TakenByShop {
  /** The shop's number of it, or its provider's. */
  readonly transactionId: string;
  /** Decimal string. */
  readonly amount: string;
  readonly currency: string;
}

/** What a trusted caller says of an order's money. */
export interface OrderMoney {
  readonly adjustments: readonly Adjustment[];
  /** Null: it is still to be paid. */
  readonly paid: TakenByShop | null;
}

/** A request for the order of a hold. */
export interface WantedOrder extends Pick<OrderTags, 'reference' | 'metadata'> {
  readonly holdId: string;
  readonly caller: Caller;
  /** How its buyer wants to pay; null: the shop sees to it. */
  readonly payment: PaymentWish | null;
  /** Null: the price of its units is due. */
  readonly money: OrderMoney | null;
  /** Repeated with the same key, the request gets the same order. */
  readonly idempotencyKey?: string | undefined;
}

/** An order as the database knows it; times are UTC as the database prints them. */
export interface OrderRow {
  readonly id: number;
  readonly hold_id: string;
  readonly status: OrderStatus;
  readonly cancel_reason: CancelReason | null;
  /** Decimal string, such as "99.99". */
  readonly amount: string;
  /** ISO 4217 code: that of its hold. */
  readonly currency: string;
  readonly payment_due_at: string;
  /** What ends it by the clock; null: `payment_due_at`. */
  readonly due_at: string | null;
  /** For how long a payment that takes days keeps it once it is under way, in seconds; null: not at all. */
  readonly processing_seconds: number | null;
  /** Since when such a payment is under way. */
  readonly processing_at: string | null;
  readonly created_at: string;
  /** The provider's number of the payment that paid it; null while it is not paid. */
  readonly paid_transaction_id: string | null;
  /** How often it has changed, its making included. */
  readonly version: number;
  /** Who makes what its buyer pays by; null: the shop does, and there is no session of it. */
  readonly payment_provider: string | null;
}

/** An order with what its buyer calls what is bought. */
export interface NamedOrderRow extends OrderRow {
  readonly qty: number;
  readonly product_name: string;
}

/** An order past its deadline whose provider is asked: until `due_at` by one process alone. */
export type ClaimedOrderRow = Pick<OrderRow, 'id' | 'hold_id' | 'amount' | 'due_at'>;

/** An order with all that its answers tell. */
export interface TaggedOrderRow extends OrderRow, OrderTags {
  readonly adjustments: readonly Adjustment[];
}

/** What all answers tell of an order, with what it is of. */
export interface OrderFactsRow
  extends
    Pick<TaggedOrderRow, 'id' | 'hold_id' | 'status' | 'amount' | 'currency' | 'payment_due_at' | 'created_at'>,
    Pick<TaggedOrderRow, keyof OrderTags | 'adjustments'>,
    Pick<PricedHoldRow, 'product_id' | 'sku' | 'qty' | 'unit_price' | 'sale_id' | 'customer_id'> {}

/** What the shop wrote to an order, in words of its own. */
export type ShopTexts = Pick<TaggedOrderRow, 'reference' | 'metadata' | 'adjustments'>;

/** The state that an order is made in. */
export type FirstStatus = 'pending_payment' | 'paid';

export interface NewOrder extends OrderTags {
  readonly holdId: string;
  readonly adjustments: readonly Adjustment[];
  /** Of one that the shop was paid for. */
  readonly paidTransactionId: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly status: FirstStatus;
  readonly version: number;
  readonly quantitySold: number;
  /** The sale under which its hold was made. */
  readonly saleId: number | null;
  /** How long after it was made it is due. */
  readonly paymentSeconds: number;
  /** For how long a payment that takes days keeps it. */
  readonly processingSeconds: number;
  readonly paymentProvider: string | null;
}

/** An order with what its hold reserves. */
export interface StockedOrderRow extends OrderRow {
  readonly product_id: number;
  readonly qty: number;
  /** Whose its hold is; null: nobody's that is known. */
  readonly customer_id: string | null;
}

/** SQL of the units of an order `o` with its hold `h` that count as sold. */
export const QUANTITY_SOLD = "CAST(COALESCE(o.quantity_sold, IF(o.status = 'paid', h.qty, 0)) AS SIGNED)";

/**
 * SQL of the price of a unit of an order `o` with its hold `h`. Where the hold has no price of its own, the order was made
 * of it before there was anything else to pay.
 */
export const UNIT_PRICE = 'CAST(COALESCE(h.unit_price, o.amount / h.qty) AS DECIMAL(15,3))';

/** A locked order of which units may come back. */
export interface ReturnableOrderRow extends StockedOrderRow {
  readonly quantity_sold: number;
  /** What one of its units costs. */
  readonly unit_price: string;
  /** How many returns there were of it before. */
  readonly return_count: number;
}

/** Units of a locked order that come back: into what is available, or, without `isRestocked`, out of the stock. */
export interface ReturnedUnits {
  readonly order: ReturnableOrderRow;
  /** At most what counts as sold; 0 where only money goes back. */
  readonly quantity: number;
  readonly isRestocked: boolean;
}

/** A payment of a locked order that takes days: since when it is under way, as the database prints it; null: now. */
export interface UnderWay {
  readonly order: StockedOrderRow;
  readonly since: string | null;
}

/** A decision about a locked order: the state it goes to. */
export type Settlement = { readonly order: StockedOrderRow } & SettledState;

export type SettledState =
  | { readonly to: 'paid'; readonly transactionId: string }
  | { readonly to: 'cancelled'; readonly reason: CancelReason }
  | { readonly to: 'refund_due' | 'refunded' };

/**
 * Whether it was paid as it was made, since it cost nothing or the shop had the money: only such an order is due at the
 * instant at which it was made.
 */
export function wasPaidWhenMade({
  amount,
  payment_due_at,
  created_at,
}: Pick<OrderRow, 'amount' | 'payment_due_at' | 'created_at'>): boolean {
  return payment_due_at === created_at || isSameAmount(amount, '0');
}

/** Whether it was paid once, whatever has become of its money and its units since. */
export function wasPaid({ status, paid_transaction_id }: Pick<OrderRow, 'status' | 'paid_transaction_id'>): boolean {
  return status === 'paid' || paid_transaction_id !== null;
}

/** What happened to a locked order that changes nothing of it but how often it has changed. */
export interface OrderNews {
  readonly order: StockedOrderRow;
  readonly type: EventType;
  /** What its event shows beside the order. */
  readonly data: EventData;
}

export interface CreatedOrder {
  /** In the state that it was made in; all else is as it is now. */
  readonly order: TaggedOrderRow;
  /** Whether an earlier request with its key made it. */
  readonly isRecalled: boolean;
  /** As it is when the order is made; null where the shop makes the payment by itself, or there is nothing to pay. */
  readonly payment: Payment | null;
  readonly hold: Pick<PricedHoldRow, 'product_id' | 'sku' | 'qty' | 'unit_price'>;
}

export interface HoldWithOrder {
  readonly hold: PricedHoldRow;
  readonly order: TaggedOrderRow | null;
  /** Null where the shop makes the payment by itself. */
  readonly payment: Payment | null;
}

import type { Act } from '../access/operator.js';
import type { OrderStatus } from '../orders/orders.types.js';
import type { PaymentEvent } from '../payment-providers/payment-provider.js';

/**
 * Where a payment event stands: `processed` it is settled; `pending_order` it waits for its order; `unmatched` it has
 * waited too long; `review` its money does not fit its order, and the operator decides.
 */
export type WebhookLogStatus = 'processed' | 'pending_order' | 'unmatched' | 'review';

export const WEBHOOK_LOG_STATUSES: readonly WebhookLogStatus[] = ['processed', 'pending_order', 'unmatched', 'review'];

/** What a payment event did: changed something, nothing, or nothing until the operator has looked at it. */
export type PaymentResult = 'applied' | 'ignored' | 'review';

/** The answer to a notice. */
export type PaymentAnswer =
  | {
      readonly result: PaymentResult | 'duplicate';
      /** Null when the payment event names no order. */
      readonly orderId: number | null;
      readonly orderStatus: OrderStatus | null;
    }
  | { readonly result: 'pending_order' };

/** A payment event as it is kept. */
export interface WebhookLogRow extends NoticeVerdict {
  readonly id: number;
  readonly idempotency_key: string;
  readonly event: PaymentEvent;
  readonly payload_hash: string;
  /** Times are UTC as the database prints them. */
  readonly created_at: string;
  readonly processed_at: string | null;
}

/** What is written about a payment event once it is decided. */
export interface NoticeVerdict {
  readonly status: WebhookLogStatus;
  readonly outcome: PaymentResult | null;
  /** Why the payment event did not do what it says; null when it did. */
  readonly reason: string | null;
  /** The order that it is for, or waits for; null for what is not ours, whatever number it names. */
  readonly order_id: number | null;
  readonly order_status: OrderStatus | null;
}

/**
 * Why a notice is handed in: it has come; the operator wants it decided anew; or the operator wants its
 * money owed back, whatever becomes of its order, or taken for what is due.
 */
export type Intent = 'arrival' | 'replay' | 'refund' | 'accept';

/** A notice that is to be decided: what it says, and how it is found again. */
export interface Notice {
  readonly event: PaymentEvent;
  /** Names the payment event in the log, among those of all providers. */
  readonly key: string;
  /** Names it where another payment event has its key; null where the sender chose the key, and answers for it. */
  readonly otherKey: string | null;
  /** SHA-256 of what the payment event says, in hexadecimal. */
  readonly hash: string;
  readonly intent: Intent;
  /** Of the operator who hands it in; null for what comes by itself. */
  readonly act: Act | null;
}

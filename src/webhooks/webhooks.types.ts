import type { OrderStatus } from '../orders/orders.types.js';

/** What a provider says happened to a payment, in our words. */
export interface PaymentEvent {
  /** Names the event: the same key never has a second effect. At most 255 visible ASCII characters. */
  readonly key: string;
  readonly orderId: number;
  readonly status: 'success' | 'failed';
  readonly transactionId: string;
  /** Decimal string, when the provider tells it. */
  readonly amount: string | null;
  /** ISO 4217 code, when the provider tells it. */
  readonly currency: string | null;
}

export type WebhookLogStatus = 'processed' | 'pending_order';

/** What an event did: changed the order, or nothing. */
export type PaymentResult = 'applied' | 'ignored';

/** The answer to a notice. */
export type PaymentAnswer =
  | { readonly result: PaymentResult | 'duplicate'; readonly orderId: number; readonly orderStatus: OrderStatus }
  | { readonly result: 'pending_order' };

/** An event as it is kept. */
export interface WebhookLogRow {
  readonly id: number;
  readonly idempotency_key: string;
  readonly event: PaymentEvent;
  readonly payload_hash: string;
  readonly status: WebhookLogStatus;
  readonly outcome: PaymentResult | null;
  readonly order_status: OrderStatus | null;
}

/** What is written about an event once it is decided. */
export interface WebhookVerdict {
  readonly status: WebhookLogStatus;
  readonly outcome: PaymentResult | null;
  readonly reason: string | null;
  readonly order_status: OrderStatus | null;
}

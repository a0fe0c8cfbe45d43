import { IsIn, IsInt, IsString } from 'class-validator';
import { inCurrency } from '../../common/money.js';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, nullable, TEXT_OR_NULL } from '../../http/json-schema.js';
import { pageOf } from '../../http/page.js';
import { isoTime, isoTimeOrNull } from '../../database/sql.js';
import { ORDER_STATUSES, type OrderStatus } from '../../orders/orders.types.js';
import {
  type PaymentResult,
  WEBHOOK_LOG_STATUSES,
  type WebhookLogRow,
  type WebhookLogStatus,
} from '../webhooks.types.js';

/** A payment event as the operator sees it. */
export class PaymentEventDto {
  @IsInt()
  id!: number;

  @IsString()
  provider!: string;

  @IsString()
  event_id!: string;

  /** The provider's own word for what happened. */
  @IsString()
  type!: string;

  /** The order that it is for; null for what is not ours, whatever its metadata says. */
  @Described(() => ({ type: ['integer', 'null'] }))
  order_id!: number | null;

  @IsString()
  transaction_id!: string;

  @Described(() => TEXT_OR_NULL)
  amount!: string | null;

  @Described(() => TEXT_OR_NULL)
  currency!: string | null;

  @IsIn(WEBHOOK_LOG_STATUSES as WebhookLogStatus[])
  status!: WebhookLogStatus;

  @Described(() => ({ type: ['string', 'null'], enum: ['applied', 'ignored', 'review', null] }))
  outcome!: PaymentResult | null;

  /** Why it did not do what it says; null when it did. */
  @Described(() => TEXT_OR_NULL)
  reason!: string | null;

  /** The order right after the payment event was settled. */
  @Described(() => ({ type: ['string', 'null'], enum: [...ORDER_STATUSES, null] }))
  order_status!: OrderStatus | null;

  /** By the provider's clock. */
  @Described(() => TEXT_OR_NULL)
  occurred_at!: string | null;

  @Described(() => DATE_TIME)
  received_at!: string;

  @Described(() => nullable(DATE_TIME))
  processed_at!: string | null;

  /** The order's payment_reference, where the payment event has one that can be read. */
  @Described(() => TEXT_OR_NULL)
  payment_reference!: string | null;

  /** The provider's account whose payment it is, when it tells it. */
  @Described(() => TEXT_OR_NULL)
  account!: string | null;

  /** What the shop, or another one, has written to the payment. */
  @Described(() => ({ type: ['object', 'null'], additionalProperties: true }))
  metadata!: Readonly<Record<string, unknown>> | null;
}

export class PaymentEventPageDto extends pageOf(PaymentEventDto) {}

export function toPaymentEventDto({ event, ...log }: WebhookLogRow): PaymentEventDto {
  return {
    id: log.id,
    provider: event.provider,
    event_id: event.eventId,
    type: event.type,
    order_id: log.order_id,
    transaction_id: event.transactionId,
    amount: event.amount === null ? null : inCurrency(event.amount, event.currency ?? ''),
    currency: event.currency,
    status: log.status,
    outcome: log.outcome,
    reason: log.reason,
    order_status: log.order_status,
    occurred_at: event.occurredAt,
    received_at: isoTime(log.created_at),
    processed_at: isoTimeOrNull(log.processed_at),
    payment_reference: event.reference ?? null,
    account: event.account ?? null,
    metadata: event.metadata ?? null,
  };
}

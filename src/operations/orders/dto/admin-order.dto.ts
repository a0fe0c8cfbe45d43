import { IsInt, IsString, Min } from 'class-validator';
import { Described } from '../../../http/described.decorator.js';
import { DATE_TIME, nullable, schemaOf, TEXT_OR_NULL } from '../../../http/json-schema.js';
import { pageOf } from '../../../http/page.js';
import { isoTime } from '../../../database/sql.js';
import { CANCEL_REASONS, OrderFactsDto, toOrderFactsDto } from '../../../orders/dto/order.dto.js';
import type { CancelReason } from '../../../orders/orders.types.js';
import { DISPUTE_STATUSES, type DisputeStatus } from '../../../payment-providers/payment-provider.js';
import { RefundDto, toRefundDto } from '../../../refunds/dto/refund.dto.js';
import { PaymentEventDto, toPaymentEventDto } from '../../../webhooks/dto/payment-event.dto.js';
import type { OrderDetail, OrderPayment, OrderView } from '../order-list.types.js';

/** What paid an order. */
class OrderPaymentDto {
  @IsString()
  provider!: string;

  @IsString()
  transaction_id!: string;

  /** Null when nobody has told. */
  @Described(() => TEXT_OR_NULL)
  amount!: string | null;

  @Described(() => TEXT_OR_NULL)
  currency!: string | null;

  /** What of it has gone back. */
  @IsString()
  amount_refunded!: string;

  /** When it was told that its buyer disputes it at the bank. */
  @Described(() => nullable(DATE_TIME))
  disputed_at!: string | null;

  /** `closed`: the bank asked, and it came to no dispute. Null where nobody has told. */
  @Described(() => ({ type: ['string', 'null'], enum: [...DISPUTE_STATUSES, null] }))
  dispute_status!: DisputeStatus | null;

  /** The provider's word. */
  @Described(() => TEXT_OR_NULL)
  dispute_reason!: string | null;
}

/** An order as operators see it. */
export class AdminOrderDto extends OrderFactsDto {
  @Described(() => ({ type: ['string', 'null'], enum: [...CANCEL_REASONS, null] }))
  cancel_reason!: CancelReason | null;

  @IsString()
  product_name!: string;

  /** Units that count as sold: all once it is paid, less those that were returned. */
  @IsInt()
  @Min(0)
  quantity_sold!: number;

  /** The shop's own name of the buyer; null of an order without one. */
  @Described(() => TEXT_OR_NULL)
  customer_id!: string | null;

  @Described(() => ({ type: ['integer', 'null'] }))
  sale_id!: number | null;

  /** Null while nothing has paid it. */
  @Described(() => nullable(schemaOf(OrderPaymentDto)))
  payment!: OrderPaymentDto | null;

  @Described(() => DATE_TIME)
  created_at!: string;

  @Described(() => DATE_TIME)
  updated_at!: string;
}

export class AdminOrderPageDto extends pageOf(AdminOrderDto) {}

/** An order with all that happened to it. */
export class AdminOrderDetailDto extends AdminOrderDto {
  /** What payment providers told of it, oldest first, 100 at most. */
  @Described(() => ({ type: 'array', items: schemaOf(PaymentEventDto) }))
  events!: PaymentEventDto[];

  /** Oldest first, 100 at most. */
  @Described(() => ({ type: 'array', items: schemaOf(RefundDto) }))
  refunds!: RefundDto[];
}

export function toAdminOrderDto(order: OrderView): AdminOrderDto {
  return {
    ...toOrderFactsDto({ order, hold: order }),
    cancel_reason: order.cancel_reason,
    product_name: order.product_name,
    quantity_sold: order.quantity_sold,
    customer_id: order.customer_id,
    sale_id: order.sale_id,
    payment: order.payment && toOrderPaymentDto(order.payment),
    created_at: isoTime(order.created_at),
    updated_at: isoTime(order.updated_at),
  };
}

export function toAdminOrderDetailDto({ order, events, refunds }: OrderDetail): AdminOrderDetailDto {
  return {
    ...toAdminOrderDto(order),
    events: events.map(toPaymentEventDto),
    refunds: refunds.map(toRefundDto),
  };
}

function toOrderPaymentDto(payment: OrderPayment): OrderPaymentDto {
  const { provider, transactionId: transaction_id, amount, currency, amountRefunded: amount_refunded } = payment;
  const { disputedAt, disputeStatus: dispute_status, disputeReason: dispute_reason } = payment;
  const dispute = { disputed_at: disputedAt && isoTime(disputedAt), dispute_status, dispute_reason };
  return { provider, transaction_id, amount, currency, amount_refunded, ...dispute };
}

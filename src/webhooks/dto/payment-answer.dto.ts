import { IsIn } from 'class-validator';
import { Described } from '../../http/described.decorator.js';
import { ORDER_STATUSES, type OrderStatus } from '../../orders/orders.types.js';
import type { PaymentAnswer } from '../webhooks.types.js';

export class PaymentAnswerDto {
  @IsIn(['applied', 'duplicate', 'ignored', 'review'])
  result!: 'applied' | 'duplicate' | 'ignored' | 'review';

  /** Null when the payment event names no order. */
  @Described(() => ({ type: ['integer', 'null'] }))
  order_id!: number | null;

  /** The order right after the notice; null when there is none. */
  @Described(() => ({ type: ['string', 'null'], enum: [...ORDER_STATUSES, null] }))
  order_status!: OrderStatus | null;
}

export class PendingPaymentDto {
  @IsIn(['pending_order'])
  result!: 'pending_order';
}

export function toAnswerDto(answer: PaymentAnswer): PaymentAnswerDto | PendingPaymentDto {
  return answer.result === 'pending_order'
    ? { result: answer.result }
    : { result: answer.result, order_id: answer.orderId, order_status: answer.orderStatus };
}

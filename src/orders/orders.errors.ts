import { DomainError } from '../common/problem.js';
import type { OrderRow } from './orders.types.js';

export class HoldAlreadyUsedError extends DomainError {
  constructor(orderId: number) {
    super('HOLD_ALREADY_USED', `Order ${orderId} was made of this hold; a hold is used once.`, { order_id: orderId });
  }
}

export class OrderAlreadyPaidError extends DomainError {
  constructor() {
    super('ORDER_ALREADY_PAID', 'The order of this hold is paid, so its units can not be given back.');
  }
}

export class PaymentNotPossibleError extends DomainError {
  constructor(order: OrderRow | null) {
    const why = order?.status === 'pending_payment' ? 'was made without a payment' : `is ${order?.status}`;
    super('PAYMENT_NOT_POSSIBLE', order === null ? 'The hold has no order.' : `The order ${why}.`);
  }
}

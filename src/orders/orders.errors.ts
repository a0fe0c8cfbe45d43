import { DomainError } from '../common/problem.js';
import type { OrderRow } from './orders.types.js';

export class HoldAlreadyUsedError extends DomainError {
  constructor(orderId: number) {
    super('HOLD_ALREADY_USED', `Order ${orderId} was made of this hold; a hold is used once.`, { order_id: orderId });
  }
}

export class OrderNotFoundError extends DomainError {
  constructor(id: number) {
    super('ORDER_NOT_FOUND', `There is no order ${id}; GET /api/admin/orders lists them.`);
  }
}

export class OrderAlreadyPaidError extends DomainError {
  constructor() {
    super('ORDER_ALREADY_PAID', 'The order is paid: its units can not be given back any more, only be returned.');
  }
}

export class AdjustmentsNotTrustedError extends DomainError {
  constructor() {
    super(
      'ADJUSTMENTS_NOT_TRUSTED',
      'Only a key with the scope `sell` or `orders` may say what an order costs beside its units.',
    );
  }
}

export class AmountMismatchError extends DomainError {
  constructor(amount: string, currency: string) {
    super('AMOUNT_MISMATCH', `What was paid is not what is due: ${amount} ${currency}.`, { amount });
  }
}

export class PaymentAlreadyUsedError extends DomainError {
  constructor() {
    super('PAYMENT_ALREADY_USED', 'A payment with this `transaction_id` is known: a payment pays one order.');
  }
}

export class PaymentNotPossibleError extends DomainError {
  constructor(order: OrderRow | null) {
    const why = order?.status === 'pending_payment' ? 'was made without a payment' : `is ${order?.status}`;
    super('PAYMENT_NOT_POSSIBLE', order === null ? 'The hold has no order.' : `The order ${why}.`);
  }
}

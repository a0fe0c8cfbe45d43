import { DomainError } from '../common/problem.js';
import type { OrderStatus } from '../orders/orders.types.js';
import type { RefundStatus } from './refunds.types.js';

export class RefundNotFoundError extends DomainError {
  constructor(id: number) {
    super('REFUND_NOT_FOUND', `There is no refund ${id}; GET /api/admin/refunds lists them.`);
  }
}

export class OrderNotPaidError extends DomainError {
  constructor(status: OrderStatus) {
    super('ORDER_NOT_PAID', `The order is ${status} and was never paid; POST /api/admin/orders/{id}/cancel ends it.`);
  }
}

export class NothingToReturnError extends DomainError {
  constructor() {
    super('NOTHING_TO_RETURN', 'All units of the order have come back.');
  }
}

export class QuantityNotReturnableError extends DomainError {
  constructor(returnable: number) {
    super('QUANTITY_NOT_RETURNABLE', `Of the order ${returnable} can be returned by now.`, { returnable });
  }
}

export class RefundNotSendableError extends DomainError {
  constructor(provider: string) {
    super(
      'REFUND_NOT_SENDABLE',
      `Nothing can be sent through "${provider}" here; give the money back by other means and call mark-sent.`,
    );
  }
}

export class RefundNotPossibleError extends DomainError {
  constructor(from: RefundStatus, to: RefundStatus) {
    super('REFUND_STATUS_CONFLICT', `The refund is ${from}; it can not become ${to}.`);
  }
}

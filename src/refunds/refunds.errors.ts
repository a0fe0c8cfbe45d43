import { DomainError } from '../common/problem.js';
import type { RefundStatus } from './refunds.types.js';

export class RefundNotFoundError extends DomainError {
  constructor(id: number) {
    super('REFUND_NOT_FOUND', `There is no refund ${id}; GET /api/admin/refunds lists them.`);
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

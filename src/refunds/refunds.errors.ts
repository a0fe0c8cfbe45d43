import { DomainError } from '../common/problem.js';
import type { RefundStatus } from './refunds.types.js';

export class RefundNotFoundError extends DomainError {
  constructor(id: number) {
    super('REFUND_NOT_FOUND', `There is no refund ${id}; GET /api/admin/refunds lists them.`);
  }
}

export class RefundNotPossibleError extends DomainError {
  constructor(from: RefundStatus, to: RefundStatus) {
    super('REFUND_STATUS_CONFLICT', `The refund is ${from}; it can not become ${to}.`);
  }
}

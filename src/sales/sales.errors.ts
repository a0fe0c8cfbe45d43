import { DomainError } from '../common/problem.js';

export class SaleNotFoundError extends DomainError {
  constructor(saleId: number) {
    super('SALE_NOT_FOUND', `There is no sale ${saleId}; GET /api/sales lists them.`);
  }
}

/** The start of a sale can't be moved any more. */
export class SaleStartedError extends DomainError {
  constructor() {
    super('SALE_STARTED', 'The sale has started, so its start can not be moved; pause or end it instead.');
  }
}

export class SaleEndedError extends DomainError {
  constructor(detail = 'The sale has ended; only its name can be changed.') {
    super('SALE_ENDED', detail);
  }
}

import { DomainError } from '../common/problem.js';
import { isoTime } from '../database/sql.js';

export class SaleNotFoundError extends DomainError {
  constructor(saleId: number) {
    super('SALE_NOT_FOUND', `There is no sale ${saleId}; GET /api/sales lists them.`);
  }
}

/** `Retry-After` is the time to the start, rounded up and without any spread: chance must not decide who comes first. */
export class SaleNotStartedError extends DomainError {
  constructor(startsAt: string, now: string) {
    const starts_at = isoTime(startsAt);
    const waitMs = Date.parse(starts_at) - Date.parse(isoTime(now));
    super(
      'SALE_NOT_STARTED',
      'The sale has not started; starts_at says when it does.',
      { starts_at },
      Math.ceil(waitMs / 1000),
    );
  }
}

export class SalePausedError extends DomainError {
  constructor() {
    super('SALE_PAUSED', 'The sale is paused; try again later.');
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

import { DomainError } from '../common/problem.js';

export class InsufficientStockError extends DomainError {
  constructor(available: number) {
    super('INSUFFICIENT_STOCK', `${available} units are available right now.`, { available_stock: available });
  }
}

/**
 * Not enough units are available, but some are on their way back: somebody is deciding on expired holds of the
 * product this very moment. An expired unit is sellable at once, so the request is decided again a moment later.
 */
export class UnitsOnTheirWayError extends InsufficientStockError {}

export class HoldNotFoundError extends DomainError {
  constructor() {
    super('HOLD_NOT_FOUND', 'There is no hold with this id.');
  }
}

export class HoldExpiredError extends DomainError {
  constructor() {
    super('HOLD_EXPIRED', 'The hold has expired or was given back; make a new one with POST /api/holds.');
  }
}

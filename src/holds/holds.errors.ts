import { DomainError, OverloadedError } from '../common/problem.js';
import { availabilityOf, type ShownStock } from '../products/products.types.js';
import type { Excess } from './customer-units.js';

export class InsufficientStockError extends DomainError {
  /** @param shown what the public sees of the product's stock */
  constructor(available: number, shown: ShownStock | null) {
    const availability = availabilityOf(available, shown);
    if (availability === null) {
      super('INSUFFICIENT_STOCK', `${available} units are available right now.`, { available_stock: available });
    } else {
      const told = { available_stock: null, availability };
      super('INSUFFICIENT_STOCK', 'Fewer units are available right now.', told);
    }
  }
}

/**
 * Not enough units are available, but some are on their way back: somebody is deciding on expired holds of the
 * product this very moment. An expired unit is sellable at once, so the request is decided again a moment later.
 */
export class UnitsOnTheirWayError extends InsufficientStockError {}

export class CustomerLimitReachedError extends DomainError {
  constructor({ limit, remaining, scope }: Omit<Excess, 'isInDoubt'>) {
    const detail = `A customer may have ${limit} units of this ${scope}; this one may have ${remaining} more.`;
    super('CUSTOMER_LIMIT_REACHED', detail, { limit, remaining, scope });
  }
}

/**
 * The limit may leave more in a moment: somebody is deciding on holds of the customer's that have expired. So the request
 * is decided again then.
 */
export class LimitInDoubtError extends CustomerLimitReachedError {}

/** The product came into a sale with a limit while its batch waited for the product's lock: so it is decided again. */
export class SaleNotLockedError extends OverloadedError {
  constructor() {
    super('The product has changed its sale; try again in a moment.');
  }
}

export class HoldNotFoundError extends DomainError {
  constructor() {
    super('HOLD_NOT_FOUND', 'There is no hold with this id.');
  }
}

/** Why a hold gets no more time. */
export type ExtensionRefusal = 'none_left' | 'used' | 'expired' | 'sale_ended';

const EXTENSION_REFUSALS: Readonly<Record<ExtensionRefusal, string>> = {
  none_left: 'The hold was extended as often as it may be.',
  used: 'An order was made of the hold, which has a time of its own.',
  expired: 'The hold has expired or was given back; make a new one with POST /api/holds.',
  sale_ended: 'The sale has ended; order before the hold expires.',
};

export class HoldNotExtendableError extends DomainError {
  constructor(reason: ExtensionRefusal) {
    super('HOLD_NOT_EXTENDABLE', EXTENSION_REFUSALS[reason], { reason });
  }
}

export class HoldExpiredError extends DomainError {
  constructor() {
    super('HOLD_EXPIRED', 'The hold has expired or was given back; make a new one with POST /api/holds.');
  }
}

/** The codes of all that may be in the way of a hold, whoever asks for it; another one's key is one of them. */
export const HOLD_REFUSALS = [
  'PRODUCT_NOT_FOUND',
  'PRODUCT_NOT_ON_SALE',
  'SALE_NOT_STARTED',
  'SALE_PAUSED',
  'SALE_ENDED',
  'CUSTOMER_LIMIT_REACHED',
  'INSUFFICIENT_STOCK',
  'IDEMPOTENCY_KEY_REUSED',
] as const;

import type { DomainError } from '../common/problem.js';
import { SaleEndedError, SaleNotStartedError, SalePausedError } from './sales.errors.js';
import { type SaleWindow, stateOf } from './sales.types.js';

/** Nothing varies in them, and when a sale is paused everybody gets one. */
const PAUSED = new SalePausedError();
const ENDED = new SaleEndedError('The sale has ended; no hold is made any more.');

/** Why nothing of a product can be held at an instant of the database's clock; null: its sale lets it. */
export function saleRefusal(product: SaleWindow, now: string): DomainError | null {
  switch (stateOf(product, now)) {
    case 'open':
      return null;
    case 'scheduled':
      return new SaleNotStartedError(product.on_sale_from!, now);
    case 'paused':
      return PAUSED;
    case 'ended':
      return ENDED;
  }
}

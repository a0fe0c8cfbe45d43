import type { DomainError } from '../common/problem.js';
import { SaleEndedError, SaleNotStartedError, SalePausedError } from './sales.errors.js';
import { type SaleWindow, startFor, stateOf } from './sales.types.js';

/** Nothing varies in them, and when a sale is paused everybody gets one. */
const PAUSED = new SalePausedError();
const ENDED = new SaleEndedError('The sale has ended; no hold is made any more.');

/** Why somebody of these groups can hold nothing of a product at an instant of the database's clock; null: its sale lets it. */
export function saleRefusal(product: SaleWindow, now: string, groups: readonly string[]): DomainError | null {
  switch (stateOf(product, now)) {
    case 'open':
      return null;
    case 'scheduled':
      return isBeforeStart(product, now, groups) ? new SaleNotStartedError(startFor(product, groups), now) : null;
    case 'paused':
      return PAUSED;
    case 'ended':
      return ENDED;
  }
}

/** Whether the one thing that keeps somebody of these groups from a hold is that the sale has not started. */
export function isBeforeStart(product: SaleWindow, now: string, groups: readonly string[]): boolean {
  return stateOf(product, now) === 'scheduled' && startFor(product, groups) > now;
}

import { addSeconds } from '../../database/sql.js';
import { type ExtensionRefusal, HoldNotExtendableError } from '../holds.errors.js';
import { type LockedHoldRow, statusOf } from '../holds.types.js';

/** What a hold has once it was extended. */
export interface Extension {
  /** UTC, as the database prints it. */
  readonly expires_at: string;
  readonly extensions_left: number;
}

/**
 * Gives a locked hold more time, from now on, or says why not. A pause is no reason, nor that its product is archived:
 * what was promised goes on.
 */
export function decideExtension(hold: LockedHoldRow, ttlSeconds: number): Extension | HoldNotExtendableError {
  const reason = refusalOf(hold);
  if (reason !== null) return new HoldNotExtendableError(reason);
  const fromNow = addSeconds(hold.now, hold.hold_seconds ?? ttlSeconds);
  // Nobody has less time for having asked for more: the terms of the sale may have changed.
  const expires_at = fromNow > hold.expires_at ? fromNow : hold.expires_at;
  return { expires_at, extensions_left: hold.extensions_left - 1 };
}

function refusalOf(hold: LockedHoldRow): ExtensionRefusal | null {
  if (hold.used) return 'used';
  if (statusOf(hold) !== 'active') return 'expired';
  if (hold.has_sale_ended) return 'sale_ended';
  return hold.extensions_left > 0 ? null : 'none_left';
}

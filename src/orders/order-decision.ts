import { AMOUNT_MAX, isSameAmount } from '../common/money.js';
import { ValidationError } from '../common/problem.js';
import { HoldExpiredError, HoldNotFoundError } from '../holds/holds.errors.js';
import { type PricedHoldRow, statusOf } from '../holds/holds.types.js';
import type { KeyedRequest, StoredKey } from '../idempotency/idempotency-key.js';
import type { Recalled } from '../idempotency/idempotency.service.js';
import { HoldAlreadyUsedError } from './orders.errors.js';
import type { CreatedOrder, FirstStatus, NewOrder, OrderRow } from './orders.types.js';

/** A request for the order of a hold. */
export interface OrderRequest {
  readonly holdId: string;
  readonly keyed: KeyedRequest | null;
  /** The mark of the transaction, committed or not, by which this request last made the order of its hold. */
  mark: string | null;
}

/**
 * The first request for each active hold gets its order, unless its key was used before: then it gets what that
 * made. A hold whose amount does not fit an order gets none; none is made any more.
 *
 * @returns the requests whose orders are to be made.
 */
export function chooseWinners(
  batch: readonly OrderRequest[],
  holds: readonly PricedHoldRow[],
  recalled: ReadonlyMap<KeyedRequest | null, Recalled>,
): OrderRequest[] {
  const active = new Set(
    holds.filter((hold) => statusOf(hold) === 'active' && !isTooDear(hold)).map((hold) => hold.id),
  );
  return batch.filter((request) => !recalled.has(request.keyed) && active.delete(request.holdId));
}

export function toNewOrder(hold: PricedHoldRow): NewOrder {
  const { amount } = hold;
  if (amount === null) throw new Error(`The amount of hold ${hold.id} does not fit its column`);
  const status = firstStatusOf(amount);
  return { holdId: hold.id, amount, status, quantitySold: status === 'paid' ? hold.qty : 0 };
}

/** Where nothing is to be paid, nothing is waited for. */
function firstStatusOf(amount: string): FirstStatus {
  return isSameAmount(amount, '0') ? 'paid' : 'pending_payment';
}

export function toStoredKey({ holdId, keyed }: OrderRequest): StoredKey[] {
  return keyed === null ? [] : [{ ...keyed, reference: holdId }];
}

export function toOutcome(
  hold: PricedHoldRow | undefined,
  order: OrderRow | undefined,
  isWinner: boolean,
): CreatedOrder | Error {
  if (hold === undefined) return new HoldNotFoundError();
  if (order === undefined) return statusOf(hold) === 'active' && isTooDear(hold) ? tooDear() : new HoldExpiredError();
  if (!isWinner) return new HoldAlreadyUsedError(order.id);
  // The order as it was made, which is what its first answer said.
  return {
    order: { ...order, status: firstStatusOf(order.amount) },
    hold: { product_id: hold.product_id, qty: hold.qty, currency: hold.currency },
  };
}

function isTooDear(hold: PricedHoldRow): boolean {
  return hold.amount === null;
}

function tooDear(): ValidationError {
  const message = `costs more than ${AMOUNT_MAX}; hold fewer units`;
  return new ValidationError(`No order can be made of the hold: it ${message}.`, [{ field: 'hold_id', message }]);
}

import { decimalsError, fromThousandths, inCurrency, isSameAmount, toThousandths } from '../common/money.js';
import { ValidationError } from '../common/problem.js';
import { type ReturnableOrderRow, wasPaid } from '../orders/orders.types.js';
import { NothingToReturnError, OrderNotPaidError, QuantityNotReturnableError } from './refunds.errors.js';

/** Units of a paid order that come back, money of it, or both. */
export interface WantedReturn {
  /** Null: all that is left. */
  readonly quantity: number | null;
  /** Decimal string; null: what the units come to. */
  readonly amount: string | null;
  /** Whether the units are on sale again; else they leave the stock. */
  readonly restock: boolean;
}

export interface DecidedReturn {
  readonly quantity: number;
  /** What is owed for it, as a decimal string; null: nothing. */
  readonly amount: string | null;
}

/**
 * What a return of a locked order comes to: of what counts as sold, and of what of its money has neither gone back nor is
 * owed (`left`, in thousandths). Where the last unit comes back all of that is owed, so that nothing stays behind what was
 * rounded or given back before.
 *
 * @throws OrderNotPaidError, NothingToReturnError, QuantityNotReturnableError, ValidationError
 */
export function decideReturn(order: ReturnableOrderRow, wanted: WantedReturn, left: number): DecidedReturn {
  const { quantity_sold: returnable, unit_price, currency } = order;
  const decimals = wanted.amount === null ? null : decimalsError(wanted.amount, currency);
  if (decimals !== null) throw invalidAmount(decimals);
  if (!wasPaid(order)) throw new OrderNotPaidError(order.status);
  if (returnable === 0) throw new NothingToReturnError();
  const units = wanted.quantity ?? returnable;
  if (units > returnable) throw new QuantityNotReturnableError(returnable);
  if (units === 0 && (wanted.amount === null || isSameAmount(wanted.amount, '0'))) {
    throw invalidAmount('must be above 0 where no unit is returned');
  }
  const worth = units === returnable ? left : Math.min(left, toThousandths(unit_price) * units);
  const owed = wanted.amount === null ? worth : toThousandths(wanted.amount);
  if (owed > left)
    throw invalidAmount(
      `is more than what is not refunded yet, which is ${inCurrency(fromThousandths(left), currency)}`,
    );
  return { quantity: units, amount: owed === 0 ? null : inCurrency(fromThousandths(owed), currency) };
}

function invalidAmount(message: string): ValidationError {
  return new ValidationError(`The body is not valid: amount ${message}.`, [{ field: 'amount', message }]);
}

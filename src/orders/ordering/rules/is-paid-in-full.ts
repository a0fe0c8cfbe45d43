import { isSameAmount } from '../../../common/money.js';
import { dueOf } from '../../adjustments.js';
import { AmountMismatchError } from '../../orders.errors.js';
import type { OrderRule } from '../order-facts.js';

/** What the shop says that it was paid is what is due, in the currency that is due. */
export const isPaidInFull: OrderRule = {
  refuse({ holdId, money }, { holds }) {
    const paid = money?.paid ?? null;
    if (money === null || paid === null) return null;
    const { amount, currency } = holds.get(holdId)!;
    const due = dueOf(amount!, currency, money.adjustments);
    const isDue = isSameAmount(paid.amount, due) && paid.currency === currency;
    return isDue ? null : new AmountMismatchError(due, currency);
  },
};

import { ValidationError } from '../../../common/problem.js';
import { dueError } from '../../adjustments.js';
import type { OrderRule } from '../order-facts.js';

/** What the order comes to is 0 or more, fits its column, and has the decimals of the currency that its hold was made in. */
export const adjustmentsFit: OrderRule = {
  refuse({ holdId, money }, { holds }) {
    if (money === null) return null;
    const { amount, currency } = holds.get(holdId)!;
    const error = dueError(amount!, currency, money.adjustments);
    return error && new ValidationError(`The body is not valid: ${error.field} ${error.message}.`, [error]);
  },
};

import { AMOUNT_MAX } from '../../../common/money.js';
import { ValidationError } from '../../../common/problem.js';
import type { OrderRule } from '../order-facts.js';

/** Of a hold that was made before its price was kept, and whose product has become dearer since. No other is granted. */
export const amountFits: OrderRule = {
  refuse({ holdId }, { holds }) {
    if (holds.get(holdId)!.amount !== null) return null;
    const message = `is too dear: it costs more than ${AMOUNT_MAX}; hold fewer units`;
    return new ValidationError(`No order can be made of the hold: it ${message}.`, [{ field: 'hold_id', message }]);
  },
};

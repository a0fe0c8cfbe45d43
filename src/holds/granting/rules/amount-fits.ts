import { AMOUNT_MAX, amountOf } from '../../../common/money.js';
import { ValidationError } from '../../../common/problem.js';
import type { GrantRule } from '../grant-facts.js';

/** An order of the hold must be able to say its amount: the limit on units may have been raised since the price was allowed. */
export const amountFits: GrantRule = {
  refuse({ product_id, qty }, { ledger }) {
    if (amountOf(ledger.product(product_id)!.price, qty) !== null) return null;
    const message = `must be lower: so many units cost more than ${AMOUNT_MAX}`;
    return new ValidationError(`The body is not valid: quantity ${message}.`, [{ field: 'quantity', message }]);
  },
};

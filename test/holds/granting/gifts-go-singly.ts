import { isSameAmount } from '../../../src/common/money.js';
import { ValidationError } from '../../../src/common/problem.js';
import type { GrantRule } from '../../../src/holds/granting/grant-facts.js';

/** What costs nothing is held one unit at a time. */
export const giftsGoSingly: GrantRule = {
  refuse({ product_id, qty }, { ledger }) {
    if (qty === 1 || !isSameAmount(ledger.product(product_id)!.price, '0')) return null;
    const message = 'must be 1, for this product costs nothing';
    return new ValidationError(`The body is not valid: quantity ${message}.`, [{ field: 'quantity', message }]);
  },
};

import { BuyerTokenRequiredError } from '../../../access/access.errors.js';
import { CustomerLimitReachedError, LimitInDoubtError } from '../../holds.errors.js';
import type { GrantRule } from '../grant-facts.js';

/** No customer has more units than the product's limit, and nobody that has no name is within it. */
export const isWithinLimit: GrantRule = {
  refuse({ product_id, qty, buyer }, { ledger, customers }) {
    const limit = ledger.product(product_id)!.max_per_customer;
    if (limit === null) return null;
    if (buyer === null) return new BuyerTokenRequiredError();
    const account = { product_id, limit_key: buyer.limitKey };
    const taken = customers.taken(account);
    if (taken + qty <= limit) return null;
    const isInDoubt = taken - customers.inDoubt(account) + qty <= limit;
    const remaining = Math.max(0, limit - taken);
    return isInDoubt
      ? new LimitInDoubtError(limit, remaining, 'product')
      : new CustomerLimitReachedError(limit, remaining, 'product');
  },
  take({ product_id, qty, buyer }, { customers }) {
    if (buyer !== null) customers.move({ product_id, limit_key: buyer.limitKey }, qty);
  },
};

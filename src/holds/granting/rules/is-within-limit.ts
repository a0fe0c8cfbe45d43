import { BuyerTokenRequiredError } from '../../../access/access.errors.js';
import { CustomerLimitReachedError, LimitInDoubtError, SaleNotLockedError } from '../../holds.errors.js';
import type { GrantRule } from '../grant-facts.js';

/** No customer has more units than the product's limit, or its sale's, and nobody that has no name is within one. */
export const isWithinLimit: GrantRule = {
  refuse({ product_id, qty, buyer }, { ledger, customers, limitedSales }) {
    const { max_per_customer: product, sale_max_per_customer: sale, sale_id } = ledger.product(product_id)!;
    if (product === null && sale === null) return null;
    if (buyer === null) return new BuyerTokenRequiredError();
    // What is counted over a sale is true under its lock only.
    if (sale !== null && !limitedSales.has(sale_id!)) return new SaleNotLockedError();
    const account = { limit_key: buyer.limitKey, product_id, sale_id };
    const excess = customers.excess(account, qty, { product, sale });
    if (excess === null) return null;
    return excess.isInDoubt ? new LimitInDoubtError(excess) : new CustomerLimitReachedError(excess);
  },
  take({ product_id, qty, buyer }, { ledger, customers }) {
    if (buyer === null) return;
    const { sale_id } = ledger.product(product_id)!;
    customers.move({ limit_key: buyer.limitKey, product_id, sale_id }, qty);
  },
};

import { saleRefusal } from '../../../sales/sale-refusal.js';
import type { GrantRule } from '../grant-facts.js';

const NO_GROUPS: readonly string[] = [];

/**
 * Nothing is held before the start of a product's sale, which some groups of buyers have earlier, in a pause, or after the
 * end, by the clock under the lock.
 */
export const saleIsOpen: GrantRule = {
  refuse({ product_id, buyer }, { ledger, now }) {
    return saleRefusal(ledger.product(product_id)!, now, buyer === null ? NO_GROUPS : buyer.groups);
  },
};

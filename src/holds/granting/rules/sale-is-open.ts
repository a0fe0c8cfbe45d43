import { saleRefusal } from '../../../sales/sale-refusal.js';
import type { GrantRule } from '../grant-facts.js';

/** Nothing is held before the start of a product's sale, in a pause, or after the end, by the clock under the lock. */
export const saleIsOpen: GrantRule = {
  refuse({ product_id }, { ledger, now }) {
    return saleRefusal(ledger.product(product_id)!, now);
  },
};

import { ProductNotFoundError } from '../../../products/products.errors.js';
import type { GrantRule } from '../grant-facts.js';

/** Only a row that is there could be locked. */
export const productExists: GrantRule = {
  refuse({ product_id }, { ledger }) {
    return ledger.product(product_id) === undefined ? new ProductNotFoundError(product_id) : null;
  },
};

import { ProductNotOnSaleError } from '../../../products/products.errors.js';
import type { GrantRule } from '../grant-facts.js';

/** An archived product is sold no more, whatever is left of it. */
export const productIsOnSale: GrantRule = {
  refuse({ product_id }, { ledger }) {
    return ledger.product(product_id)!.is_archived === 1 ? new ProductNotOnSaleError(product_id) : null;
  },
};

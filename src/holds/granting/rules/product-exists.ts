import { ProductNotFoundError, SkuMovedError } from '../../../products/products.errors.js';
import type { GrantRule } from '../grant-facts.js';

/** Only a row that is there could be locked; by its SKU it was looked for without a lock. */
export const productExists: GrantRule = {
  refuse({ product_id, sku }, { ledger }) {
    const product = ledger.product(product_id);
    if (product === undefined) return new ProductNotFoundError(product_id);
    return sku === null || sku === product.sku ? null : new SkuMovedError();
  },
};

import { DomainError, OverloadedError } from '../common/problem.js';

export class ProductNotFoundError extends DomainError {
  /** @param which its number, or what it is known by instead. */
  constructor(which: number | string) {
    super('PRODUCT_NOT_FOUND', `There is no product ${which}; GET /api/products lists those on sale.`);
  }
}

/** The SKU that a request named was given to another product before the product was locked: so it is looked up again. */
export class SkuMovedError extends OverloadedError {
  constructor() {
    super('The SKU is another product’s by now; try again in a moment.');
  }
}

/** The product is archived. */
export class ProductNotOnSaleError extends DomainError {
  constructor(productId: number) {
    super('PRODUCT_NOT_ON_SALE', `Product ${productId} is on sale no more.`);
  }
}

/** The change was made for what is so no more. */
export class PreconditionFailedError extends DomainError {
  constructor(what: 'product' | 'sale' = 'product') {
    super('PRECONDITION_FAILED', `The ${what} is not as If-Match says; read it again before you change it.`);
  }
}

/** Another product has the SKU. */
export class SkuTakenError extends DomainError {
  constructor(sku: string, productId: number) {
    super('SKU_TAKEN', `Product ${productId} has the SKU ${sku} already.`, { product_id: productId });
  }
}

export class StockBelowCommittedError extends DomainError {
  constructor(stockTotal: number, committed: number) {
    super(
      'STOCK_BELOW_COMMITTED',
      `${committed} units are held or sold, so the stock can not be lowered to ${stockTotal}.`,
      { committed },
    );
  }
}

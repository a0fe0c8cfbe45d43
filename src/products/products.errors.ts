import { DomainError } from '../common/problem.js';

export class ProductNotFoundError extends DomainError {
  constructor(productId: number) {
    super('PRODUCT_NOT_FOUND', `There is no product ${productId}; GET /api/products lists those on sale.`);
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

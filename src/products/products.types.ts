/** A product row as it is under a lock or at a moment in time. */
export interface ProductRow {
  readonly id: number;
  readonly name: string;
  /** Decimal string, such as "99.99". */
  readonly price: string;
  readonly stock_total: number;
  readonly stock_sold: number;
  readonly stock_held: number;
  readonly stock_version: number;
  /** On sale no more: not listed, and no hold is granted. As the database prints it. */
  readonly is_archived: 0 | 1;
}

/**
 * SQL of a new product's `stock_version`: the microsecond of its birth, so that after all data were deleted and
 * made anew (reset, restore) a cache that outlived them takes the new row for newer.
 */
export const FIRST_VERSION = 'UNIX_TIMESTAMP(NOW(6)) * 1000000';

/** Units that a product can have, of the column. */
export const STOCK_MAX = 4_294_967_295;

/** By how many units the counters of one product move. */
export interface StockMove {
  readonly productId: number;
  readonly held: number;
  readonly sold: number;
}

export interface NewProduct {
  readonly name: string;
  readonly price: string;
  readonly stock_total: number;
}

export type ProductChange = Partial<NewProduct & Pick<ProductRow, 'is_archived'>>;

/** Units that nobody holds and nobody bought. */
export function availableOf(row: Pick<ProductRow, 'stock_total' | 'stock_sold' | 'stock_held'>): number {
  return row.stock_total - row.stock_sold - row.stock_held;
}

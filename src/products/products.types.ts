import type { Transaction } from '../database/transactions.js';

/**
 * What a product's sale says of who may hold it, as the columns of the product's own row: a grant depends on it, and who
 * locks the row knows. Times are UTC as the database prints them.
 */
export interface SaleTerms {
  /** Null: it is sold at any time. */
  readonly sale_id: number | null;
  /** The first instant at which it is sold. */
  readonly on_sale_from: string | null;
  /** The first instant at which it is sold no more; null: there is no such. */
  readonly on_sale_until: string | null;
  readonly is_paused: 0 | 1;
  /** How long its holds last; null: HOLD_TTL_SECONDS. */
  readonly hold_seconds: number | null;
  /** How often they may be extended; null: HOLD_EXTENSIONS. */
  readonly hold_extensions: number | null;
  /** What the public sees of its stock; null: the figures. */
  readonly show_stock: ShownStock | null;
  /** Units that one customer may have over all products of the sale; null: as many as there are. */
  readonly sale_max_per_customer: number | null;
  /** The groups of buyers to whom it is sold before `on_sale_from`, as the sale has them; null: none. */
  readonly early: string | null;
}

/** What the public sees of a stock: its figures, whether few units are left, or whether any are. */
export type ShownStock = 'exact' | 'few' | 'none';

export const SHOWN_STOCKS: readonly ShownStock[] = ['exact', 'few', 'none'];

/** The terms of a product without a sale. */
export const NO_SALE: SaleTerms = {
  sale_id: null,
  on_sale_from: null,
  on_sale_until: null,
  is_paused: 0,
  hold_seconds: null,
  hold_extensions: null,
  show_stock: null,
  sale_max_per_customer: null,
  early: null,
};

/** A product row as it is under a lock or at a moment in time. */
export interface ProductRow extends SaleTerms {
  readonly id: number;
  readonly name: string;
  /** Decimal string, such as "99.99". */
  readonly price: string;
  readonly currency: string;
  /** The shop's own name of it, of which no two are the same. */
  readonly sku: string | null;
  readonly stock_total: number;
  readonly stock_sold: number;
  readonly stock_held: number;
  readonly stock_version: number;
  /** Units that one customer may have of it: held, ordered and bought together; null: as many as there are. */
  readonly max_per_customer: number | null;
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
  /** Left out: the total stays what it is. */
  readonly total?: number;
}

export interface NewProduct {
  readonly name: string;
  readonly price: string;
  readonly stock_total: number;
  readonly sku?: string | null;
  readonly sale_id?: number | null;
  readonly is_archived?: ProductRow['is_archived'];
  readonly max_per_customer?: number | null;
}

export type ProductChange = Partial<Omit<NewProduct, 'sale_id'>>;

/**
 * Locks the sale that a product comes into, and the one that it leaves, both before the product; null: none. Tells the
 * terms of the former.
 */
export type TermsLock = (tx: Transaction, from: number | null) => Promise<SaleTerms>;

/** What operators set of a product, by the API's names: what their tag is made of, and what the audit log keeps. */
export function operatorsFieldsOf(product: ProductRow) {
  const { name, price, currency, sku, sale_id, max_per_customer, stock_total, is_archived } = product;
  return { name, price, currency, sku, sale_id, max_per_customer, stock_total, archived: is_archived === 1 };
}

/** Units that nobody holds and nobody bought. */
export function availableOf(row: Pick<ProductRow, 'stock_total' | 'stock_sold' | 'stock_held'>): number {
  return row.stock_total - row.stock_sold - row.stock_held;
}

/** Units that are few to who sees only that. */
const FEW_MAX = 10;

/** The word that stands for a stock whose figures the public does not see; null where it sees them. */
export const AVAILABILITIES = ['many', 'some', 'few', 'none'] as const;
export type Availability = (typeof AVAILABILITIES)[number];

export function availabilityOf(available: number, shown: ShownStock | null): Availability | null {
  if (shown === null || shown === 'exact') return null;
  if (available <= 0) return 'none';
  if (shown === 'none') return 'some';
  return available <= FEW_MAX ? 'few' : 'many';
}

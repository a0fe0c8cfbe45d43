import { isSameAmount } from '../common/money.js';
import { databaseTime } from '../database/sql.js';
import { StockBelowCommittedError } from '../products/products.errors.js';
import { type NewProduct, operatorsFieldsOf, type ProductRow } from '../products/products.types.js';
import { changeOf, newSale } from '../sales/sale-changes.js';
import type { NewSale, SaleRow } from '../sales/sales.types.js';

/** What is to be done so that a sale and its products are as a file has them. Nothing is done here. */

/** Fields that are to be others: each as it is to be. */
export type Differences = Readonly<Record<string, unknown>>;

/** @throws ValidationError, SaleEndedError, SaleStartedError */
export function differencesOfSale(wanted: NewSale, row: SaleRow | null): Differences {
  if (row !== null) return { ...changeOf(row, wanted) };
  // By this machine's clock; when the sale is made, the database's decides.
  newSale(wanted, databaseTime(new Date().toISOString())!);
  return { ...wanted };
}

/**
 * @param saleId null: the sale is to be made.
 * @throws StockBelowCommittedError
 */
export function differencesOfProduct(wanted: NewProduct, row: ProductRow | null, saleId: number | null): Differences {
  const { sale_id: _file, ...given } = wanted;
  if (row === null) return { ...given, sale_id: saleId };
  const committed = row.stock_held + row.stock_sold;
  if (wanted.stock_total < committed) throw new StockBelowCommittedError(wanted.stock_total, committed);
  const is: Record<string, unknown> = { ...row };
  const isOther = ([field, value]: [string, unknown]): boolean =>
    field === 'price' ? !isSameAmount(row.price, value as string) : is[field] !== value;
  const changed = Object.fromEntries(Object.entries(given).filter(isOther));
  return row.sale_id !== null && row.sale_id === saleId ? changed : { ...changed, sale_id: saleId };
}

/** Whether a product is as it was when it was looked at. */
export function isStill(seen: ProductRow): (row: ProductRow) => boolean {
  const text = (row: ProductRow): string => JSON.stringify(operatorsFieldsOf(row));
  return (row) => text(row) === text(seen);
}

/** The same of a sale, whose clock goes on. */
export function isStillSale(seen: SaleRow): (row: SaleRow) => boolean {
  const text = (row: SaleRow): string => JSON.stringify({ ...row, server_time: null });
  return (row) => text(row) === text(seen);
}

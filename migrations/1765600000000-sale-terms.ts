import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';

/** By table. Null: what the environment says; of a hold or an order, that it was made before, or outside of any sale. */
const ADDED: Readonly<Record<string, Columns>> = {
  sales: {
    hold_seconds: 'INT UNSIGNED NULL DEFAULT NULL',
    payment_seconds: 'INT UNSIGNED NULL DEFAULT NULL',
    hold_extensions: 'TINYINT UNSIGNED NULL DEFAULT NULL',
    show_stock: `VARCHAR(10) ${ASCII} NULL DEFAULT NULL`,
  },
  products: {
    hold_seconds: 'INT UNSIGNED NULL DEFAULT NULL',
    hold_extensions: 'TINYINT UNSIGNED NULL DEFAULT NULL',
    show_stock: `VARCHAR(10) ${ASCII} NULL DEFAULT NULL`,
  },
  holds: {
    sale_id: 'BIGINT UNSIGNED NULL DEFAULT NULL',
    extensions: 'TINYINT UNSIGNED NULL DEFAULT NULL',
  },
  orders: { sale_id: 'BIGINT UNSIGNED NULL DEFAULT NULL' },
};

/**
 * The terms of sales, and the sale under which a hold or an order was made. It runs while a sale goes on, on tables of any
 * size: no row is written anew (INSTANT refuses any other way), no index is made, and the instant that each table is
 * needed for is waited for at most a second at a time (see `givingWay`).
 */
export class SaleTerms1765600000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(ADDED)) await addColumns(runner, table, columns);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(ADDED)) await dropColumns(runner, table, columns);
  }
}

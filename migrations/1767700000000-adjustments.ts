import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';

/** In bytes, as `metadata` is: a column of JSON would carry a CHECK on MariaDB, by which the table is written anew. */
const COLUMNS: Columns = { adjustments: 'VARBINARY(5000) NULL DEFAULT NULL' };

/**
 * What the shop adds to the price of an order's units, or takes off; null: nothing. It runs while a sale goes on: no row is
 * written anew (INSTANT refuses any other way), and the instant that the table is needed for is waited for at most a second
 * at a time (see `givingWay`).
 */
export class Adjustments1767700000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'orders', COLUMNS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, 'orders', COLUMNS);
  }
}

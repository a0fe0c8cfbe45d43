import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';

const COLUMNS: Columns = { return_count: 'INT UNSIGNED NULL DEFAULT NULL' };

/**
 * How many returns there were of an order; null: none. It runs while a sale goes on: no row is written anew (INSTANT refuses
 * any other way), and the instant that the table is needed for is waited for at most a second at a time (see `givingWay`).
 */
export class OrderReturns1766800000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'orders', COLUMNS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, 'orders', COLUMNS);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';

const CURRENCY: Columns = { currency: 'CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL' };

/**
 * The currency of a price when its hold was made, and that of the hold's order; null of what was made before, which is in
 * CURRENCY. It runs while a sale goes on: no row is written anew (INSTANT refuses any other way), and the instant that a
 * table is needed for is waited for at most a second at a time (see `givingWay`). An instance of the version before, which
 * does not know the columns, goes on.
 */
export class KeptCurrency1767500100000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['holds', 'orders']) await addColumns(runner, table, CURRENCY);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['orders', 'holds']) await dropColumns(runner, table, CURRENCY);
  }
}

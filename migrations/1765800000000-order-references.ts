import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';
import { givingWay } from './giving-way.js';
import { hasKey } from './has-key.js';

/**
 * In bytes, since they are compared exactly: every text collation that both servers have takes a blank at the end for
 * none. A column of JSON would carry a CHECK on MariaDB, by which the table is written anew.
 */
const COLUMNS: Columns = {
  reference: 'VARBINARY(256) NULL DEFAULT NULL',
  reference_by: 'VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL',
  metadata: 'VARBINARY(1024) NULL DEFAULT NULL',
};

/**
 * The shop's own number of an order, and what else it writes to it. It runs while a sale goes on, on tables of any size: no
 * row is written anew (INSTANT refuses any other way), the index by which operators find an order is built beside the
 * writes (LOCK=NONE refuses any other way), and the instant that the table is needed for is waited for at most a second at
 * a time (see `givingWay`).
 */
export class OrderReferences1765800000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'orders', COLUMNS);
    if (!(await hasKey(runner, 'orders', 'orders_reference')))
      await givingWay(runner, 'ALTER TABLE orders ADD KEY orders_reference (reference), ALGORITHM=INPLACE, LOCK=NONE');
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await hasKey(runner, 'orders', 'orders_reference'))
      await givingWay(runner, 'ALTER TABLE orders DROP KEY orders_reference');
    await dropColumns(runner, 'orders', COLUMNS);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { inSteps } from './in-steps.js';

/**
 * How many of an order's units count as sold. Null by default, so that no row is written anew and an instance of the
 * version before, which does not know the column, goes on: of a paid order null means all of its hold's units.
 * The rest is filled in steps.
 */
export class QuantitySold1764600000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('orders', 'quantity_sold'))) {
      await runner.query('ALTER TABLE orders ADD COLUMN quantity_sold INT UNSIGNED NULL DEFAULT NULL');
    }
    // READ COMMITTED, as every session of the service has it, reads holds without a lock.
    await inSteps(
      runner,
      'orders',
      (from, to) =>
        `UPDATE orders o JOIN holds h ON h.id = o.hold_id SET o.quantity_sold = h.qty, o.updated_at = o.updated_at
         WHERE o.id > ${from} AND o.id <= ${to} AND o.status = 'paid' AND o.quantity_sold IS NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('orders', 'quantity_sold'))
      await runner.query('ALTER TABLE orders DROP COLUMN quantity_sold');
  }
}

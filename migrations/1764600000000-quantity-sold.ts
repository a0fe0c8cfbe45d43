import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Orders that one statement fills: their locks are held for some milliseconds. */
const STEP = 2000;

/**
 * How many of an order's units count as sold. Null by default, so that no row is written anew and an instance of the
 * version before, which does not know the column, goes on: of a paid order null means all of its hold's units.
 * The rest is filled in steps, each committed by itself, so that a sale which goes on waits for none of them.
 */
export class QuantitySold1764600000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('orders', 'quantity_sold'))) {
      await runner.query('ALTER TABLE orders ADD COLUMN quantity_sold INT UNSIGNED NULL DEFAULT NULL');
    }
    const [{ last }] = (await runner.manager.query<{ last: number }[]>(
      'SELECT COALESCE(MAX(id), 0) AS last FROM orders',
    )) as [{ last: number }];
    for (let from = 0; from < Number(last); from += STEP) {
      // READ COMMITTED, as every session of the service has it, reads holds without a lock.
      await runner.query(
        `UPDATE orders o JOIN holds h ON h.id = o.hold_id SET o.quantity_sold = h.qty, o.updated_at = o.updated_at
         WHERE o.id > ${from} AND o.id <= ${from + STEP} AND o.status = 'paid' AND o.quantity_sold IS NULL`,
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('orders', 'quantity_sold'))
      await runner.query('ALTER TABLE orders DROP COLUMN quantity_sold');
  }
}

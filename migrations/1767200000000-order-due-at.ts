import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';
import { givingWay } from './giving-way.js';
import { hasKey } from './has-key.js';
import { inSteps } from './in-steps.js';

const COLUMNS: Columns = { due_at: 'TIMESTAMP(3) NULL DEFAULT NULL' };

/**
 * What ends an order by the clock, which is no longer when its payment is due alone. Null in what an instance of the version
 * before writes: then its payment's time counts. What may end, or be deleted, by it is filled in steps. `review_until` stays
 * for those instances, and says nothing any more. It runs while a sale goes on: no row is written anew but some at a time, the
 * index is built while orders go on coming, and it is there before the old one goes.
 */
export class OrderDueAt1767200000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'orders', COLUMNS);
    await inSteps(
      runner,
      'orders',
      (from, to) =>
        `UPDATE orders SET due_at = GREATEST(payment_due_at, COALESCE(review_until, payment_due_at)), updated_at = updated_at
         WHERE id > ${from} AND id <= ${to} AND status IN ('pending_payment', 'cancelled') AND due_at IS NULL`,
    );
    await swapKeys(runner, 'orders_due (status, due_at)', 'orders_status_due');
  }

  /** An order that is kept from its deadline goes on being kept. */
  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('orders', 'due_at'))) return;
    await runner.query(
      `UPDATE orders SET review_until = due_at, updated_at = updated_at
       WHERE status = 'pending_payment' AND due_at > payment_due_at`,
    );
    await swapKeys(runner, 'orders_status_due (status, payment_due_at)', 'orders_due');
    await dropColumns(runner, 'orders', COLUMNS);
  }
}

async function swapKeys(runner: QueryRunner, added: string, dropped: string): Promise<void> {
  const [name = ''] = added.split(' ');
  if (!(await hasKey(runner, 'orders', name)))
    await givingWay(runner, `ALTER TABLE orders ADD KEY ${added}, ALGORITHM=INPLACE, LOCK=NONE`);
  if (await hasKey(runner, 'orders', dropped)) await givingWay(runner, `ALTER TABLE orders DROP KEY ${dropped}`);
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, dropColumns } from './columns.js';
import { givingWay } from './giving-way.js';
import { hasKey } from './has-key.js';
import { inSteps } from './in-steps.js';

const COLUMNS = { refunds_due_at: 'TIMESTAMP(3) NULL DEFAULT NULL' };

/**
 * From when on the provider is to be asked for the refunds of a payment of which more went back than its refunds here
 * tell. A column without a default is added at once, and the index while the sale goes on. What went back before this
 * version is asked for, too.
 */
export class OutsideRefunds1765000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'payments', COLUMNS);
    if (!(await hasKey(runner, 'payments', 'payments_refunds_due')))
      await givingWay(
        runner,
        'ALTER TABLE payments ADD KEY payments_refunds_due (refunds_due_at), ALGORITHM=INPLACE, LOCK=NONE',
      );
    await inSteps(
      runner,
      'payments',
      (from, to) =>
        `UPDATE payments p SET p.refunds_due_at = NOW(3)
         WHERE p.id > ${from} AND p.id <= ${to} AND p.amount_refunded > 0 AND p.refunds_due_at IS NULL
           AND p.amount_refunded > (
             SELECT COALESCE(SUM(r.amount), 0) FROM refunds r
             WHERE r.order_id <=> p.order_id AND r.transaction_id = p.transaction_id AND r.provider = p.provider
               AND r.status IN ('sent', 'confirmed') AND r.provider_refund_id IS NOT NULL)`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, 'payments', COLUMNS);
  }
}

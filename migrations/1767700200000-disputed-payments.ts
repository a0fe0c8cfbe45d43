import type { MigrationInterface, QueryRunner } from 'typeorm';
import { givingWay } from './giving-way.js';
import { hasKey } from './has-key.js';

/** Payments that are disputed, of which there are few, lead to their orders. The index is built while notices go on coming. */
export class DisputedPayments1767700200000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    if (!(await hasKey(runner, 'payments', 'payments_disputed')))
      await givingWay(
        runner,
        'ALTER TABLE payments ADD KEY payments_disputed (disputed_at, order_id), ALGORITHM=INPLACE, LOCK=NONE',
      );
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await hasKey(runner, 'payments', 'payments_disputed'))
      await givingWay(runner, 'ALTER TABLE payments DROP KEY payments_disputed');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { givingWay } from './giving-way.js';
import { hasKey } from './has-key.js';

/**
 * The payment events of an order: each order that is made looks for those that wait for it, however many wait for others.
 * The index is built while notices go on coming.
 */
export class NoticesByOrder1765300000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    if (!(await hasKey(runner, 'webhook_logs', 'webhook_logs_order')))
      await givingWay(
        runner,
        'ALTER TABLE webhook_logs ADD KEY webhook_logs_order (order_id, status), ALGORITHM=INPLACE, LOCK=NONE',
      );
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await hasKey(runner, 'webhook_logs', 'webhook_logs_order'))
      await givingWay(runner, 'ALTER TABLE webhook_logs DROP KEY webhook_logs_order');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';
import { givingWay } from './giving-way.js';

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';

/**
 * Which provider makes the session of an order: null where none does, so that nobody looks for its row. And when the order
 * was due before its session was open: null where that has not moved it.
 */
const OF_ORDERS: Columns = {
  payment_provider: `VARCHAR(20) ${ASCII} NULL DEFAULT NULL`,
  first_due_at: 'TIMESTAMP(3) NULL DEFAULT NULL',
};

/**
 * What a buyer pays by, for each order that asked for it, keyed by its hold, since an order's number is not known before
 * its COMMIT. Its `task` is the outbox: what is to be asked of the provider, and from when on. It goes with its hold. It
 * runs while a sale goes on: the foreign key needs `holds` for an instant, for which it gives way (see `givingWay`).
 */
export class PaymentSessions1766700000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'orders', OF_ORDERS);
    await givingWay(
      runner,
      `CREATE TABLE IF NOT EXISTS payment_sessions (
        hold_id BINARY(16) NOT NULL,
        provider VARCHAR(20) ${ASCII} NOT NULL,
        kind VARCHAR(10) ${ASCII} NOT NULL,
        return_url VARCHAR(2000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
        payment_seconds INT UNSIGNED NOT NULL,
        state VARCHAR(12) ${ASCII} NOT NULL DEFAULT 'preparing',
        session_id VARCHAR(255) ${ASCII} NULL,
        client_secret VARCHAR(500) ${ASCII} NULL,
        url VARCHAR(2000) ${ASCII} NULL,
        attempts INT UNSIGNED NOT NULL DEFAULT 0,
        last_error VARCHAR(100) ${ASCII} NULL,
        make_attempt INT UNSIGNED NOT NULL DEFAULT 1,
        asked_at TIMESTAMP(3) NULL DEFAULT NULL,
        task VARCHAR(5) ${ASCII} NULL,
        task_due_at TIMESTAMP(3) NULL DEFAULT NULL,
        task_tries INT UNSIGNED NOT NULL DEFAULT 0,
        PRIMARY KEY (hold_id),
        KEY payment_sessions_due (task, provider, task_due_at),
        CONSTRAINT payment_sessions_hold FOREIGN KEY (hold_id) REFERENCES holds (id) ON DELETE CASCADE
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await givingWay(runner, 'DROP TABLE IF EXISTS payment_sessions');
    await dropColumns(runner, 'orders', OF_ORDERS);
  }
}

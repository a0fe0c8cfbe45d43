import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which payment paid an order, the money that is owed back, and the keys of repeated requests. */
export class Payments1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Told apart from the payment that paid the order, any other money for it is owed back.
    if (!(await runner.hasColumn('orders', 'paid_transaction_id'))) {
      await runner.query(
        'ALTER TABLE orders ADD COLUMN paid_transaction_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL',
      );
    }
    // A payment is owed back once. Three decimals, since some currencies have them. order_id is no foreign key:
    // the money of an event whose order never came is owed back too.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS refunds (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        order_id BIGINT UNSIGNED NOT NULL,
        provider VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        transaction_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        amount DECIMAL(15,3) NULL,
        currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        status VARCHAR(20) NOT NULL,
        reason VARCHAR(255) NULL,
        provider_refund_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id),
        UNIQUE KEY refunds_payment (order_id, transaction_id),
        KEY refunds_status (status),
        CONSTRAINT refunds_status_known CHECK (status IN ('due', 'sent', 'confirmed', 'failed'))
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`);
    // Written with every hold and order that has a key, so the key itself is the primary key, and ASCII.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS idempotency_keys (
        scope VARCHAR(10) NOT NULL,
        idempotency_key VARCHAR(255) NOT NULL,
        content VARCHAR(64) NOT NULL,
        reference BINARY(16) NOT NULL,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        PRIMARY KEY (scope, idempotency_key),
        KEY idempotency_keys_created (created_at)
      ) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['idempotency_keys', 'refunds']) await runner.query(`DROP TABLE IF EXISTS ${table}`);
    if (await runner.hasColumn('orders', 'paid_transaction_id')) {
      await runner.query('ALTER TABLE orders DROP COLUMN paid_transaction_id');
    }
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Products, holds, orders and the payment notices. DDL commits by itself, so each statement can be run again
 * after an interruption. Each TIMESTAMP names its default: without one, older MariaDB gives the first column
 * of a table ON UPDATE CURRENT_TIMESTAMP, and using a hold would prolong it.
 */
export class CheckoutTables1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The CHECK is the last line of defence: whatever the code does, the database refuses to oversell.
    // stock_version grows with every change of the row, so that a cache can tell older figures from newer.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS products (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        name VARCHAR(255) NOT NULL,
        price DECIMAL(10,2) NOT NULL,
        stock_total INT UNSIGNED NOT NULL,
        stock_sold INT UNSIGNED NOT NULL DEFAULT 0,
        stock_held INT UNSIGNED NOT NULL DEFAULT 0,
        stock_version BIGINT UNSIGNED NOT NULL DEFAULT 1,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id),
        CONSTRAINT products_never_oversold CHECK (stock_sold + stock_held <= stock_total),
        CONSTRAINT products_price_not_negative CHECK (price >= 0)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS holds (
        id BINARY(16) NOT NULL,
        product_id BIGINT UNSIGNED NOT NULL,
        qty INT UNSIGNED NOT NULL,
        expires_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        used TINYINT UNSIGNED NOT NULL DEFAULT 0,
        released TINYINT UNSIGNED NOT NULL DEFAULT 0,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id),
        KEY holds_product_open (product_id, used, released, expires_at),
        CONSTRAINT holds_product FOREIGN KEY (product_id) REFERENCES products (id),
        CONSTRAINT holds_qty_positive CHECK (qty > 0)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS orders (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        hold_id BINARY(16) NOT NULL,
        status VARCHAR(20) NOT NULL,
        cancel_reason VARCHAR(20) NULL,
        amount DECIMAL(10,2) NOT NULL,
        payment_due_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id),
        UNIQUE KEY orders_hold (hold_id),
        KEY orders_status_due (status, payment_due_at),
        CONSTRAINT orders_hold FOREIGN KEY (hold_id) REFERENCES holds (id),
        CONSTRAINT orders_status_known CHECK (status IN ('pending_payment', 'paid', 'cancelled', 'refund_due'))
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`);
    // A notice may name an order that does not exist yet, so order_id is no foreign key.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS webhook_logs (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        idempotency_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        payload JSON NOT NULL,
        payload_hash BINARY(32) NOT NULL,
        status VARCHAR(20) NOT NULL,
        outcome VARCHAR(20) NULL,
        reason VARCHAR(60) NULL,
        order_id BIGINT UNSIGNED NULL,
        order_status VARCHAR(20) NULL,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        processed_at TIMESTAMP(3) NULL,
        PRIMARY KEY (id),
        UNIQUE KEY webhook_logs_key (idempotency_key),
        KEY webhook_logs_status (status, processed_at)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['webhook_logs', 'orders', 'holds', 'products'])
      await runner.query(`DROP TABLE IF EXISTS ${table}`);
  }
}

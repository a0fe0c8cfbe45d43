import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';
import { givingWay } from './giving-way.js';

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';

const OF_PRODUCTS: Columns = { max_per_customer: 'INT UNSIGNED NULL DEFAULT NULL' };

/**
 * How many units of a product one customer may have, and a row for each hold that has a buyer, by which that is counted. On
 * the product's row, since a grant depends on it. In a table of their own, since an index on holds would cost those that
 * have no buyer, too; it goes with its hold. It runs while a sale goes on: the foreign key needs `holds` for an instant, for
 * which it gives way (see `givingWay`), and holds that are there are read without a lock.
 */
export class CustomerLimits1765700000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'products', OF_PRODUCTS);
    await givingWay(
      runner,
      `CREATE TABLE IF NOT EXISTS customer_holds (
        hold_id BINARY(16) NOT NULL,
        customer_id VARCHAR(128) ${ASCII} NOT NULL,
        limit_key VARCHAR(128) ${ASCII} NOT NULL,
        product_id BIGINT UNSIGNED NOT NULL,
        units INT UNSIGNED NOT NULL,
        PRIMARY KEY (hold_id),
        KEY customer_holds_limit (limit_key, product_id, units),
        KEY customer_holds_customer (customer_id),
        CONSTRAINT customer_holds_hold FOREIGN KEY (hold_id) REFERENCES holds (id) ON DELETE CASCADE
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
    );
    // What their tokens said of limits is not known any more.
    await runner.query(`
      INSERT IGNORE INTO customer_holds (hold_id, customer_id, limit_key, product_id, units)
      SELECT h.id, h.customer_id, h.customer_id, h.product_id,
        IF(h.released, 0, IF(COALESCE(o.status, 'pending_payment') = 'pending_payment', h.qty, COALESCE(o.quantity_sold, 0)))
      FROM holds h LEFT JOIN orders o ON o.hold_id = h.id WHERE h.customer_id IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await givingWay(runner, 'DROP TABLE IF EXISTS customer_holds');
    await dropColumns(runner, 'products', OF_PRODUCTS);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was told last of each product: whether it has sold out, and when. What was so before is told to nobody. */
export class ProductAvailability1767800000000 implements MigrationInterface {
  name = 'ProductAvailability1767800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS product_availability (
        product_id BIGINT UNSIGNED NOT NULL,
        is_sold_out TINYINT UNSIGNED NOT NULL,
        told_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        PRIMARY KEY (product_id)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
    await runner.query(`
      INSERT IGNORE INTO product_availability (product_id, is_sold_out)
      SELECT id, 1 FROM products WHERE stock_held + stock_sold = stock_total`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS product_availability');
  }
}

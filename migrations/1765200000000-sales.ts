import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';
import { givingWay } from './giving-way.js';
import { hasKey } from './has-key.js';

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';

/**
 * What a grant depends on stands on the locked row. No column of them is a foreign key: its check would lock the sale
 * after the product, and a pause goes the other way.
 */
const OF_PRODUCTS: Columns = {
  sku: `VARCHAR(64) ${ASCII} NULL DEFAULT NULL`,
  currency: `CHAR(3) ${ASCII} NULL DEFAULT NULL`,
  sale_id: 'BIGINT UNSIGNED NULL DEFAULT NULL',
  on_sale_from: 'TIMESTAMP(3) NULL DEFAULT NULL',
  on_sale_until: 'TIMESTAMP(3) NULL DEFAULT NULL',
  is_paused: 'BOOLEAN NOT NULL DEFAULT FALSE',
};

const INDEXES: Columns = {
  products_sku: 'UNIQUE KEY products_sku (sku)',
  products_sale: 'KEY products_sale (sale_id)',
};

/**
 * Sales, and what of them stands on the products. It runs while a sale goes on: no row is written anew, since each column
 * is null or a constant by default (INSTANT refuses any other way), the indexes are built beside the writes (LOCK=NONE
 * refuses any other way), and the instant that each statement needs its table for is waited for at most a second at a
 * time (see `givingWay`). An instance of the version before does not know the columns, and goes on.
 */
export class Sales1765200000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS sales (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        name VARCHAR(255) NOT NULL,
        starts_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        ends_at TIMESTAMP(3) NULL DEFAULT NULL,
        ended_at TIMESTAMP(3) NULL DEFAULT NULL,
        paused_at TIMESTAMP(3) NULL DEFAULT NULL,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`);
    await addColumns(runner, 'products', OF_PRODUCTS);
    for (const [name, definition] of Object.entries(INDEXES)) {
      if (!(await hasKey(runner, 'products', name)))
        await givingWay(runner, `ALTER TABLE products ADD ${definition}, ALGORITHM=INPLACE, LOCK=NONE`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of Object.keys(INDEXES)) {
      if (await hasKey(runner, 'products', name)) await givingWay(runner, `ALTER TABLE products DROP KEY ${name}`);
    }
    await dropColumns(runner, 'products', OF_PRODUCTS);
    await runner.query('DROP TABLE IF EXISTS sales');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whether a product is on sale no more. On the row itself, since a grant depends on it: who locks the row knows. A column
 * with a constant default is added at once, whatever the size of the table.
 */
export class ArchivedProducts1764900000000 implements MigrationInterface {
  name = 'ArchivedProducts1764900000000';

  async up(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('products', 'is_archived')))
      await runner.query('ALTER TABLE products ADD COLUMN is_archived BOOLEAN NOT NULL DEFAULT FALSE');
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('products', 'is_archived'))
      await runner.query('ALTER TABLE products DROP COLUMN is_archived');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';

/** JSON as text, which both servers give back as it is. Null: nobody begins earlier. */
const EARLY: Columns = { early: 'VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL' };

/** Which groups of buyers begin before the others: of a sale, and of its products, by whose rows grants are decided. */
export class EarlyAccess1766600000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['sales', 'products']) await addColumns(runner, table, EARLY);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['sales', 'products']) await dropColumns(runner, table, EARLY);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';

/** Of refunds that were confirmed before it is not known. */
const ADDED: Columns = { is_counted: 'TINYINT(1) NOT NULL DEFAULT 0' };

/** Which refunds are confirmed by the figure of what went back alone. No row is written anew. */
export class CountedRefunds1768300000000 implements MigrationInterface {
  readonly transaction = false;

  up(runner: QueryRunner): Promise<void> {
    return addColumns(runner, 'refunds', ADDED);
  }

  down(runner: QueryRunner): Promise<void> {
    return dropColumns(runner, 'refunds', ADDED);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';

const COLUMNS: Columns = { unreachable_since: 'TIMESTAMP(3) NULL DEFAULT NULL' };

/** Since when the provider of a session does not say whether its order, which is past its deadline, was paid. At once. */
export class UnreachableSince1767200100000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'payment_sessions', COLUMNS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, 'payment_sessions', COLUMNS);
  }
}

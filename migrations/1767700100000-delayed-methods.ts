import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';

/** By table. Null: what the environment says; of an order that it was made before, and is kept for no payment that takes days. */
const ADDED: Readonly<Record<string, Columns>> = {
  sales: { processing_seconds: 'INT UNSIGNED NULL DEFAULT NULL' },
  orders: {
    processing_seconds: 'INT UNSIGNED NULL DEFAULT NULL',
    processing_at: 'TIMESTAMP(3) NULL DEFAULT NULL',
  },
};

/** For how long a payment that takes days keeps an order, and since when one is under way. No row is written anew. */
export class DelayedMethods1767700100000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(ADDED)) await addColumns(runner, table, columns);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(ADDED)) await dropColumns(runner, table, columns);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';

/** All null: of a payment that is not disputed, or was before these were kept. */
const ADDED: Columns = {
  dispute_id: 'VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL',
  dispute_status: 'VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL',
  dispute_reason: 'VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL',
};

/** Why a payment is disputed, and how that ended. No row is written anew. */
export class DisputeOutcomes1768200000000 implements MigrationInterface {
  readonly transaction = false;

  up(runner: QueryRunner): Promise<void> {
    return addColumns(runner, 'payments', ADDED);
  }

  down(runner: QueryRunner): Promise<void> {
    return dropColumns(runner, 'payments', ADDED);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { givingWay } from './giving-way.js';
import { hasKey } from './has-key.js';

/**
 * Entries of the audit log are found by what was changed: a customer's are, once he is forgotten. The index is built beside
 * the writes (LOCK=NONE refuses any other way), and the instant that the table is needed for is given way for.
 */
export class AuditTargets1767510000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    if (await hasKey(runner, 'audit_log', 'audit_log_target')) return;
    await givingWay(
      runner,
      'ALTER TABLE audit_log ADD KEY audit_log_target (target, target_id), ALGORITHM=INPLACE, LOCK=NONE',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await hasKey(runner, 'audit_log', 'audit_log_target'))
      await givingWay(runner, 'ALTER TABLE audit_log DROP KEY audit_log_target');
  }
}

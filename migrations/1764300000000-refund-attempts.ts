import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which try at a refund is the present one. Added at the end with a default: no row is written anew. */
export class RefundAttempts1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('refunds', 'attempt'))) {
      await runner.query('ALTER TABLE refunds ADD COLUMN attempt INT UNSIGNED NOT NULL DEFAULT 1');
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('refunds', 'attempt')) await runner.query('ALTER TABLE refunds DROP COLUMN attempt');
  }
}

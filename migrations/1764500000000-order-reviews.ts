import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Until when money that a person has to look at keeps an unpaid order. Null by default: no row is written anew. */
export class OrderReviews1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('orders', 'review_until'))) {
      await runner.query('ALTER TABLE orders ADD COLUMN review_until TIMESTAMP(3) NULL DEFAULT NULL');
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('orders', 'review_until'))
      await runner.query('ALTER TABLE orders DROP COLUMN review_until');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whose a hold is. Null by default, which is what all holds of before are, so that no row is written anew, however many
 * there are, and an instance of the version before goes on. INSTANT refuses to do it in any way that would keep buyers
 * waiting. It has no index: nobody looks for holds by it.
 */
export class HoldBuyers1765100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('holds', 'customer_id')) return;
    await runner.query(
      `ALTER TABLE holds ADD COLUMN customer_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL,
         ALGORITHM=INSTANT`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('holds', 'customer_id')) await runner.query('ALTER TABLE holds DROP COLUMN customer_id');
  }
}

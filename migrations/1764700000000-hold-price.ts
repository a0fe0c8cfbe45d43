import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The price of a unit when its hold was made. Null by default: no row is written anew, however many there are, and an
 * instance of the version before, which does not know the column, goes on. A hold without it is priced by its product
 * when its order is made, as before. INSTANT refuses to do it in any way that would keep buyers waiting.
 */
export class HoldPrice1764700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('holds', 'unit_price'))) {
      await runner.query('ALTER TABLE holds ADD COLUMN unit_price DECIMAL(15,3) NULL DEFAULT NULL, ALGORITHM=INSTANT');
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('holds', 'unit_price')) await runner.query('ALTER TABLE holds DROP COLUMN unit_price');
  }
}

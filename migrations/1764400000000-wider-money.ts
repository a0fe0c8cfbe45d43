import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Money as DECIMAL(15,3): currencies whose units are small need more digits than DECIMAL(10,2) has, and some have three
 * decimals. Changing the type copies the table while nobody can write to it, so each table is copied once, and the CHECK
 * on an order's status goes in the same statement: each state that is to come would else copy the table again, and the
 * guarded transitions of the code refuse what it refused.
 */
export class WiderMoney1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE products MODIFY price DECIMAL(15,3) NOT NULL');
    const checks = await runner.manager.query<unknown[]>(
      `SELECT constraint_name FROM information_schema.table_constraints
       WHERE table_schema = DATABASE() AND table_name = 'orders' AND constraint_name = 'orders_status_known'`,
    );
    const dropCheck = checks.length === 0 ? '' : 'DROP CONSTRAINT orders_status_known, ';
    await runner.query(`ALTER TABLE orders ${dropCheck}MODIFY amount DECIMAL(15,3) NOT NULL`);
  }

  /** Fails where an amount does not fit any more, and changes nothing then. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE orders MODIFY amount DECIMAL(10,2) NOT NULL,
         ADD CONSTRAINT orders_status_known CHECK (status IN ('pending_payment', 'paid', 'cancelled', 'refund_due'))`,
    );
    await runner.query('ALTER TABLE products MODIFY price DECIMAL(10,2) NOT NULL');
  }
}

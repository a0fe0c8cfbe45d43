import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';
import { givingWay } from './giving-way.js';
import { hasKey } from './has-key.js';

/** By table. Null: no limit; of a hold, that it was made outside of any sale. */
const ADDED: Readonly<Record<string, Columns>> = {
  sales: { max_per_customer: 'INT UNSIGNED NULL DEFAULT NULL' },
  products: { sale_max_per_customer: 'INT UNSIGNED NULL DEFAULT NULL' },
  customer_holds: { sale_id: 'BIGINT UNSIGNED NULL DEFAULT NULL' },
};

/** The index that holds are counted by, under its new name and its old one. What counts no more is not read by it. */
const KEYS = {
  customer_holds_units: '(limit_key, units, product_id, sale_id)',
  customer_holds_limit: '(limit_key, product_id, units)',
} as const;

/**
 * How many units one customer may have over all products of a sale. Holds are counted in the sale under which they were
 * made. It runs while a sale goes on: no row is written anew, and the index is built beside the writes.
 */
export class SaleLimits1765900000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(ADDED)) await addColumns(runner, table, columns);
    await replaceKey(runner, 'customer_holds_limit', 'customer_holds_units');
    await runner.query(
      'UPDATE customer_holds c JOIN holds h ON h.id = c.hold_id SET c.sale_id = h.sale_id WHERE h.sale_id IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await replaceKey(runner, 'customer_holds_units', 'customer_holds_limit');
    for (const [table, columns] of Object.entries(ADDED)) await dropColumns(runner, table, columns);
  }
}

async function replaceKey(runner: QueryRunner, from: keyof typeof KEYS, to: keyof typeof KEYS): Promise<void> {
  if (!(await hasKey(runner, 'customer_holds', to)))
    await givingWay(runner, `ALTER TABLE customer_holds ADD KEY ${to} ${KEYS[to]}, ALGORITHM=INPLACE, LOCK=NONE`);
  if (await hasKey(runner, 'customer_holds', from))
    await givingWay(runner, `ALTER TABLE customer_holds DROP KEY ${from}`);
}

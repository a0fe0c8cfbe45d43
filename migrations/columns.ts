import type { QueryRunner } from 'typeorm';
import { givingWay } from './giving-way.js';

/** Columns and what each is: all of them null or constant by default. */
export type Columns = Readonly<Record<string, string>>;

/** Adds those that are missing at once, whatever the size of the table: INSTANT refuses to do it in any other way. */
export async function addColumns(runner: QueryRunner, table: string, columns: Columns): Promise<void> {
  const missing: string[] = [];
  for (const [name, definition] of Object.entries(columns)) {
    if (!(await runner.hasColumn(table, name))) missing.push(`ADD COLUMN ${name} ${definition}`);
  }
  if (missing.length > 0) await givingWay(runner, `ALTER TABLE ${table} ${missing.join(', ')}, ALGORITHM=INSTANT`);
}

export async function dropColumns(runner: QueryRunner, table: string, columns: Columns): Promise<void> {
  const there: string[] = [];
  for (const name of Object.keys(columns)) {
    if (await runner.hasColumn(table, name)) there.push(`DROP COLUMN ${name}`);
  }
  if (there.length > 0) await givingWay(runner, `ALTER TABLE ${table} ${there.join(', ')}`);
}

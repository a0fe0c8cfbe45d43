import type { QueryRunner } from 'typeorm';

/** Whether a table has an index of this name: an interrupted migration is run again. */
export async function hasKey(runner: QueryRunner, table: string, name: string): Promise<boolean> {
  const rows = await runner.manager.query<unknown[]>(
    `SELECT 1 FROM information_schema.statistics
     WHERE table_schema = DATABASE() AND table_name = '${table}' AND index_name = '${name}' LIMIT 1`,
  );
  return rows.length > 0;
}

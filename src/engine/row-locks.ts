import { groupBy } from '../common/group-by.js';
import { uintLiteral, uuidLiteral } from '../database/sql.js';
import type { Transactions } from '../database/transactions.js';

/** Tables of rows that many requests may wait for. */
type Table = 'products' | 'sales' | 'holds' | 'orders';

/** Names of rows, as `RowLocks` speaks of them: the table and the literal of the id. */
export const rowName = {
  product: (id: number): string => `products ${uintLiteral(id)}`,
  sale: (id: number): string => `sales ${uintLiteral(id)}`,
  hold: (id: string): string => `holds ${uuidLiteral(id)}`,
  order: (id: number): string => `orders ${uintLiteral(id)}`,
};

/**
 * Which of the named rows somebody has locked at this moment. It takes the locks that are free and lets go of them at
 * once, and waits for none, so that it can be part of no deadlock.
 */
export async function findLockedRows(transactions: Transactions, names: readonly string[]): Promise<Set<string>> {
  const tables = [...groupBy(names, (name) => name.split(' ')[0] as Table)];
  const results = await transactions.once((tx) =>
    tx.read<{ id: number | Buffer }[][]>(
      ...tables.map(([table, ofTable]) => `${selectIds(table, ofTable)} FOR UPDATE SKIP LOCKED`),
      ...tables.map(([table, ofTable]) => selectIds(table, ofTable)),
    ),
  );
  const namesOf = (rows: { id: number | Buffer }[], index: number): string[] =>
    rows.map(({ id }) => `${tables[index]![0]} ${Buffer.isBuffer(id) ? `0x${id.toString('hex')}` : id}`);
  const free = results.slice(0, tables.length).flatMap(namesOf);
  const there = results.slice(tables.length).flatMap(namesOf);
  const locked = new Set(there);
  for (const name of free) locked.delete(name);
  return locked;
}

function selectIds(table: Table, names: readonly string[]): string {
  return `SELECT id FROM ${table} WHERE id IN (${names.map((name) => name.slice(table.length + 1)).join(',')})`;
}

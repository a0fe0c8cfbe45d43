import { expect } from '@jest/globals';
import type { Project } from './project.js';
import type { Acknowledged } from './rush.js';

/** Runs a statement in the database's container and returns the values of its first column. */
export type Query = (sql: string) => Promise<string[]>;

/** Everything that was acknowledged is in the database, and the counters say what the rows say. */
export async function expectNothingLost(project: Project, query: Query, noted: Acknowledged): Promise<void> {
  const holds = new Set(await query('SELECT LOWER(HEX(id)) FROM holds'));
  const orders = new Set(await query('SELECT id FROM orders'));
  const paid = new Set(await query("SELECT id FROM orders WHERE status = 'paid'"));
  expect(noted.holds.filter((id) => !holds.has(id.replaceAll('-', '')))).toEqual([]);
  expect(noted.orders.filter((id) => !orders.has(String(id)))).toEqual([]);
  expect(noted.paid.filter((id) => !paid.has(String(id)))).toEqual([]);
  const audit = await project.exec('app', 'node', 'dist/src/cli/main.js', 'stock:audit');
  expect(audit).toMatch(/No drift in \d+ products/);
}

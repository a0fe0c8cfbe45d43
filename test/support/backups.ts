import { type ExecFileException, execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabaseServer, startDatabase } from '../../scripts/servers.mjs';
import { closeDatabase, query } from './database.js';
import type { Environment } from './service.js';

/** The operators' scripts for the database, and what a database holds. */

export const DATABASE_SCRIPTS = join(import.meta.dirname, '../../deploy/database');

export const TABLES = [
  'products',
  'product_availability',
  'sales',
  'holds',
  'customer_holds',
  'orders',
  'webhook_logs',
  'payments',
  'payment_sessions',
  'refunds',
  'idempotency_keys',
  'commit_marks',
  'api_keys',
  'audit_log',
  'operator_sessions',
  'event_inbox',
  'events',
  'event_sequence',
  'webhook_endpoints',
  'webhook_deliveries',
  'migrations',
];

/** Runs a script of `deploy/database` in the folder `cwd`, with the environment of the tests and `overrides`. */
export function runScript(
  cwd: string,
  [script, ...args]: readonly [string, ...string[]],
  overrides: Environment = {},
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    const env = { ...process.env, ...overrides };
    execFile('sh', [join(DATABASE_SCRIPTS, script), ...args], { cwd, encoding: 'utf8', env }, done);
  });
}

/**
 * From here on the tests' database is on a server of their own in `dir`, which keeps a binary log. The users that
 * `create-users.sh` makes are the whole server's: on a shared one, specs would change each other's passwords.
 *
 * @returns the server, to be stopped.
 */
export async function useServerWithBinlog(dir: string): Promise<DatabaseServer> {
  await closeDatabase();
  const server = await startDatabase({ dir, flags: ['--log-bin=binlog', '--sync-binlog=0'] });
  const { host, port, username, password } = server;
  Object.assign(process.env, { DB_HOST: host, DB_PORT: String(port), DB_USERNAME: username, DB_PASSWORD: password });
  await runScript(dir, ['sql.sh', '-e', `CREATE DATABASE ${process.env.DB_DATABASE}`]);
  return server;
}

/** Passwords for `create-users.sh`, such as quoting must bear, and root's, in a folder that is made. */
export function writeSecrets(folder: string): void {
  mkdirSync(folder, { mode: 0o700 });
  for (const name of ['db_app_password', 'db_migrate_password', 'db_backup_password']) {
    writeFileSync(join(folder, name), `a "quoted\\" ${name}'`);
  }
  writeFileSync(join(folder, 'db_root_password'), process.env.DB_PASSWORD ?? '');
}

/** Everything that is in the tables, but for the number of the newest event, which a restore raises. */
export async function contents(): Promise<Record<string, object[]>> {
  const kept = TABLES.filter((table) => table !== 'event_sequence');
  const rows = await Promise.all(kept.map((table) => query(`SELECT * FROM ${table} ORDER BY 1`)));
  return Object.fromEntries(kept.map((table, index) => [table, rows[index]!]));
}

export async function tables(): Promise<string[]> {
  const rows = await query<{ name: string }>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
  );
  return rows.map(({ name }) => name).sort();
}

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';

const ROOT = join(import.meta.dirname, '../..');
const NAME = `${process.env.DB_DATABASE}_elsewhere`;

/** What `npm run cli` runs; a variable that is empty counts as unset. */
function launch(args: readonly string[], overrides: Readonly<Record<string, string>>) {
  const env = { ...process.env, NODE_OPTIONS: '', ...overrides };
  return new Promise<{ code: number; stdout: string; lines: string[] }>((resolve) => {
    const command = ['scripts/run.mjs', '--', 'node', 'dist/src/cli/main.js', ...args];
    execFile(process.execPath, command, { cwd: ROOT, env, encoding: 'utf8' }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, lines: stderr.split('\n') }),
    );
  });
}

describe('a command of the CLI', () => {
  it('migrates the database that its environment names, and says so first', async () => {
    await query(`DROP DATABASE IF EXISTS ${NAME}`);
    const { code, stdout, lines } = await launch(['migrate'], { DB_DATABASE: NAME });
    expect({ code, first: lines[0] }).toEqual({
      code: 0,
      first: `  Database: ${NAME} at ${process.env.DB_HOST}:${process.env.DB_PORT} (DB_HOST)`,
    });
    expect(stdout).toMatch(/^Migrated/);
    const tables = await query('SELECT 1 FROM information_schema.tables WHERE table_schema = ?', [NAME]);
    expect(tables.length).toBeGreaterThan(5);
    await query(`DROP DATABASE ${NAME}`);
  });

  const untold: Record<string, string>[] = [
    { APP_ENV: 'production', DB_USERNAME: '', DB_PASSWORD: '', DB_PORT: '' },
    {},
  ];
  it.each(untold)('audits no private database in place of the one that is meant: %j', async (env) => {
    const { code, stdout, lines } = await launch(['stock:audit'], { ...env, DB_HOST: '' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(lines[0]).toContain('DB_HOST is not');
  });
});

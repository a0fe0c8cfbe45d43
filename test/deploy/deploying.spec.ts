import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DatabaseServer } from '../../scripts/servers.mjs';
import { useServerWithBinlog, writeSecrets } from '../support/backups.js';
import { layCheckout } from '../support/checkout-folder.js';
import { commandsOf, Shell } from '../support/documents.js';

/**
 * The commands of docs/deploying.md that need a database, run in their order as they are printed, in a folder that looks
 * like a fresh checkout. Of the environment they get what an operator's would have to bring: where Redis is, and the
 * database's port, since the page goes by the default one.
 */
const PAGE = 'docs/deploying.md';
const dir = mkdtempSync(join(tmpdir(), 'deploying-'));
const checkout = join(dir, 'checkout');

let server: DatabaseServer;
let shell: Shell;

beforeAll(async () => {
  server = await useServerWithBinlog(join(dir, 'server'));
  layCheckout(checkout);
  writeSecrets(join(checkout, 'deploy/secrets'));
  const { PATH, HOME, APP_ENV, LOG_LEVEL, DB_PORT, REDIS_HOST, REDIS_PORT, REDIS_DATABASE } = process.env;
  const env = { PATH, HOME, APP_ENV, LOG_LEVEL, DB_PORT, REDIS_HOST, REDIS_PORT, REDIS_DATABASE };
  shell = new Shell({ cwd: checkout, env });
  await shell.run('set -euo pipefail');
}, 300_000);

afterAll(async () => {
  await shell.close();
  await server.stop();
  rmSync(dir, { recursive: true });
});

describe(PAGE, () => {
  it.each(commandsOf(PAGE, 'database'))('prints commands that succeed in their order: $heading', async ({ code }) => {
    await shell.run(code);
  });

  it('leaves a backup, the log since, and a database whose counters are right', async () => {
    expect(existsSync(join(checkout, 'checkout.sql.gz'))).toBe(true);
    expect(readdirSync(join(checkout, 'binlog')).length).toBeGreaterThan(0);
    const audit = 'DB_USERNAME=checkout_app DB_PASSWORD_FILE=deploy/secrets/db_app_password';
    expect(await shell.run(`${audit} node dist/src/cli/main.js stock:audit`)).toContain('No drift');
  });
});

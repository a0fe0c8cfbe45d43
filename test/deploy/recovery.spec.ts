import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DatabaseServer } from '../../scripts/servers.mjs';
import { migrate } from '../../src/cli/database-commands.js';
import { auditStock } from '../../src/cli/operation-commands.js';
import { loadConfig } from '../../src/config/config.js';
import { contents, DATABASE_SCRIPTS, runScript, useServerWithBinlog, writeSecrets } from '../support/backups.js';
import { closeDatabase, execute, query } from '../support/database.js';
import { newestEvent, untilEventsHaveNumbers } from '../support/events.js';
import { eventually } from '../support/eventually.js';
import {
  createOrder,
  createPaidOrder,
  createProduct,
  noticeOf,
  notify,
  type Order,
  orderOf,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

/**
 * The scripts run as the users that `create-users.sh` makes, with the files of their passwords named as an operator
 * would, relative to where he stands.
 */
const dir = mkdtempSync(join(tmpdir(), 'recovery-'));
let server: DatabaseServer;
let service: Service;
let product: number;

const as = (username: string, passwordFile: string) => ({
  DB_USERNAME: username,
  DB_PASSWORD: '',
  DB_PASSWORD_FILE: `secrets/${passwordFile}`,
});
const backupUser = as('checkout_backup', 'db_backup_password');
const migrateUser = as('checkout_migrate', 'db_migrate_password');

const backup = () => runScript(dir, ['backup.sh', 'checkout.sql.gz'], backupUser);
const keepBinlog = (folder = 'binlog') => runScript(dir, ['keep-binlog.sh', folder], backupUser);
const keptLogs = (): string[] =>
  readdirSync(join(dir, 'binlog'))
    .filter((name) => !name.startsWith('.'))
    .map((name) => `binlog/${name}`);

/** Where the binary log ends now, as `restore.sh` takes it. */
async function binlogEnd(): Promise<string> {
  const status = await query<{ File: string; Position: number }>('SHOW BINARY LOG STATUS').catch(() =>
    query<{ File: string; Position: number }>('SHOW MASTER STATUS'),
  );
  return `${status[0]!.File}:${status[0]!.Position}`;
}

/**
 * The first second in which nothing was written yet, as the database says it in UTC, once all is written: the log has the
 * times of COMMITs, which may be a second after those of the rows.
 */
async function nextSecond(): Promise<string> {
  const second = async (): Promise<string> => {
    const [row] = await query<{ now: string }>(`SELECT DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%d %H:%i:%s') AS now`);
    return row!.now;
  };
  const last = await second();
  return eventually(async () => {
    const now = await second();
    if (now <= last) throw new Error('That second is not over');
    return now;
  });
}

beforeAll(async () => {
  server = await useServerWithBinlog(join(dir, 'server'));
  const secrets = join(dir, 'secrets');
  writeSecrets(secrets);
  await migrate(loadConfig(process.env));
  service = await startService();
  const database = service.config.database.name;
  const statements = execFileSync('sh', [join(DATABASE_SCRIPTS, 'create-users.sh'), database, secrets]).toString();
  for (const statement of statements.split(';\n').filter((line) => line.trim() !== '')) await execute(statement);
  product = (await createProduct(service, { stock_total: 100 })).id;
}, 300_000);

afterAll(async () => {
  await service.stop();
  await closeDatabase();
  await server.stop();
  rmSync(dir, { recursive: true });
});

/** The database is lost and brought back; the service goes on with what is there then. */
async function recover(...args: string[]): Promise<{ code: number; output: string }> {
  await service.stop();
  await closeDatabase();
  const user = args.includes('--until') ? as(process.env.DB_USERNAME!, 'db_root_password') : migrateUser;
  const result = await runScript(dir, ['restore.sh', '--replace', ...args], user);
  service = await startService();
  return result;
}

describe('a backup and the binary log since', () => {
  let before: Order;
  let after: Order;
  let lost: Order;
  let kept: Record<string, object[]>;
  let instant: string;
  let position: string;

  beforeAll(async () => {
    before = await createPaidOrder(service, { product_id: product });
    // Nothing else is said: somebody gets it by mail every day.
    expect(await backup()).toEqual({
      code: 0,
      output: expect.stringMatching(/^The backup is in \S+ \(\d+ bytes\)\.\n$/),
    });
    expect(await keepBinlog()).toMatchObject({ code: 0 });
    after = await createPaidOrder(service, { product_id: product, quantity: 2 });
    await execute('FLUSH BINARY LOGS');
    await untilEventsHaveNumbers();
    kept = await contents();
    position = await binlogEnd();
    instant = await nextSecond();
    lost = await createPaidOrder(service, { product_id: product });
    expect(await keepBinlog()).toMatchObject({ code: 0 });
  });

  it.each(['instant', 'position'])('bring back all that was before an %s, and nothing after it', async (kind) => {
    const until = kind === 'instant' ? instant : position;
    expect(await recover('--until', until, 'checkout.sql.gz', ...keptLogs())).toEqual({
      code: 0,
      output: expect.stringContaining('is as it was'),
    });
    expect(await contents()).toEqual(kept);
    expect(await orderOf(before.hold_id)).toMatchObject([{ id: before.order_id, status: 'paid' }]);
    expect(await orderOf(after.hold_id)).toMatchObject([{ id: after.order_id, status: 'paid' }]);
    expect(await orderOf(lost.hold_id)).toEqual([]);
    await auditStock(service.config, { isRepairing: false });
  });

  it('are refused before anything is deleted when a file of the log is missing', async () => {
    const logs = keptLogs();
    expect(logs.length).toBeGreaterThan(1);
    const present = await contents();
    expect(await recover('--until', instant, 'checkout.sql.gz', ...logs.slice(-1))).toEqual({
      code: 1,
      output: expect.stringMatching(/Of the binary log \S+ is missing/),
    });
    expect(await contents()).toEqual(present);
  });

  it('never give a lost number to another buyer, whose order a lost buyer’s notice would pay', async () => {
    expect(await recover('checkout.sql.gz')).toMatchObject({ code: 0 });
    expect(await orderOf(lost.hold_id)).toEqual([]);
    expect((await notify(service, noticeOf(lost))).body).toEqual({ result: 'pending_order' });
    const next = await createOrder(service, { product_id: product });
    expect(next.order_id).toBeGreaterThan(lost.order_id + 1_000_000);
    expect((await createProduct(service)).id).toBeGreaterThan(product + 1_000_000);
    expect(await orderOf(next.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });
});

describe('the binary log of another server', () => {
  it('gets no file of this one, and who keeps it is told so', async () => {
    const newest = 'binlog.900000';
    mkdirSync(join(dir, 'binlog-before'));
    writeFileSync(join(dir, 'binlog-before', newest), '');
    const refused = await keepBinlog('binlog-before');
    expect(refused).toEqual({ code: 1, output: expect.stringMatching(`has no ${newest}[^]*an empty folder`) });
    expect(readdirSync(join(dir, 'binlog-before'))).toEqual(['.partial', newest]);
    expect(await keepBinlog('binlog-since')).toMatchObject({ code: 0 });
    expect(readdirSync(join(dir, 'binlog-since')).length).toBeGreaterThan(1);
  });
});

describe('a replica that was promoted without the last transactions', () => {
  it('gets numbers that nobody had, by raise-numbers.sh', async () => {
    const last = await createOrder(service, { product_id: product });
    const event = await newestEvent(service);
    expect(await runScript(dir, ['raise-numbers.sh', '5000'], migrateUser)).toMatchObject({ code: 0 });
    const next = await createOrder(service, { product_id: product });
    expect(next.order_id).toBe(last.order_id + 5001);
    await eventually(async () => expect(await newestEvent(service)).toBeGreaterThan(event + 5000));
  });

  it('can note migrations afterwards, whose numbers end soon after two billion', async () => {
    const before = await query('SHOW CREATE TABLE migrations');
    expect(await runScript(dir, ['raise-numbers.sh'], migrateUser)).toMatchObject({ code: 0 });
    expect(await query('SHOW CREATE TABLE migrations')).toEqual(before);
  });
});

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { actOfCli } from '../../src/access/operator.js';
import { auditStock } from '../../src/cli/operation-commands.js';
import { driftOf, StockAuditService } from '../../src/operations/stock-audit.service.js';
import { Dispatching } from '../../src/deliveries/dispatching.js';
import { AvailabilityTelling } from '../../src/products/availability-telling.js';
import { ProductsService } from '../../src/products/products.service.js';
import { untilEventsHaveNumbers } from '../support/events.js';
import { contents, DATABASE_SCRIPTS, runScript, TABLES, tables } from '../support/backups.js';
import { bearer, KeyFile, shopKey, signedToken } from '../support/buyers.js';
import { closeDatabase, execute } from '../support/database.js';
import {
  adminHeaders,
  createEndpoint,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  giveBack,
  noticeOf,
  notify,
  UNKNOWN_ID,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';
import { orderWith } from '../support/stripe-sales.js';

const dir = mkdtempSync(join(tmpdir(), 'backup-'));
const file = join(dir, 'checkout.sql.gz');
afterAll(() => rmSync(dir, { recursive: true }));

const run = (...command: [string, ...string[]]) => runScript(dir, command);

/** Money that comes too late for the only unit, so that it is owed back. */
async function refundOne(service: Service): Promise<void> {
  const { id } = await createProduct(service, { stock_total: 1 });
  const late = await createOrder(service, { product_id: id });
  await giveBack(service, late.hold_id);
  await createPaidOrder(service, { product_id: id });
  await notify(service, noticeOf(late));
}

describe('backup and restore', () => {
  it('bring back every product, hold, order and payment event, without drift, after the database was destroyed', async () => {
    const key = shopKey('HS256');
    const stripe = { STRIPE_API_KEY: 'sk_test_key', STRIPE_API_BASE: 'http://127.0.0.1:9' };
    const service = await startService(new KeyFile([key]).env('optional', stripe));
    const { id } = await createProduct(service, { name: "Sneaker '); DROP TABLE holds; -- ✓", stock_total: 20 });
    await createHold(service, { product_id: id, quantity: 2 });
    await giveBack(service, (await createHold(service, { product_id: id })).hold_id);
    await createOrder(service, { product_id: id });
    await orderWith(service);
    await createPaidOrder(service, { product_id: id, quantity: 3 });
    await notify(service, noticeOf({ order_id: UNKNOWN_ID }));
    await refundOne(service);
    await service.call(
      'POST',
      '/api/holds',
      { product_id: id, quantity: 1 },
      { 'idempotency-key': 'the-key-of-this-test' },
    );
    await createHold(service, {}, bearer(await signedToken(key)));
    await service.app.get(ProductsService).restockProduct(actOfCli(), id, 5);
    await createSale(service);
    await service.call('POST', '/api/admin/keys', { name: 'warehouse', scopes: ['read'] }, adminHeaders(service));
    const console = { ...adminHeaders(service), 'console-request': '1', 'sec-fetch-site': 'same-origin' };
    expect((await service.call('POST', '/api/admin/session', undefined, console)).status).toBe(201);
    await createProduct(service, { stock_total: 0 });
    await service.app.get(AvailabilityTelling).tellChanges();
    const endpoint = await createEndpoint(service);
    await createOrder(service);
    await untilEventsHaveNumbers();
    await service.app.get(Dispatching).dispatch(endpoint.id);
    const before = await contents();
    expect(await tables()).toEqual([...TABLES].sort());
    expect(Object.keys(before).filter((table) => before[table]!.length === 0)).toEqual(['event_inbox']);
    expect(await run('backup.sh', file)).toEqual({
      code: 0,
      output: expect.stringContaining(`The backup is in ${file}`),
    });
    await service.stop();

    await execute(`DROP DATABASE ${process.env.DB_DATABASE}`);
    await closeDatabase();
    expect(await run('restore.sh', file)).toEqual({ code: 0, output: expect.stringContaining('is as it was') });

    expect(await contents()).toEqual(before);
    const restored = await startService();
    // What `stock:audit` runs: it fails on drift.
    await auditStock(restored.config, { isRepairing: false });
    const proofs = await restored.app.get(StockAuditService).auditStock();
    expect(proofs.find(({ product_id }) => product_id === id)).toMatchObject({ stock_held: 4, stock_sold: 3 });
    expect((await createHold(restored, { product_id: id })).status).toBe('active');
    await restored.stop();
  });

  it('take a backup of one moment while the sale goes on', async () => {
    const service = await startService();
    const { id } = await createProduct(service, { stock_total: 100_000 });
    let isOver = false;
    const sale = (async () => {
      while (!isOver) await Promise.all(Array.from({ length: 10 }, () => createPaidOrder(service, { product_id: id })));
    })();
    const backup = await run('backup.sh', file);
    isOver = true;
    await sale;
    expect(backup.code).toBe(0);
    await service.stop();
    expect((await run('restore.sh', '--replace', file)).code).toBe(0);
    await closeDatabase();
    const restored = await startService();
    const proofs = await restored.app.get(StockAuditService).auditStock(id);
    expect(proofs.map(driftOf)).toEqual([0]);
    await restored.stop();
  });

  it('go through standard output and input where no file is at hand, and fail as a whole there, too', async () => {
    const script = (name: string): string => join(DATABASE_SCRIPTS, name);
    const pipe = (command: string) =>
      spawnSync('bash', ['-o', 'pipefail', '-c', command], { cwd: dir, encoding: 'utf8', env: process.env });
    const before = await contents();
    const backup = pipe(`sh ${script('backup.sh')} - > piped.sql.gz`);
    expect(backup).toMatchObject({ status: 0, stdout: '' });
    await closeDatabase();
    expect(pipe(`sh ${script('restore.sh')} --replace - < piped.sql.gz`)).toMatchObject({ status: 0 });
    expect(await contents()).toEqual(before);
    expect(pipe(`DB_PORT=1 sh ${script('backup.sh')} - > piped.sql.gz`).status).not.toBe(0);
  });

  it('can be read by nobody else', () => {
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  it('do not write over a database that has tables, unless told so', async () => {
    const before = await contents();
    const refused = await run('restore.sh', file);
    expect(refused).toEqual({ code: 1, output: expect.stringContaining('--replace deletes them first') });
    expect(await contents()).toEqual(before);
  });

  it('do not restore a file that was cut short', async () => {
    const cut = join(dir, 'cut.sql.gz');
    const text = gunzipSync(readFileSync(file)).toString();
    writeFileSync(cut, gzipSync(text.slice(0, text.length / 2)));
    expect(await run('restore.sh', '--replace', cut)).toEqual({
      code: 1,
      output: expect.stringContaining('not a complete backup'),
    });
  });

  it('leave no file behind when the database can not be read', async () => {
    const port = process.env.DB_PORT;
    process.env.DB_PORT = '1';
    const failed = await run('backup.sh', join(dir, 'failed.sql.gz'));
    process.env.DB_PORT = port;
    expect(failed.code).toBe(1);
    expect(() => statSync(join(dir, 'failed.sql.gz'))).toThrow('ENOENT');
  });

  it('leave the last good file when the disk is full at the end of the next', async () => {
    const bin = join(dir, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'gzip'), '#!/bin/sh\ncat > /dev/null\nprintf 0123456789\nexit 1\n', { mode: 0o755 });
    const before = readFileSync(file);
    const failed = await runScript(dir, ['backup.sh', file], { PATH: `${bin}:${process.env.PATH}` });
    expect(failed).toEqual({ code: 1, output: expect.stringContaining('The backup failed') });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('need no room for temporary files to tell how they ended', async () => {
    expect((await runScript(dir, ['backup.sh', file], { TMPDIR: join(dir, 'nowhere') })).code).toBe(0);
  });
});

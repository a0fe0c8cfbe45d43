import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { type DatabaseServer, startDatabase } from '../../scripts/servers.mjs';
import { resetDatabase } from '../../src/cli/database-commands.js';
import { loadConfig } from '../../src/config/config.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/expectations.js';
import { adminHeaders, type Hold, noticeOf, notify, type Order, type Product, taken } from '../support/factories.js';
import { type Answer, type Service, startService } from '../support/service.js';

/** What was answered is kept: a database of this file's own is killed in the middle of a sale and started again. */
const DIR = join(import.meta.dirname, `../../.local/test/killed-database-${process.env.JEST_WORKER_ID ?? '1'}`);
const STOCK = 5000;

let database: DatabaseServer;
let service: Service;
let env: Record<string, string>;

beforeAll(async () => {
  database = await startDatabase({ dir: DIR, flags: ['--innodb-flush-log-at-trx-commit=1'] });
  const { host, port, username, password } = database;
  env = { DB_HOST: host, DB_PORT: String(port), DB_USERNAME: username, DB_PASSWORD: password };
  await resetDatabase(loadConfig({ ...process.env, ...env }), false);
  service = await startService(env);
});

afterAll(async () => {
  await service.stop();
  await database.stop();
});

async function selectFromKilled<Row>(sql: string, values: unknown[]): Promise<Row[]> {
  const { host, port, username: user, password } = database;
  const connection = await createConnection({ host, port, user, password, database: service.config.database.name });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql, values);
    return rows as Row[];
  } finally {
    await connection.end();
  }
}

/** Buys one unit after the other until the database is gone, and returns what was answered. */
async function buyUntilGone(productId: number): Promise<{ holds: string[]; paid: number[]; last: Answer }> {
  const [holds, paid]: [string[], number[]] = [[], []];
  for (;;) {
    const hold = await service.call('POST', '/api/holds', { product_id: productId, quantity: 1 });
    if (hold.status !== 201) return { holds, paid, last: hold };
    holds.push((hold.body as unknown as Hold).hold_id);
    const order = await service.call('POST', '/api/orders', { hold_id: holds.at(-1) });
    if (order.status !== 201) return { holds, paid, last: order };
    const payment = await notify(service, noticeOf(order.body as unknown as Order));
    if (payment.status !== 200) return { holds, paid, last: payment };
    paid.push((order.body as unknown as Order).order_id);
  }
}

it('keeps its temporary files to itself: another server that starts would delete them', async () => {
  const [row] = await selectFromKilled<{ folder: string }>('SELECT @@tmpdir AS folder', []);
  expect(row!.folder).toBe(join(DIR, 'tmp'));
});

describe('when the database is killed', () => {
  it('says so while it is gone, serves again once it is back, and has lost nothing that was answered', async () => {
    const body = { name: 'sold in a storm', price: '5.00', stock_total: STOCK };
    const { id } = taken<Product>(await service.call('POST', '/api/admin/products', body, adminHeaders(service)), 201);
    const buyers = Array.from({ length: 8 }, () => buyUntilGone(id));
    await eventually(async () => {
      const [row] = await selectFromKilled<{ stock_sold: number }>('SELECT stock_sold FROM products WHERE id = ?', [
        id,
      ]);
      expect(row!.stock_sold).toBeGreaterThan(50);
    });
    database.kill('SIGKILL');
    const bought = await Promise.all(buyers);
    await database.gone();

    for (const { last } of bought) expectProblem(last, 'UNAVAILABLE');
    expectProblem(await service.call('GET', '/health/ready'), 'UNAVAILABLE');
    expect(taken(await service.call('GET', '/health/live'), 200)).toEqual({ status: 'ok' });

    await database.restart();
    await eventually(async () => taken(await service.call('GET', '/health/ready'), 200));
    const held = await selectFromKilled<{ id: string }>('SELECT LOWER(HEX(id)) AS id FROM holds WHERE product_id = ?', [
      id,
    ]);
    const found = new Set(held.map((row) => row.id));
    const lost = bought.flatMap(({ holds }) => holds).filter((holdId) => !found.has(holdId.replaceAll('-', '')));
    expect(lost).toEqual([]);
    const orders = await selectFromKilled<{ id: number }>("SELECT id FROM orders WHERE status = 'paid'", []);
    const paid = new Set(orders.map((row) => row.id));
    expect(bought.flatMap((buyer) => buyer.paid).filter((orderId) => !paid.has(orderId))).toEqual([]);
    const [product] = await selectFromKilled<{ stock_held: number; stock_sold: number }>(
      'SELECT stock_held, stock_sold FROM products WHERE id = ?',
      [id],
    );
    expect(product).toEqual({ stock_sold: orders.length, stock_held: held.length - orders.length });
    // Readiness asks by a connection of its own, and may know of it a moment before the others.
    await eventually(async () => taken(await service.call('POST', '/api/holds', { product_id: id, quantity: 1 }), 201));
  });
});

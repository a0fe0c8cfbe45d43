import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rushCommand } from '../../src/cli/rush-command.js';
import { capturePrinted } from '../support/cli.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import { adminHeaders, createKey, createPaidOrder, createProduct, keyHeaders, taken } from '../support/factories.js';
import { PATIENT, type Service, startService } from '../support/service.js';

const dir = mkdtempSync(join(tmpdir(), 'rush-'));
let service: Service;
const printed = capturePrinted();

beforeAll(async () => {
  service = await startService(PATIENT);
});
afterAll(() => rmSync(dir, { recursive: true }));

/** What the database has of the latest rush. */
async function lastRush() {
  const [product] = await query<{
    id: number;
    stock_total: number;
    stock_held: number;
    stock_sold: number;
    is_archived: number;
  }>(
    `SELECT id, stock_total, stock_held, stock_sold, is_archived FROM products WHERE name LIKE 'Rush %' ORDER BY id DESC LIMIT 1`,
  );
  return product!;
}

describe('rush', () => {
  it('of 1,000 buyers sells exactly the 100 units that there are, says so, and draws it', async () => {
    const svg = join(dir, 'rush.svg');
    await rushCommand(service.config, { buyers: 1000, units: 100, url: service.url, svg });
    const product = await lastRush();
    expect(product).toMatchObject({ stock_total: 100, stock_held: 0, stock_sold: 100, is_archived: 1 });
    await expectStockIdentity(product.id);
    const [row] = await query<{ count: number }>(
      `SELECT COUNT(*) AS count FROM orders o JOIN holds h ON h.id = o.hold_id WHERE h.product_id = ? AND o.status = 'paid'`,
      [product.id],
    );
    expect(Number(row!.count)).toBe(100);
    expect(printed.text).toMatch(/\n1000 +100 +100 +900 +0 +0 +\d+ +\d+ +\d+\.\d\d\n/);
    const picture = readFileSync(svg, 'utf8');
    expect(picture).toContain('1,000 buyers, 100 units: 100 sold, oversold 0');
    expect(picture.match(/<rect class="paid"[^>]+width="6"/g)).toHaveLength(100);
    expect(picture.match(/<circle class="refused"[^>]+r="2"/g)).toHaveLength(900);
  });

  it('leaves units that nobody wants', async () => {
    await rushCommand(service.config, { buyers: 3, units: 5, url: service.url });
    expect(await lastRush()).toMatchObject({ stock_total: 5, stock_held: 0, stock_sold: 3 });
  });

  it('fails where units are left that buyers wanted, and says what kept them from it', async () => {
    const plan = { buyers: 5, units: 2, url: service.url };
    await execute('RENAME TABLE webhook_logs TO webhook_logs_away');
    try {
      await expect(rushCommand(service.config, plan)).rejects.toThrow(/Only 0 of 2 units.*2 NOT_PAID/);
    } finally {
      await execute('RENAME TABLE webhook_logs_away TO webhook_logs');
    }
  });

  it('is for a service of this machine, and not for production', async () => {
    const plan = { buyers: 1, units: 1, url: service.url };
    await expect(rushCommand({ ...service.config, appEnv: 'production' }, plan)).rejects.toThrow(/local start/);
    await expect(rushCommand(service.config, { ...plan, url: 'https://shop.example' })).rejects.toThrow(/this machine/);
    await expect(rushCommand(service.config, { ...plan, buyers: 20_001 })).rejects.toThrow(/1 to 20000/);
  });
});

describe('a rush from the console', () => {
  const PATH = '/api/admin/rush';
  let local: Service;
  let other: Service;
  beforeAll(async () => {
    const start = () => startService({ APP_ENV: 'local', ...PATIENT });
    [local, other] = await Promise.all([start(), start()]);
  });

  const begin = (from: Service, body: object) => from.call('POST', PATH, body, adminHeaders(from));
  const latest = async (from: Service) =>
    taken<{ rush: Record<string, unknown> | null }>(await from.call('GET', PATH, undefined, adminHeaders(from)), 200)
      .rush;

  it('runs once, whichever instances are asked, and each tells what the database sold', async () => {
    for (const from of [local, other]) await eventually(async () => expect(await latest(from)).toBeNull());
    const product = await createProduct(local, { stock_total: 21 });
    await createPaidOrder(local, { product_id: product.id });
    const plan = { product_id: product.id, buyers: 500 };
    const begun = await Promise.all([local, other].map((from) => begin(from, plan)));
    const [first, second] = begun.map((answer) => taken<{ rush: { id: string } }>(answer, 202).rush);
    expect(second).toMatchObject({ id: first!.id, state: 'running' });
    for (const from of [local, other])
      await eventually(async () =>
        expect(await latest(from)).toEqual({
          ...{ id: first!.id, state: 'done', product_id: product.id, product_name: product.name, buyers: 500 },
          ...{ paid: 20, refused: 480, failed: 0, stock: { available: 0, held: 0, sold: 21 } },
          outcome: {
            ...{ units: 20, sold: 20, oversold: 0, reasons: { INSUFFICIENT_STOCK: 480 } },
            ...{ seconds: expect.any(Number), p50_ms: expect.any(Number), p99_ms: expect.any(Number) },
          },
        }),
      );
    await expectStockIdentity(product.id);
  });

  it('is for a local start, and for who may change products', async () => {
    const { id } = await createProduct(local);
    const plan = { product_id: id, buyers: 1 };
    expectProblem(await begin(service, plan), 'ROUTE_NOT_FOUND');
    expectProblem(await service.call('GET', PATH, undefined, adminHeaders(service)), 'ROUTE_NOT_FOUND');
    const reader = keyHeaders(await createKey(local, ['read']));
    await eventually(async () => taken(await local.call('GET', PATH, undefined, reader), 200));
    expectProblem(await local.call('POST', PATH, plan, reader), 'SCOPE_MISSING');
    expectProblem(await begin(local, { ...plan, buyers: 20_001 }), 'VALIDATION_FAILED');
    expectProblem(await begin(local, { ...plan, product_id: 999_999_999 }), 'PRODUCT_NOT_FOUND');
  });

  it('says so where there is no Redis to tell of it', async () => {
    const { id } = await createProduct(local);
    const alone = await startService({ APP_ENV: 'local', REDIS_PORT: '1' });
    expectProblem(await begin(alone, { product_id: id, buyers: 1 }), 'UNAVAILABLE');
    await alone.stop();
  });
});

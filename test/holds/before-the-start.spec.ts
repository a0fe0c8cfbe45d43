import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DatabaseProxy } from '../support/database-proxy.js';
import { query } from '../support/database.js';
import { expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createProduct,
  createSale,
  inSeconds,
  requestHold,
  taken,
  unique,
} from '../support/factories.js';
import { type Answer, PATIENT, type Service, startService } from '../support/service.js';

/** Who comes before the start is refused without a transaction, and nobody who comes after it. */

let proxy: DatabaseProxy;
let service: Service;
let neighbour: Service;
beforeAll(async () => {
  proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
  [service, neighbour] = await Promise.all([
    startService({ ...proxy.env, ...PATIENT, ROLES: 'api' }),
    startService({ ROLES: 'api' }),
  ]);
});
afterAll(async () => {
  await service.stop();
  await proxy.goAway();
});

const locks = (): number => proxy.queries.filter((sql) => /`products`[^]*FOR UPDATE/.test(sql)).length;

async function productFrom(starts_at: string): Promise<{ productId: number; saleId: number }> {
  const { id: saleId } = await createSale(neighbour, { starts_at });
  const { id: productId } = await createProduct(neighbour, { sale_id: saleId, stock_total: 1000 });
  return { productId, saleId };
}

/** How long a figure stays in the memory of an instance. */
const FRESH_MS = 400;

describe('before the start of a sale', () => {
  it('refusals cost no transaction each: one in a while, however many there are', async () => {
    const { productId } = await productFrom(inSeconds(600));
    const startedAt = performance.now();
    proxy.queries = [];
    for (let time = 0; time < 200; time++) {
      const refused = await requestHold(service, productId);
      expectProblem(refused, 'SALE_NOT_STARTED');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(500);
    }
    expect(locks()).toBeLessThanOrEqual(2 + (performance.now() - startedAt) / FRESH_MS);
  });

  it('a request with a key is looked up each time', async () => {
    const { productId } = await productFrom(inSeconds(600));
    expectProblem(await requestHold(service, productId), 'SALE_NOT_STARTED');
    proxy.queries = [];
    for (let time = 0; time < 5; time++) {
      const headers = { 'idempotency-key': unique('key') };
      const body = { product_id: productId, quantity: 1 };
      expectProblem(await service.call('POST', '/api/holds', body, headers), 'SALE_NOT_STARTED');
    }
    expect(locks()).toBe(5);
  });

  it('a start that is moved counts at once at the instance that moved it', async () => {
    const { productId, saleId } = await productFrom(inSeconds(600));
    expectProblem(await requestHold(service, productId), 'SALE_NOT_STARTED');
    const change = { starts_at: inSeconds(0) };
    taken(await service.call('PATCH', `/api/admin/sales/${saleId}`, change, adminHeaders(service)), 200);
    expect((await requestHold(service, productId)).status).toBe(201);
  });
});

describe('around the start', () => {
  const databaseTime = async (): Promise<string> => (await query<{ now: string }>('SELECT NOW(3) AS now'))[0]!.now;

  it('nobody is refused who came after it, and nobody granted before it', async () => {
    const starts_at = inSeconds(3);
    const start = starts_at.replace('T', ' ').replace('Z', '');
    const { productId } = await productFrom(starts_at);
    const seen = { early: 0, late: 0 };
    const come = async (to: Service): Promise<void> => {
      for (let granted = 0; granted < 5;) {
        const before = await databaseTime();
        const answer: Answer = await requestHold(to, productId);
        const after = await databaseTime();
        if (answer.status === 201) {
          granted++;
          expect(after >= start).toBe(true);
          seen.late++;
        } else {
          expectProblem(answer, 'SALE_NOT_STARTED');
          expect({ before, isEarly: before < start }).toEqual({ before, isEarly: true });
          seen.early++;
        }
      }
    };
    await Promise.all([service, neighbour, service, neighbour].map(come));
    expect(seen.late).toBe(20);
    expect(seen.early).toBeGreaterThan(0);
    const [row] = await query<{ early: number }>(
      'SELECT COUNT(*) AS early FROM holds WHERE product_id = ? AND created_at < ?',
      [productId, start],
    );
    expect(row!.early).toBe(0);
  });
});

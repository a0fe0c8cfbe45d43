import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../scripts/servers.mjs';
import { type ChildService, killChildren, startChild } from '../support/child-service.js';
import { execute } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import { createHold, createProduct, expireHolds, stockOf } from '../support/factories.js';
import { keepSelling } from '../support/selling.js';
import { connectTo, type Service, startService } from '../support/service.js';

const DIR = join(import.meta.dirname, '../../.local/test');

/** Expires a hold beside the sale and waits until its unit is back. */
async function expectExpiryGoesOn(service: Service, withinMs: number): Promise<void> {
  const product = await createProduct(service, { stock_total: 1 });
  const { hold_id } = await createHold(service, { product_id: product.id });
  await expireHolds(hold_id);
  await eventually(async () => expect(await stockOf(product.id)).toMatchObject({ available: 1 }), withinMs);
}

describe('without Redis', () => {
  let redis: RedisServer;
  let child: ChildService;
  let service: Service;

  beforeAll(async () => {
    await startService();
    redis = await startRedis({ dir: join(DIR, 'redis-away') });
    child = await startChild({ REDIS_PORT: String(redis.port), APP_ENV: 'test' });
    service = connectTo(child.url);
  });

  afterAll(async () => {
    killChildren();
    redis.thaw();
    await redis.stop();
  });

  async function sellWhile(fault: () => Promise<void> | void): Promise<void> {
    const product = await createProduct(service, { stock_total: 1_000_000 });
    const sale = keepSelling(service, product.id);
    await eventually(() => expect(sale.sold).toBeGreaterThan(20));
    await fault();
    const before = sale.sold;
    await eventually(() => expect(sale.sold).toBeGreaterThan(before + 50));
    await expectExpiryGoesOn(service, 15_000);
    expect(await sale.stop()).toEqual([]);
    await expectStockIdentity(product.id);
  }

  async function expectHealth(status: 'ok' | 'degraded'): Promise<void> {
    await eventually(async () => {
      const answer = await service.call('GET', '/health/ready');
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ status });
    });
  }

  it('holds, orders and payments go on when it is killed, and so does expiry', async () => {
    await expectHealth('ok');
    await sellWhile(async () => {
      redis.kill('SIGKILL');
      await redis.gone();
    });
    expect(redis.isRunning).toBe(false);
    await expectHealth('degraded');
    await redis.restart();
    await expectHealth('ok');
  });

  it('holds, orders and payments go on when it hangs, and so does expiry', async () => {
    const probe = new Redis({ host: redis.host, port: redis.port, commandTimeout: 300, maxRetriesPerRequest: 1 });
    await eventually(() => probe.ping());
    await sellWhile(() => redis.freeze());
    await expect(probe.ping()).rejects.toThrow('Command timed out');
    redis.thaw();
    await expectHealth('ok');
    probe.disconnect();
  });

  it('nothing is lost when it is emptied: cache and queue are right again by themselves', async () => {
    const probe = new Redis({ host: redis.host, port: redis.port, db: Number(process.env.REDIS_DATABASE) });
    await sellWhile(async () => {
      await probe.flushall();
    });
    const product = await createProduct(service, { stock_total: 7 });
    await createHold(service, { product_id: product.id, quantity: 3 });
    expect((await service.call('GET', `/api/products/${product.id}`)).body).toMatchObject({ available_stock: 4 });
    await eventually(async () => {
      // Where Redis was late for who sold, the next reader writes it.
      await service.call('GET', `/api/products/${product.id}`);
      expect(await probe.get(`product:${product.id}:available_stock`)).toContain('"stock_held":3');
    });
    await eventually(async () => expect(await probe.keys('bull:hold-expiry:*')).not.toEqual([]));
    probe.disconnect();
  });

  it('the service starts, sells and expires while it is away at boot', async () => {
    await redis.stop();
    const late = await startChild({ REDIS_PORT: String(redis.port), APP_ENV: 'test' });
    const lateService = connectTo(late.url);
    const product = await createProduct(lateService, { stock_total: 2 });
    const { hold_id } = await createHold(lateService, { product_id: product.id, quantity: 2 });
    await execute('UPDATE holds SET expires_at = NOW(3) WHERE id = UNHEX(?)', [hold_id.replaceAll('-', '')]);
    await eventually(async () => expect(await stockOf(product.id)).toMatchObject({ available: 2 }));
    await redis.restart();
    await eventually(
      async () => expect((await lateService.call('GET', '/health/ready')).body).toMatchObject({ status: 'ok' }),
      15_000,
    );
    late.kill('SIGTERM');
    expect(await late.exited).toBe(0);
  });
});

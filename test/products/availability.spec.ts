import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { ProductsRepository } from '../../src/products/products.repository.js';
import { ProductsService } from '../../src/products/products.service.js';
import { StockCache } from '../../src/products/stock-cache.js';
import { execute } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  giveBack,
  noticeOf,
  notify,
  type Product,
  taken,
} from '../support/factories.js';
import { PATIENT, type Service, startService } from '../support/service.js';

/** Reading availability: fast from memory and Redis, never behind the reader's own commit, never a second old. */
let service: Service;
let neighbour: Service;
let redis: Redis;

beforeAll(async () => {
  [service, neighbour] = await Promise.all([startService(PATIENT), startService(PATIENT)]);
  const { host, port, password, database } = service.config.redis;
  redis = new Redis({ host, port, db: database, ...(password !== '' && { password }) });
});

afterAll(() => redis.quit());

async function available(from: Service, id: number): Promise<number> {
  return taken<Product>(await from.call('GET', `/api/products/${id}`), 200).available_stock;
}

const cacheKey = (id: number) => `product:${id}:available_stock`;

describe('available_stock', () => {
  it('shows each commit to the readers of its instance at once', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    expect(await available(service, id)).toBe(10);
    const hold = await createHold(service, { product_id: id, quantity: 2 });
    expect(await available(service, id)).toBe(8);
    await giveBack(service, hold.hold_id);
    expect(await available(service, id)).toBe(10);
    const order = await createOrder(service, { product_id: id, quantity: 3 });
    expect(await available(service, id)).toBe(7);
    await notify(service, noticeOf(order, { status: 'failed' }));
    expect(await available(service, id)).toBe(10);
    await createPaidOrder(service, { product_id: id, quantity: 4 });
    expect(await available(service, id)).toBe(6);
    await expectStockIdentity(id);
  });

  it.each([
    ['this', () => service],
    ['another', () => neighbour],
  ])('is never that of before a commit of its instance, also where %s one tells it later', async (_, seller) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await createHold(seller(), { product_id: id });
    // The figure of the second in a row waits for a moment: its units are given back before it is told.
    const { hold_id } = await createHold(seller(), { product_id: id, quantity: 2 });
    await giveBack(service, hold_id);
    await pause(450);
    expect(await available(service, id)).toBe(9);
  });

  it('shows each commit to the readers of other instances within a second', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    expect(await available(neighbour, id)).toBe(10);
    await createHold(service, { product_id: id, quantity: 4 });
    await eventually(async () => expect(await available(neighbour, id)).toBe(6));
  });

  it('is kept in Redis for five minutes after a commit', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await createHold(service, { product_id: id });
    const kept = await eventually(async () => {
      const text = await redis.get(cacheKey(id));
      const row = JSON.parse(text ?? 'null') as { stock_held: number } | null;
      expect(row).toMatchObject({ stock_total: 10, stock_held: 1 });
      return row;
    });
    expect(kept).toMatchObject({ stock_sold: 0 });
    const ttlMs = await redis.pttl(cacheKey(id));
    expect(ttlMs).toBeGreaterThan(290_000);
    expect(ttlMs).toBeLessThanOrEqual(300_000);
  });

  it('is in Redis, as of the last commit, once its instance has ended', async () => {
    const leaving = await startService(PATIENT);
    const { id } = await createProduct(leaving, { stock_total: 10 });
    await eventually(async () => {
      // What was committed before this instance had reached Redis gets there with a read.
      await leaving.call('GET', `/api/products/${id}`);
      expect(await redis.get(cacheKey(id))).toContain('"stock_held":0');
    });
    for (let hold = 0; hold < 3; hold++) await createHold(leaving, { product_id: id });
    await leaving.stop();
    expect(await redis.get(cacheKey(id))).toContain('"stock_held":3');
  });

  it('is read from the database once for all who miss at the same time', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await redis.flushdb();
    const asked = jest.spyOn(neighbour.app.get(ProductsService), 'getProductWithStock');
    const repository = neighbour.app.get(ProductsRepository);
    const find = repository.findById.bind(repository);
    // However long the machine takes to bring them all there: the database answers when they are.
    const reads = jest.spyOn(repository, 'findById').mockImplementation(async (productId) => {
      await eventually(() => expect(asked).toHaveBeenCalledTimes(50));
      return find(productId);
    });
    try {
      const answers = await Promise.all(Array.from({ length: 50 }, () => available(neighbour, id)));
      expect(answers).toEqual(Array(50).fill(10));
      expect(reads).toHaveBeenCalledTimes(1);
    } finally {
      asked.mockRestore();
      reads.mockRestore();
    }
  });

  it('is not put back in Redis by an instance that is late to tell', async () => {
    const [{ id }, other] = [await createProduct(service), await createProduct(service)];
    const [cache, products] = [neighbour.app.get(StockCache), neighbour.app.get(ProductsRepository)];
    const before = (await products.findById(id))!;
    await createHold(service, { product_id: id, quantity: 5 });
    await eventually(async () => expect(await redis.get(cacheKey(id))).toMatch(/"stock_held":5/));
    cache.put(before);
    cache.put({ ...(await products.findById(other.id))!, stock_held: 7 });
    // Both are told at once.
    await eventually(async () => expect(await redis.get(cacheKey(other.id))).toMatch(/"stock_held":7/));
    expect(await redis.get(cacheKey(id))).toMatch(/"stock_held":5/);
  });

  it('does not take an older figure of Redis over a newer one of its own', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const before = await eventually(async () => {
      await available(neighbour, id);
      const text = await redis.get(cacheKey(id));
      expect(text).toMatch(/stock_version/);
      return text!;
    });
    await createHold(service, { product_id: id, quantity: 5 });
    await eventually(async () => expect(await redis.get(cacheKey(id))).toMatch(/"stock_held":5/));
    await redis.set(cacheKey(id), before, 'PX', 300_000);
    expect(await available(service, id)).toBe(5);
  });

  it('comes from the database when Redis is away, and sales go on', async () => {
    const alone = await startService({ REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' });
    const { id } = await createProduct(alone, { stock_total: 10 });
    await createPaidOrder(alone, { product_id: id, quantity: 2 });
    expect(await available(alone, id)).toBe(8);
    expect(taken(await alone.call('GET', '/health/ready'), 200)).toMatchObject({ status: 'degraded', redis: 'down' });
    await expectStockIdentity(id);
  });

  it('and price follow a database that went back under the running instances, within a second', async () => {
    const { id } = await createProduct(service, { stock_total: 10, price: '99.99' });
    const holds = [await createHold(service, { product_id: id, quantity: 4 })];
    holds.push(await createHold(service, { product_id: id }));
    await eventually(async () => {
      expect([await available(service, id), await available(neighbour, id)]).toEqual([5, 5]);
      expect(await redis.get(cacheKey(id))).toMatch(/"stock_held":5/);
    });
    // A restore from before the holds, and before the price was raised.
    for (const { hold_id } of holds)
      await execute('DELETE FROM holds WHERE id = UNHEX(?)', [hold_id.replaceAll('-', '')]);
    await execute('UPDATE products SET stock_held = 0, price = 79, stock_version = stock_version - 2 WHERE id = ?', [
      id,
    ]);
    await eventually(async () => {
      for (const instance of [service, neighbour]) {
        const product = taken<Product>(await instance.call('GET', `/api/products/${id}`), 200);
        expect(product).toMatchObject({ available_stock: 10, price: '79.00' });
      }
      expect(await redis.get(cacheKey(id))).toMatch(/"price":"79.00".*"stock_held":0/);
    });
    await createHold(service, { product_id: id });
    // It is a second, and what a busy machine adds to it.
    await eventually(async () => expect(await available(neighbour, id)).toBe(9), 5000);
  });
});

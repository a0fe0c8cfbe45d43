import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { execute } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/expectations.js';
import {
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  giveBack,
  noticeOf,
  notify,
  type Product,
  requestHold,
  UNKNOWN_ID,
} from '../support/factories.js';
import { closeListeners, listen, type Listener } from '../support/listeners.js';
import { type Service, startService } from '../support/service.js';

/** Streams of a product: the whole at first, then what commits make of it, from every instance, in order, and not too often. */
type Shown = Product & { readonly as_of: string; readonly availability?: string };

let service: Service;
let neighbour: Service;
let alone: Service;

beforeAll(async () => {
  service = await startService({ CORS_ORIGINS: 'https://shop.example' });
  neighbour = await startService();
  alone = await startService({ REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' });
});
afterEach(closeListeners);

const pathOf = (id: number): string => `/api/products/${id}/live`;
const watch = (from: Service, id: number): Promise<Listener<Shown>> => listen<Shown>(from, pathOf(id));

/** Waits until the last event tells so many. */
async function untilTold({ events }: Listener<Shown>, available: number): Promise<void> {
  await eventually(() => expect(events.at(-1)?.available_stock).toBe(available));
}

describe('the stream of a product', () => {
  it('begins with what the public read shows, and the moment it is of', async () => {
    const product = await createProduct(service, { stock_total: 10 });
    const listener = await watch(service, product.id);
    await eventually(() => expect(listener.events).toHaveLength(1));
    const { as_of, ...shown } = listener.events[0]!;
    expect(shown).toEqual((await service.call('GET', `/api/products/${product.id}`)).body);
    expect(as_of).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(listener.text).toMatch(/^retry: [1-4]\d{3}\n\nevent: stock\ndata: \{/);
  });

  it('goes through browsers and proxies: none keeps, collects or packs it', async () => {
    const { id } = await createProduct(service);
    const { status, headers } = await listen(service, pathOf(id), { origin: 'https://shop.example' });
    expect({ status, ...headers }).toMatchObject({
      status: 200,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': 'https://shop.example',
      connection: 'close',
    });
    const head = await service.call('HEAD', pathOf(id));
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(headers['x-request-id']).toBeDefined();
  });

  it('is refused like any read', async () => {
    expectProblem(await service.call('GET', pathOf(UNKNOWN_ID)), 'PRODUCT_NOT_FOUND');
    expectProblem(await service.call('GET', '/api/products/x/live'), 'VALIDATION_FAILED');
    expectProblem(await service.call('POST', pathOf(1)), 'METHOD_NOT_ALLOWED');
  });

  it('tells what is held, ordered, paid, given back and expired, whichever instance commits it', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const listener = await watch(service, id);
    for (const seller of [service, neighbour]) {
      const hold = await createHold(seller, { product_id: id, quantity: 2 });
      await untilTold(listener, 8);
      await giveBack(seller, hold.hold_id);
      await untilTold(listener, 10);
      const order = await createOrder(seller, { product_id: id, quantity: 3 });
      await untilTold(listener, 7);
      await notify(seller, noticeOf(order, { status: 'failed' }));
      await untilTold(listener, 10);
    }
    await createPaidOrder(neighbour, { product_id: id, quantity: 4 });
    await untilTold(listener, 6);
  });

  it('tells no more than five times a second, and always the last', async () => {
    const { id } = await createProduct(service, { stock_total: 1000 });
    const listeners = await Promise.all([watch(service, id), watch(neighbour, id)]);
    const startedAt = performance.now();
    let sold = 0;
    while (Math.min(...listeners.map(({ events }) => events.length)) < 6) {
      await Promise.all([service, neighbour].map((seller) => createHold(seller, { product_id: id })));
      sold += 2;
    }
    for (const listener of listeners) {
      await untilTold(listener, 1000 - sold);
      // The first comes at once, each of the others a quarter of a second after the one before.
      const seconds = (listener.times.at(-1)! - startedAt) / 1000;
      expect(listener.events.length).toBeLessThanOrEqual(2 + 4 * seconds);
    }
  });

  it('never tells an older figure after a newer one, however instances and late news mix', async () => {
    const { id } = await createProduct(service, { stock_total: 500 });
    const { host, port, password, database } = service.config.redis;
    const redis = new Redis({ host, port, db: database, ...(password !== '' && { password }) });
    const listeners = await Promise.all([watch(service, id), watch(neighbour, id), watch(alone, id)]);
    const key = `product:${id}:available_stock`;
    const old: string[] = [];
    let sold = 0;
    while (Math.min(...listeners.map(({ events }) => events.length)) < 6) {
      await Promise.all([service, neighbour, alone].map((seller) => createHold(seller, { product_id: id })));
      sold += 3;
      // What was told before is told again, late.
      if (old.length > 0) await redis.publish(`news:${database}:${key}`, old[0]!);
      const text = await redis.get(key);
      if (text !== null) old.push(text);
      // Each of who comes now knows at least what he knew.
      const before = listeners[0].events.at(-1)!;
      const comer = await watch(alone, id);
      await eventually(() => expect(comer.events.length).toBeGreaterThan(0));
      expect(comer.events[0]!.available_stock).toBeLessThanOrEqual(before.available_stock);
      expect(comer.events[0]!.as_of >= before.as_of).toBe(true);
      comer.close();
    }
    for (const listener of listeners) {
      await untilTold(listener, 500 - sold);
      const figures = listener.events.map(({ available_stock }) => available_stock);
      expect(figures).toEqual([...figures].sort((a, b) => b - a));
      const moments = listener.events.map(({ as_of }) => as_of);
      expect(moments).toEqual([...moments].sort());
    }
    await redis.quit();
  });

  it('is told by the database where Redis is away', async () => {
    const { id } = await createProduct(alone, { stock_total: 10 });
    const listener = await watch(alone, id);
    await createHold(alone, { product_id: id });
    await untilTold(listener, 9);
    await createHold(service, { product_id: id });
    await untilTold(listener, 8);
    // Who listens at an instance with Redis hears of what one without it commits.
    const other = await watch(service, id);
    await createHold(alone, { product_id: id });
    await untilTold(other, 7);
  });

  it('speaks only when the word changes, where the sale shows no figures', async () => {
    const sale = await createSale(service, { show_stock: 'few' });
    const { id } = await createProduct(service, { stock_total: 13, sale_id: sale.id });
    const listener = await watch(neighbour, id);
    await eventually(() => expect(listener.events).toHaveLength(1));
    expect(listener.events[0]).toMatchObject({ available_stock: null, stock_total: null, availability: 'many' });
    for (let count = 0; count < 12; count++) expect((await requestHold(service, id)).status).toBe(201);
    await eventually(() => expect(listener.events.at(-1)!.availability).toBe('few'));
    expect((await requestHold(service, id)).status).toBe(201);
    await eventually(() => expect(listener.events.at(-1)!.availability).toBe('none'));
    expect(listener.events.map(({ availability }) => availability)).toEqual(['many', 'few', 'none']);
    expect(listener.text).not.toMatch(/stock_version|"available_stock":\d/);
  });

  it('goes back with a database that was restored, and with nothing else', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const listener = await watch(service, id);
    await createHold(service, { product_id: id, quantity: 4 });
    await untilTold(listener, 6);
    await execute('DELETE FROM holds WHERE product_id = ?', [id]);
    await execute('UPDATE products SET stock_held = 0, stock_version = stock_version - 1 WHERE id = ?', [id]);
    await untilTold(listener, 10);
  });
});

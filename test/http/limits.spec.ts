import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { Lifecycle } from '../../src/http/lifecycle.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem } from '../support/expectations.js';
import { adminHeaders, createHold, createProduct } from '../support/factories.js';
import { emptyRedis } from '../support/redis.js';
import { type Service, startService } from '../support/service.js';
import { connectionsOf } from '../support/wire.js';

const LIMIT = 5;

/** Asks for a hold as the client at this address behind a proxy. */
function holdAs(service: Service, address: string, productId: number) {
  return service.call('POST', '/api/holds', { product_id: productId, quantity: 1 }, { 'x-forwarded-for': address });
}

// All instances count together, and to them the tests are one client.
beforeEach(emptyRedis);

describe('the rate limit', () => {
  it('lets a client write so often a minute, tells how much is left, and then when to come back', async () => {
    const service = await startService({ RATE_LIMIT_PER_MINUTE: String(LIMIT) });
    const { id } = await createProduct(service, { stock_total: 100 });
    const first = await holdAs(service, '', id);
    expect(first.status).toBe(201);
    expect(first.headers.get('ratelimit-limit')).toBe(String(LIMIT));
    expect(first.headers.get('ratelimit-remaining')).toBe(String(LIMIT - 1));
    const others = await Promise.all(Array.from({ length: 9 }, () => holdAs(service, '', id)));
    expect(countByStatus(others)).toEqual({ 201: LIMIT - 1, 429: 10 - LIMIT });
    const refused = others.find(({ status }) => status === 429)!;
    expectProblem(refused, 'RATE_LIMITED');
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect((await service.call('GET', `/api/products/${id}`)).status).toBe(200);
    await service.stop();
  });

  it('counts each client by itself, so that one that floods takes nothing from the others', async () => {
    const service = await startService({ RATE_LIMIT_PER_MINUTE: String(LIMIT), TRUSTED_PROXIES: '127.0.0.0/8' });
    const { id } = await createProduct(service, { stock_total: 100 });
    const flood = await Promise.all(Array.from({ length: 50 }, () => holdAs(service, '203.0.113.1', id)));
    const buyers = await Promise.all(Array.from({ length: 20 }, (_, n) => holdAs(service, `203.0.113.${n + 10}`, id)));
    expect(countByStatus(flood)).toEqual({ 201: LIMIT, 429: 50 - LIMIT });
    expect(countByStatus(buyers)).toEqual({ 201: 20 });
    await service.stop();
  });

  it('takes the addresses of one IPv6 network for one client', async () => {
    const service = await startService({ RATE_LIMIT_PER_MINUTE: String(LIMIT), TRUSTED_PROXIES: '127.0.0.1/32' });
    const { id } = await createProduct(service, { stock_total: 100 });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => holdAs(service, `2001:db8:0:1::${n + 1}`, id)),
    );
    expect(countByStatus(answers)).toEqual({ 201: LIMIT, 429: 10 - LIMIT });
    await service.stop();
  });

  it.each([
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['198.51.100.1, 203.0.113.7:4711', '203.0.113.7'],
    ['203.0.113.7:4711, 127.0.0.1:80', '203.0.113.7'],
  ])('takes the connections of one client, as %s, for those of %s', async (first, address) => {
    const service = await startService({ RATE_LIMIT_PER_MINUTE: String(LIMIT), TRUSTED_PROXIES: '127.0.0.0/8' });
    const { id } = await createProduct(service, { stock_total: 100 });
    const ports = Array.from({ length: 9 }, (_, n) => first.replaceAll('4711', String(4711 + n)));
    const answers = await Promise.all([...ports, address].map((given) => holdAs(service, given, id)));
    expect(countByStatus(answers)).toEqual({ 201: LIMIT, 429: 10 - LIMIT });
    await service.stop();
  });

  it.each([
    ['no proxy is trusted', ''],
    ['another proxy is trusted', '10.0.0.0/8'],
  ])('does not believe X-Forwarded-For when %s', async (_case, proxies) => {
    const service = await startService({ RATE_LIMIT_PER_MINUTE: String(LIMIT), TRUSTED_PROXIES: proxies });
    const { id } = await createProduct(service, { stock_total: 100 });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => holdAs(service, `203.0.113.${n}`, id)));
    expect(countByStatus(answers)).toEqual({ 201: LIMIT, 429: 10 - LIMIT });
    await service.stop();
  });

  it.each(['1', 'true', 'loopback', '10.0.0.0/33', '::1/129', '10.0.0.1/8/8'])(
    'refuses TRUSTED_PROXIES=%s',
    (value) => {
      expect(() => loadConfig({ ...process.env, TRUSTED_PROXIES: value })).toThrow(
        /TRUSTED_PROXIES must list IP addresses/,
      );
    },
  );
});

describe('every answer', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });

  it.each([
    ['of a call', '/health/live'],
    ['to an unknown route', '/nowhere'],
    ['to a wrong request', '/api/products/zero'],
  ])('%s is no page, is not kept and names the request', async (_case, path) => {
    const { headers } = await service.call('GET', path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
    expect(headers.get('x-powered-by') ?? headers.get('server')).toBeNull();
  });

  it('has the id that the request came with, if it is a sensible one', async () => {
    const idFor = async (given: string) =>
      (await service.call('GET', '/health/live', undefined, { 'x-request-id': given })).headers.get('x-request-id');
    expect(await idFor('checkout-42.a_B')).toBe('checkout-42.a_B');
    for (const given of ['a b', '<script>', 'x'.repeat(65), '{"level":60}', '']) {
      expect(await idFor(given)).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/);
    }
  });

  it.each([
    ...['/', '/admin', '/docs', '/docs/errors', '/docs/errors/HOLD_EXPIRED'],
    ...['/admin/queues', '/admin/queues/queue/releases'],
  ])('of %s is a page that loads from here alone and is shown in no other page', async (path) => {
    const { status, headers } = await service.call('GET', path, undefined, adminHeaders(service));
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    const policy = headers.get('content-security-policy')!;
    expect(policy).toMatch(/default-src 'self';.*frame-ancestors 'none'/);
    expect(policy).not.toMatch(/https?:|script-src[^;]*unsafe/);
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each(['/', '/admin', '/admin/'])('of %s makes no exception for what stands in the page itself', async (path) => {
    const { headers } = await service.call('GET', path);
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
  });
});

describe('CORS', () => {
  const shop = { origin: 'https://shop.example' };
  const preflight = {
    ...shop,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };

  it('is off unless it is asked for', async () => {
    const service = await startService();
    const answer = await service.call('GET', '/api/products', undefined, shop);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    await service.stop();
  });

  it('lets the named origins call, and no other', async () => {
    const service = await startService({ CORS_ORIGINS: 'https://shop.example,https://drop.example' });
    const allowed = await service.call('OPTIONS', '/api/holds', undefined, preflight);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    const answer = await service.call('GET', '/api/products', undefined, shop);
    expect(answer.headers.get('access-control-expose-headers')).toContain('retry-after');
    const other = await service.call('GET', '/api/products', undefined, { origin: 'https://evil.example' });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    await service.stop();
  });

  it('lets a page read that an instance leaves, and when to come back', async () => {
    const service = await startService({ CORS_ORIGINS: 'https://shop.example' });
    service.app.get(Lifecycle).enter('draining');
    expect((await service.call('OPTIONS', '/api/holds', undefined, preflight)).status).toBe(204);
    const refused = await service.call('POST', '/api/holds', { product_id: 1, quantity: 1 }, shop);
    expectProblem(refused, 'UNAVAILABLE');
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    await service.stop();
  });

  it.each(['*', 'shop.example', 'https://shop.example/path'])('refuses CORS_ORIGINS=%s', (value) => {
    expect(() => loadConfig({ ...process.env, CORS_ORIGINS: value })).toThrow(/CORS_ORIGINS must list origins/);
  });
});

describe('health', () => {
  it('is told to who asks when all connections are taken, and by silent clients past that; others learn why not', async () => {
    const limit = 5;
    const service = await startService({ HTTP_CONNECTIONS_MAX: String(limit) });
    const clients: Socket[] = [];
    const silent = async (count: number) => {
      for (let n = 0; n < count; n++) {
        const client = connect(Number(new URL(service.url).port), '127.0.0.1');
        client.on('error', () => undefined);
        await once(client, 'connect');
        clients.push(client);
      }
    };
    const ask = (path: string) => service.call('GET', path, undefined, { connection: 'keep-alive' });
    const isTold = (path: string) =>
      ask(path).then(
        ({ status, headers }) => [status, headers.get('connection')],
        (error: Error) => ['no answer', error.message],
      );
    try {
      await silent(limit);
      await eventually(async () => expect(await connectionsOf(service)).toBe(limit));
      await silent(100);
      for (const path of ['/health/live', '/health/ready', '/health/startup', '/health/live']) {
        expect([path, ...(await isTold(path))]).toEqual([path, 200, 'close']);
      }
      const refused = await ask('/api/products');
      expectProblem(refused, 'OVERLOADED');
      expect([refused.headers.get('connection'), Number(refused.headers.get('retry-after'))]).toEqual([
        'close',
        expect.any(Number),
      ]);
    } finally {
      // The service would wait for those who are silent, and this file for the service.
      for (const client of clients) client.destroy();
    }
    await eventually(async () => expect((await ask('/api/products')).status).toBe(200));
    await service.stop();
  });

  it('is told as often as anybody asks, while writes are limited', async () => {
    const service = await startService({ RATE_LIMIT_PER_MINUTE: '1' });
    const { id } = await createProduct(service);
    const holds = [await holdAs(service, '', id), await holdAs(service, '', id)];
    expect(holds.map(({ status }) => status)).toEqual([201, 429]);
    for (const path of ['/health/live', '/health/ready', '/health/startup']) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => service.call('GET', path)));
      expect([path, countByStatus(answers)]).toEqual([path, { 200: 10 }]);
    }
    await service.stop();
  });

  it('tells version and commit', async () => {
    const service = await startService({ GIT_COMMIT: 'abc1234' });
    const { body } = await service.call('GET', '/health/startup');
    expect(body).toEqual({ status: 'ok', version: expect.stringMatching(/^\d+\.\d+\.\d+/), commit: 'abc1234' });
    await service.stop();
  });

  it('tells the commit of the checkout by itself', async () => {
    const service = await startService();
    expect((await service.call('GET', '/health/startup')).body.commit).toMatch(/^([0-9a-f]{40})?$/);
    await service.stop();
  });

  it('of a service without Redis is degraded, and the service sells on', async () => {
    const service = await startService({ REDIS_PORT: '1' });
    // A database that is late is "slow".
    await eventually(async () => {
      const ready = await service.call('GET', '/health/ready');
      expect(ready.status).toBe(200);
      expect(ready.body).toEqual({ status: 'degraded', database: 'up', redis: 'down' });
    });
    expect((await createHold(service)).status).toBe('active');
    await service.stop();
  });
});

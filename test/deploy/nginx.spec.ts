import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, get, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProblemCode, problemDocument, PROBLEMS } from '../../src/common/problem.js';
import { type ChildService, freePort, killChildren, startChild } from '../support/child-service.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import { createHold, createProduct, UNKNOWN_HOLD_ID } from '../support/factories.js';
import { scrape } from '../support/metrics.js';
import { type Nginx, startNginx } from '../support/nginx.js';
import { type ApiDocument, operationsOf } from '../support/openapi.js';
import { type RawAnswer, sendRaw } from '../support/raw-requests.js';
import { connectTo, PATIENT, type Service } from '../support/service.js';

const DOCUMENT = JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8')) as ApiDocument;
const FOR_OPERATORS = /^\/(api\/admin\/|metrics$|health\/startup$)/;
const RATE_LIMIT = 1_000_000;

let nginx: Nginx;
let instances: ChildService[];
let operators: Service;

function startInstance(port: number): Promise<ChildService> {
  return startChild({
    APP_ENV: 'test',
    PORT: String(port),
    SHUTDOWN_DELAY_MS: '500',
    TRUSTED_PROXIES: '127.0.0.1/32',
    RATE_LIMIT_PER_MINUTE: String(RATE_LIMIT),
    ...PATIENT,
  });
}

/** Sends a request to the public port. */
function send(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<RawAnswer> {
  return sendRaw(method, path, body, { port: nginx.ports.tls, ca: nginx.certificate, ...options });
}

/** What nginx answers by itself is what the service would say, word for word but for its detail. */
function expectOwnProblem(answer: RawAnswer, code: ProblemCode): void {
  const { detail } = answer.body as { detail: string };
  const extensions = code === 'VALIDATION_FAILED' ? { errors: [] } : {};
  expect({ status: answer.status, body: answer.body }).toEqual({
    status: answer.body.status,
    body: problemDocument(code, detail, extensions),
  });
  expect(answer.headers['content-type']).toBe('application/problem+json');
}

/** A request of a name of its own. */
const named = (turn: number, number: number) => ({ headers: { 'x-request-id': `reader-${turn}-${number}` } });

const CLOSED = 'Nothing is served here.';

beforeAll(async () => {
  const ports = [await freePort(), await freePort()];
  nginx = await startNginx(ports);
  instances = [await startInstance(ports[0]!), await startInstance(ports[1]!)];
  operators = connectTo(`http://127.0.0.1:${nginx.ports.operators}`);
});

afterAll(async () => {
  killChildren();
  await nginx.stop();
});

describe('the load balancer', () => {
  it('passes every public call of the API on, and keeps the operators’ from the public', async () => {
    const { id } = await createProduct(operators);
    for (const { method, path } of operationsOf(DOCUMENT)) {
      const target = path
        .replace('{hold_id}', UNKNOWN_HOLD_ID)
        .replace('{provider}', 'stripe')
        .replace(/{\w+}/, String(id));
      const answer = await send(method.toUpperCase(), target);
      if (FOR_OPERATORS.test(path)) {
        expect([path, answer.status, answer.body.detail]).toEqual([path, 404, CLOSED]);
        expectOwnProblem(answer, 'ROUTE_NOT_FOUND');
        expect((await operators.call(method.toUpperCase(), target)).status).not.toBe(404);
      } else {
        const direct = await connectTo(instances[0]!.url).call(method.toUpperCase(), target);
        expect([path, answer.status, answer.body.code]).toEqual([path, direct.status, direct.body.code]);
        expect([path, answer.body.detail]).not.toEqual([path, CLOSED]);
      }
    }
    for (const path of ['/', '/?sale=1', '/docs/']) expect((await send('GET', path)).status).toBe(200);
    const [asset] = /\/assets\/[^"]+\.js/.exec((await operators.call('GET', '/')).text)!;
    expect((await send('GET', asset)).status).toBe(200);
    expect((await send('GET', '/api/products?limit=1')).status).toBe(200);
  });

  it.each([
    '/admin/queues/queue/..%2f..%2f..%2fx',
    '/admin/queues/..%2f..%2fapi/products/1',
    '/admin/queues',
    '/admin',
    '/admin/',
    '/assets/../admin',
    '/assets/%2e%2e/admin',
    '/api/admin/refunds',
    '/api/admin/../products/..%2fadmin/refunds',
    '/api/products/..%2fadmin%2frefunds',
    '/api/products/../admin/refunds',
    '/api/products/%2e%2e/admin/refunds',
    '/api/products/..;/admin/refunds',
    '/api/products/.%2e/admin/refunds',
    '/api/products/..%252fadmin/refunds',
    '/api/products/..\\admin\\refunds',
    '//api/admin/refunds',
    '/api//admin/refunds',
    '/./api/admin/refunds',
    '/api/%61dmin/refunds',
    '/%61pi/admin/refunds',
    '/API/ADMIN/refunds',
    '/api/products/1/%2e%2e/%2e%2e/admin/refunds',
    '/api/products%2f..%2fadmin/refunds',
    '/api/products/%00/../../admin/refunds',
    '/problems/closed',
    '/metrics',
    '/metrics/',
    '/metrics?/api/products',
    '/%6detrics',
    '/docs/..%2fmetrics',
    '/docs/../metrics',
    '/docs/.../..//../metrics',
    '/health/live/../startup',
    '/health/startup?/health/live',
    '/health/live%2f..%2fstartup',
    'http://127.0.0.1/api/admin/refunds',
    'http://127.0.0.1/metrics',
  ])('does not let %s through', async (path) => {
    const answer = await send('GET', path);
    // What is no URL at all it refuses as such; neither is an answer of the service.
    if (answer.status === 400) return expectOwnProblem(answer, 'VALIDATION_FAILED');
    expect([answer.status, answer.body.detail]).toEqual([404, CLOSED]);
  });

  it('tells the service the client’s own address, whatever the client claims', async () => {
    const { id } = await createProduct(operators, { stock_total: 100 });
    const remaining = async (localAddress: string, headers = {}): Promise<number> => {
      const answer = await send('POST', '/api/holds', { product_id: id, quantity: 1 }, { localAddress, headers });
      expect(answer.status).toBe(201);
      return Number(answer.headers['ratelimit-remaining']);
    };
    // Both instances have counted this client by then; they take turns.
    for (let n = 0; n < 10; n++) await remaining('127.0.0.2');
    expect(await remaining('127.0.0.2', { 'x-forwarded-for': '203.0.113.7' })).toBeLessThan(RATE_LIMIT - 1);
    expect(await remaining('127.0.0.3')).toBe(RATE_LIMIT - 1);
  });

  it('asks the service once for what many read in the same second, and never shows what is older', async () => {
    const product = await createProduct(operators, { stock_total: 7 });
    const path = `/api/products/${product.id}`;
    const asked = async (): Promise<number> => {
      const scrapes = await Promise.all(instances.map(({ url }) => scrape(connectTo(url))));
      const labels = (status: string) => ({ method: 'GET', route: '/api/products/:id', status });
      const counts = scrapes.flatMap((one) =>
        ['2xx', '3xx'].map((status) => one.value('http_request_duration_seconds_count', labels(status))),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    };
    const before = await asked();
    const answers: RawAnswer[] = [];
    for (let n = 0; n < 10; n++)
      answers.push(
        ...(await Promise.all(Array.from({ length: 40 }, (_, k) => send('GET', path, undefined, named(n, k))))),
      );
    expect(answers.map(({ status, body }) => [status, body.available_stock])).toEqual(answers.map(() => [200, 7]));
    // Each is told under its own name, also where it gets the answer of another.
    expect(answers.map(({ headers }) => headers['x-request-id'])).toEqual(
      answers.map((_, index) => named(Math.floor(index / 40), index % 40).headers['x-request-id']),
    );
    expect(answers[0]!.headers).toMatchObject({ 'cache-control': 'public, max-age=1', etag: expect.any(String) });
    expect(answers[0]!.headers['strict-transport-security']).toBeDefined();
    const times = (await asked()) - before;
    expect(times).toBeGreaterThan(0);
    expect(times).toBeLessThan(answers.length / 2);
    await createHold(operators, { product_id: product.id, quantity: 2 });
    await eventually(async () => expect((await send('GET', path)).body.available_stock).toBe(5));
    // Who names himself is not given what others were.
    const owned = await asked();
    const headers = { authorization: 'Bearer of-a-buyer' };
    for (let n = 0; n < 20; n++) await send('GET', path, undefined, { headers });
    expect((await asked()) - owned).toBeGreaterThanOrEqual(20);
  });

  it('passes live stock on as it comes', async () => {
    const product = await createProduct(operators, { stock_total: 7 });
    const outgoing = get({
      ...{ host: '127.0.0.1', port: nginx.ports.tls, ca: nginx.certificate, agent: false },
      path: `/api/products/${product.id}/live`,
    });
    const [stream] = (await once(outgoing, 'response')) as [IncomingMessage];
    let told = '';
    stream.setEncoding('utf8').on('data', (text: string) => (told += text));
    await eventually(() => expect(told).toContain('"available_stock":7'));
    await createHold(operators, { product_id: product.id, quantity: 3 });
    await eventually(() => expect(told).toContain('"available_stock":4'));
    stream.destroy();
  });

  it('ends TLS, refuses what is older than 1.2, and sends those who come without it there', async () => {
    const answer = await send('GET', '/api/products');
    expect(answer.headers['strict-transport-security']).toMatch(/^max-age=\d+$/);
    const old = connect({
      ...{ host: '127.0.0.1', port: nginx.ports.tls, ca: nginx.certificate },
      ...{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' },
    });
    await expect(
      new Promise((resolve, reject) => old.on('secureConnect', resolve).on('error', reject)),
    ).rejects.toThrow();
    const plain = await fetch(`http://127.0.0.1:${nginx.ports.plain}/api/products?limit=1`, { redirect: 'manual' });
    expect([plain.status, plain.headers.get('location')]).toEqual([308, 'https://127.0.0.1/api/products?limit=1']);
  });

  it('lets a payment notice through that is as large as the service takes it', async () => {
    const event = { id: 'evt_large', type: 'customer.created', data: { object: { text: 'x'.repeat(260_000) } } };
    expect(await send('POST', '/api/payments/webhook/stripe', event)).toMatchObject({
      status: 200,
      body: { result: 'ignored' },
    });
    expectOwnProblem(await send('POST', '/api/payments/webhook/stripe', 'x'.repeat(270_000)), 'PAYLOAD_TOO_LARGE');
  });

  it('refuses what is too large or no request with the service’s own words', async () => {
    expectOwnProblem(await send('POST', '/api/holds', 'x'.repeat(70_000)), 'PAYLOAD_TOO_LARGE');
    expectOwnProblem(await send('GET', `/api/products?cursor=${'x'.repeat(20_000)}`), 'VALIDATION_FAILED');
    expectOwnProblem(await send('TRACE', '/api/products'), 'VALIDATION_FAILED');
  });

  it('loses no request and shows no error while the instances are restarted in turn under load', async () => {
    const product = await createProduct(operators, { stock_total: 1_000_000 });
    const agent = new Agent({ keepAlive: true, ca: nginx.certificate });
    const answers: RawAnswer[] = [];
    let isOver = false;
    const buyers = Array.from({ length: 16 }, async () => {
      while (!isOver)
        answers.push(await send('POST', '/api/holds', { product_id: product.id, quantity: 1 }, { agent }));
    });
    const more = (count: number): Promise<void> => {
      const aim = answers.length + count;
      return eventually(() => expect(answers.length).toBeGreaterThan(aim));
    };
    for (const [index, instance] of instances.entries()) {
      await more(200);
      instance.kill('SIGTERM');
      expect(await instance.exited).toBe(0);
      await more(100);
      instances[index] = await startInstance(Number(new URL(instance.url).port));
    }
    await more(200);
    isOver = true;
    await Promise.all(buyers);
    agent.destroy();
    expect(answers.filter(({ status }) => status !== 201).slice(0, 3)).toEqual([]);
    await expectStockIdentity(product.id);
  });

  it('says that the service is unavailable when no instance is there, and lets nobody come back together', async () => {
    for (const instance of instances) instance.kill('SIGKILL');
    await Promise.all(instances.map(({ exited }) => exited));
    const answers = await Promise.all(Array.from({ length: 100 }, () => send('GET', '/api/products')));
    for (const answer of answers) expectOwnProblem(answer, 'UNAVAILABLE');
    const { min, max } = PROBLEMS.UNAVAILABLE.retryAfterSeconds;
    const expected = Array.from({ length: max - min + 1 }, (_, index) => String(min + index));
    expect([...new Set(answers.map(({ headers }) => headers['retry-after']))].sort()).toEqual(expected);
  });
});

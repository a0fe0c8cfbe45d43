import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { countByStatus } from '../support/expectations.js';
import { createProduct, requestHold, stockOf } from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { type Labels, type Scrape, scrape } from '../support/metrics.js';
import { type Service, startService } from '../support/service.js';

const COUNT = 500;
const CLOSED_WITHIN_MS = 60_000;

let service: Service;
beforeAll(async () => {
  service = await startService();
});

const open = new Set<Socket>();
afterEach(() => {
  for (const socket of open) socket.destroy();
});

/** Connects and sends the beginning of a request; with `drip`, one byte more each second, and never the end. */
async function connectSlowly(beginning: string, drip?: string): Promise<void> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  open.add(socket);
  let timer: NodeJS.Timeout | undefined;
  const forget = (): void => {
    clearInterval(timer);
    open.delete(socket);
  };
  socket.on('error', forget).on('close', forget).resume();
  await new Promise((connected) => socket.once('connect', connected));
  socket.write(beginning);
  if (drip !== undefined && open.has(socket)) timer = setInterval(() => socket.write(drip), 1000);
}

function connectMany(ways: readonly [beginning: string, drip?: string][]): Promise<void[]> {
  return Promise.all(Array.from({ length: COUNT }, (_, index) => connectSlowly(...ways[index % ways.length]!)));
}

const HEADERS = 'POST /api/holds HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n';

/** What slow clients have sent of a request, and the byte that they go on with. */
const SLOW_WAYS: readonly [beginning: string, drip?: string][] = [
  [`${HEADERS}X-Slow: `, 'a'],
  [`${HEADERS}Content-Length: 1000\r\n\r\n{`, ' '],
  [HEADERS],
];

describe('clients that send their headers or their body byte by byte, or stop in the middle', () => {
  it('are cut off in time, while others are served and idle connections stay', async () => {
    const { id } = await createProduct(service, { stock_total: 1000 });
    await connectMany([['GET /health/live HTTP/1.1\r\nHost: shop.example\r\n\r\n']]);
    const idle = new Set(open);
    await connectMany(SLOW_WAYS);
    const slow = [...open].filter((socket) => !idle.has(socket));
    expect([idle.size, slow.length]).toEqual([COUNT, COUNT]);

    const answers = await Promise.all(Array.from({ length: 200 }, () => requestHold(service, id)));
    expect(countByStatus(answers)).toEqual({ 201: 200 });
    await eventually(() => expect(slow.filter((socket) => open.has(socket))).toHaveLength(0), CLOSED_WITHIN_MS);
    expect([...idle].filter((socket) => open.has(socket))).toHaveLength(COUNT);
    expect((await requestHold(service, id)).status).toBe(201);
  });
});

/** Connects as a client that never ends its side, whatever the server does, and collects what it is sent. */
async function connectHalfOpen(url: string, beginning: string): Promise<{ text: string }> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
  open.add(socket);
  const received = { text: '' };
  socket.setEncoding('utf8').on('data', (chunk: string) => (received.text += chunk));
  socket.on('error', () => undefined);
  await new Promise((connected) => socket.once('connect', connected));
  socket.write(beginning);
  return received;
}

const connectionsOf = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });

describe('clients that ignore the end of their connection', () => {
  it.each([
    ['send nothing', '', 408, 'REQUEST_TIMEOUT'],
    ['stop in their headers', HEADERS, 408, 'REQUEST_TIMEOUT'],
    ['stop in their body', `${HEADERS}Content-Length: 1000\r\n\r\n{`, 408, 'REQUEST_TIMEOUT'],
    ['send no HTTP', 'HELLO\r\n\r\n', 400, 'VALIDATION_FAILED'],
  ])('and %s are told so, and take no connection from others for long', async (_case, beginning, status, code) => {
    const limited = await startService({ HTTP_CONNECTIONS_MAX: '20', HTTP_REQUEST_TIMEOUT_MS: '500' });
    const clients = await Promise.all(Array.from({ length: 20 }, () => connectHalfOpen(limited.url, beginning)));
    await eventually(async () => expect(await connectionsOf(limited.app.getHttpServer() as Server)).toBe(0));
    for (const { text } of clients) {
      expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(JSON.parse(text.split('\r\n\r\n')[1]!)).toMatchObject({ status, code });
    }
    expect((await limited.call('GET', '/health/live')).status).toBe(200);
    await limited.stop();
  });
});

describe('a client that never takes its answers', () => {
  it('is cut, and makes no more work than its connection has room for', async () => {
    const limited = await startService({ HTTP_REQUEST_TIMEOUT_MS: '500' });
    const requests = 2000;
    const socket = connect(Number(new URL(limited.url).port), '127.0.0.1');
    open.add(socket);
    // It has no listener for data, so that nothing is read.
    socket.on('error', () => undefined);
    await new Promise((connected) => socket.once('connect', connected));
    socket.write('GET /docs/json HTTP/1.1\r\nHost: shop.example\r\n\r\n'.repeat(requests));
    const answered = { method: 'GET', route: '/docs/json', status: '2xx' };
    const answers = async () => (await scrape(limited)).value('http_request_duration_seconds_count', answered);
    await eventually(async () => expect(await answers()).toBeGreaterThan(0));
    await eventually(async () => expect(await connectionsOf(limited.app.getHttpServer() as Server)).toBe(0));
    const count = await answers();
    // One that is answered, and those of its connection that may wait.
    expect(count).toBeLessThan(100);
    await limited.stop();
  });

  it('is cut for that alone: all that it has sent is whole, so that no limit of requests strikes', async () => {
    const limited = await startService({ HTTP_REQUEST_TIMEOUT_MS: '500' });
    const server = limited.app.getHttpServer() as Server;
    const taken = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const socket = connect(Number(new URL(limited.url).port), '127.0.0.1');
    open.add(socket);
    socket.on('error', () => undefined);
    const ours = await taken;
    // Few at a time, so that none has too many waiting, until the buffers on the way to it are full and stay so.
    for (let looks = 0; looks < 10; looks = ours.writableLength === 0 ? 0 : looks + 1) {
      if (looks === 0) socket.write('GET /docs/json HTTP/1.1\r\nHost: shop.example\r\n\r\n'.repeat(5));
      await pause(5);
    }
    await eventually(() => expect(ours.destroyed).toBe(true));
    await limited.stop();
  });
});

describe('clients that leave in the middle of their body', () => {
  it('are counted by themselves: nothing of ours failed', async () => {
    const log = new LogCapture(service.config);
    const before = await scrape(service);
    for (let n = 0; n < 20; n++) {
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
      await new Promise((connected) => socket.once('connect', connected));
      const headIsRead = once(service.app.getHttpServer() as Server, 'request');
      socket.write(`${HEADERS}Content-Length: 1000\r\n\r\n{`);
      // Any sooner, it would have left before anybody looks at its request.
      await headIsRead;
      socket.resetAndDestroy();
    }
    const growth = (after: Scrape, name: string, labels: Labels) =>
      after.value(name, labels) - before.value(name, labels);
    await eventually(async () => {
      const after = await scrape(service);
      expect(growth(after, 'http_requests_aborted_total', { method: 'POST' })).toBe(20);
      for (const code of ['UNAVAILABLE', 'INTERNAL_ERROR'])
        expect(growth(after, 'http_problems_total', { code })).toBe(0);
    });
    expect(log.text).not.toContain('The database did not answer');
  });
});

describe('clients that leave before anybody looks at their request', () => {
  it.each([
    ['POST', '/api/holds'],
    ['POST', '/api/admin/products'],
    ['GET', '/api/products'],
  ])('are counted as such, and nothing is done for them: %s %s', async (method, path) => {
    const limited = await startService({ RATE_LIMIT_PER_MINUTE: '1000' });
    const { id } = await createProduct(limited);
    const log = new LogCapture(limited.config);
    const before = await scrape(limited);
    const growth = (after: Scrape, name: string, labels: Labels) =>
      after.value(name, labels) - before.value(name, labels);
    // What a reset does that comes with the bytes, whose time nobody can choose.
    (limited.app.getHttpServer() as Server).prependOnceListener('request', ({ socket }: { socket: Socket }) =>
      socket.destroy(),
    );
    const call = limited.call(method, path, method === 'POST' ? { product_id: id, quantity: 1 } : undefined);
    await expect(call).rejects.toThrow();
    await eventually(async () => {
      const after = await scrape(limited);
      expect(growth(after, 'http_requests_aborted_total', { method })).toBe(1);
      for (const code of ['UNAUTHORIZED', 'INTERNAL_ERROR'])
        expect(growth(after, 'http_problems_total', { code })).toBe(0);
    });
    expect(log.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    expect(await stockOf(id)).toMatchObject({ stock_held: 0 });
    await limited.stop();
  });
});

/** Sends its bytes and leaves, all before anybody has read one of them. */
const COMES_AND_GOES = `
  const [port, bytes] = process.argv.slice(1);
  const socket = require('node:net').connect(Number(port), '127.0.0.1', () => {
    socket.end(bytes, () => socket.destroy());
  });
`;

describe('a client that is gone before its request is read', () => {
  it('keeps no connection open, not even by the beginning of another request', async () => {
    const other = await startService();
    // What is written in answer to the expectation meets a reset. Node has read to the end by then, and does not hear of it.
    const whole = 'POST /api/holds HTTP/1.1\r\nHost: shop.example\r\nExpect: 100-continue\r\n\r\n';
    // Our loop stands still meanwhile: the system takes the connection, and all that comes over it, for us.
    execFileSync(process.execPath, ['-e', COMES_AND_GOES, new URL(other.url).port, `${whole}GET /hea`]);
    await eventually(async () => {
      expect((await scrape(other)).value('http_requests_aborted_total', { method: 'POST' })).toBe(1);
    });
    await eventually(async () => expect(await connectionsOf(other.app.getHttpServer() as Server)).toBe(0), 20_000);
    await other.stop();
  });
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, startDatabase, startRedis } from '../../scripts/servers.mjs';
import { killChildren, startChild } from '../support/child-service.js';
import { runCli } from '../support/cli.js';
import { lockingReads, query, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import { createProduct } from '../support/factories.js';
import { listen } from '../support/listeners.js';
import { connectTo, PATIENT, startService } from '../support/service.js';

const DIR = join(import.meta.dirname, '../../.local/test');

describe('SIGTERM', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    await startService();
    redis = await startRedis({ dir: join(DIR, 'redis-shutdown') });
  });

  afterAll(async () => {
    killChildren();
    redis.thaw();
    await redis.stop();
  });

  it('at full load answers what was accepted, drains the batches and ends with code 0', async () => {
    const child = await startChild({ APP_ENV: 'test', ...PATIENT });
    const service = connectTo(child.url);
    const product = await createProduct(service, { stock_total: 1_000_000 });
    let granted = 0;
    const refused = new Set<number>();
    const buyers = Array.from({ length: 32 }, async () => {
      for (;;) {
        // Who comes anew while the port closes is refused or cut, and has asked nothing: no hold is made without its answer.
        const answer = await service
          .call('POST', '/api/holds', { product_id: product.id, quantity: 1 })
          .catch(() => null);
        if (answer === null) return;
        if (answer.status === 201) granted++;
        else refused.add(answer.status);
      }
    });
    await eventually(() => expect(granted).toBeGreaterThan(500));
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    await Promise.all(buyers);
    expect([...refused].filter((status) => status !== 503)).toEqual([]);
    expect(await query('SELECT COUNT(*) AS count FROM holds WHERE product_id = ?', [product.id])).toEqual([
      { count: granted },
    ]);
    await expectStockIdentity(product.id);
  });

  it('says that it is not ready at once, and goes on for as long as it was told', async () => {
    // Longer than any test: it is the stage that is looked at, not how long it takes.
    const child = await startChild({ APP_ENV: 'test', SHUTDOWN_DELAY_MS: '600000' });
    const service = connectTo(child.url);
    const product = await createProduct(service);
    expect((await service.call('GET', '/health/ready')).status).toBe(200);
    child.kill('SIGTERM');
    await eventually(async () => {
      const answer = await service.call('GET', '/health/ready');
      expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
    });
    expect((await service.call('GET', '/health/live')).status).toBe(200);
    const hold = await service.call('POST', '/api/holds', { product_id: product.id, quantity: 1 });
    expect(hold.status).toBe(201);
    // The same connection may bring the next request, too.
    const { headers } = await fetch(`${child.url}/api/products/${product.id}`);
    expect(headers.get('connection')).toBe('keep-alive');
    child.kill('SIGKILL');
    await child.exited;
  });

  it('waits for no connection on which nothing is asked', async () => {
    // Longer than any test: who waits for a limit does not end.
    const limits = { SHUTDOWN_TIMEOUT_MS: '600000', HTTP_REQUEST_TIMEOUT_MS: '600000', HTTP_KEEP_ALIVE_MS: '600000' };
    const child = await startChild({ APP_ENV: 'test', ...limits });
    const request = 'GET /health/live HTTP/1.1\r\nHost: shop.example\r\n\r\n';
    const answered = [];
    for (const sent of ['', request.slice(0, 20), request, request + request.slice(0, 20)]) {
      const socket = connect(Number(new URL(child.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      if (sent.length >= request.length) answered.push(once(socket, 'data'));
      await once(socket, 'connect');
      socket.write(sent);
    }
    await Promise.all(answered);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  });

  it('answers who has connected before it, also who waits to be taken: Node takes one in a turn', async () => {
    // Longer than any test: on a busy machine it may take a while.
    const child = await startChild({ APP_ENV: 'test', SHUTDOWN_TIMEOUT_MS: '600000' });
    const sockets = Array.from({ length: 50 }, () => connect(Number(new URL(child.url).port), '127.0.0.1'));
    const answers = sockets.map(async (socket) => {
      socket.write('GET /health/live HTTP/1.1\r\nHost: shop.example\r\n\r\n');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return answer.toString('latin1').split('\r\n')[0];
    });
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    child.kill('SIGTERM');
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['HTTP/1.1 200 OK']));
    expect(await child.exited).toBe(0);
  });

  it('ends streams at once, and tells their listeners to come back', async () => {
    // Longer than any test: who waits for a limit does not end.
    const child = await startChild({
      APP_ENV: 'test',
      SHUTDOWN_TIMEOUT_MS: '600000',
      HTTP_REQUEST_TIMEOUT_MS: '600000',
    });
    const service = connectTo(child.url);
    const { id } = await createProduct(service);
    const listeners = await Promise.all(Array.from({ length: 20 }, () => listen(service, `/api/products/${id}/live`)));
    for (const { events } of listeners) await eventually(() => expect(events).toHaveLength(1));
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    for (const listener of listeners) {
      await eventually(() => expect(listener.hasEnded).toBe(true));
      expect(listener.text).toMatch(/\n\nretry: \d+\n\n$/);
    }
  });

  it('lets a request that is under way have its answer, and ends its connection with it', async () => {
    const child = await startChild({ APP_ENV: 'test', ...PATIENT, SHUTDOWN_TIMEOUT_MS: '600000' });
    const service = connectTo(child.url);
    const { id } = await createProduct(service);
    await withConnection(async (connection) => {
      await connection.query('BEGIN');
      await connection.query('SELECT * FROM products WHERE id = ? FOR UPDATE', [id]);
      const body = JSON.stringify({ product_id: id, quantity: 1 });
      const headers = { 'content-type': 'application/json' };
      const hold = fetch(`${child.url}/api/holds`, { method: 'POST', body, headers });
      await eventually(async () => expect(await lockingReads()).toHaveLength(1));
      child.kill('SIGTERM');
      await eventually(() => expect(fetch(`${child.url}/health/live`)).rejects.toThrow());
      await connection.query('ROLLBACK');
      const answer = await hold;
      expect([answer.status, answer.headers.get('connection')]).toEqual([201, 'close']);
    });
    expect(await child.exited).toBe(0);
  });

  it('ends with code 0 in time while Redis hangs', async () => {
    const child = await startChild({ APP_ENV: 'test', REDIS_PORT: String(redis.port) });
    await redis.freeze();
    const startedAt = performance.now();
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    redis.thaw();
    // SHUTDOWN_TIMEOUT_MS: past it the process ends by force, so a longer wait means that nothing ended it.
    expect(performance.now() - startedAt).toBeLessThan(16_000);
  });

  it('ends with code 0 in time while the database is gone', async () => {
    const database = await startDatabase({ dir: join(DIR, 'database-shutdown') });
    const env = {
      APP_ENV: 'test',
      DB_PORT: String(database.port),
      DB_USERNAME: database.username,
      DB_PASSWORD: database.password,
      DB_DATABASE: 'shutdown',
    };
    try {
      expect((await runCli(['migrate'], env)).code).toBe(0);
      const child = await startChild(env);
      database.kill('SIGKILL');
      await database.gone();
      const answer = await connectTo(child.url).call('POST', '/api/holds', { product_id: 1, quantity: 1 });
      expect(answer.status).toBe(503);
      child.kill('SIGTERM');
      expect(await child.exited).toBe(0);
    } finally {
      await database.stop();
    }
  });
});

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis, startSentinel } from '../../scripts/servers.mjs';
import { RedisService } from '../../src/redis/redis.service.js';
import { freePort, killChildren, startChild } from '../support/child-service.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import { createHold, createProduct, expireHolds, stockOf } from '../support/factories.js';
import { queueOf } from '../support/queues.js';
import { keepSelling } from '../support/selling.js';
import { connectTo, type Service, startService } from '../support/service.js';

const DIR = join(import.meta.dirname, `../../.local/test/failover-${process.env.JEST_WORKER_ID ?? '1'}`);

/** An address that leads each new connection to the server that is the master by then. */
async function startAddress(masterPort: () => number): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    const behind = connect(masterPort(), '127.0.0.1');
    socket.on('error', () => behind.destroy()).pipe(behind);
    behind.on('error', () => socket.destroy()).pipe(socket);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { server, port: (server.address() as { port: number }).port };
}

describe('after a failover of Redis', () => {
  let servers: [RedisServer, RedisServer];
  beforeAll(async () => {
    servers = [await startRedis({ dir: join(DIR, 'a') }), await startRedis({ dir: join(DIR, 'b') })];
  }, 60_000);
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  it('cache and queues leave the demoted server for the new one', async () => {
    const [demoted, promoted] = servers;
    let master = demoted;
    const address = await startAddress(() => master.port);
    const service = await startService({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(address.port) });
    const queue = await queueOf(service, 'hold-expiry');
    const write = () => service.app.get(RedisService).attempt((client) => client.set('written', 'after'));
    await eventually(async () => expect(await write()).toBe('OK'));

    master = promoted;
    const operator = new Redis({ host: '127.0.0.1', port: demoted.port });
    await operator.replicaof('127.0.0.1', promoted.port);
    await eventually(async () => expect(await write()).toBe('OK'), 30_000);
    await eventually(async () => expect(await queue.enqueue([{ id: 'after', data: {} }])).toBe(true), 30_000);
    const witness = new Redis({ host: '127.0.0.1', port: promoted.port, db: service.config.redis.database });
    expect(await witness.get('written')).toBe('after');
    expect(await witness.exists('bull:hold-expiry:de:after')).toBe(1);

    operator.disconnect();
    witness.disconnect();
    await service.stop();
    address.server.close();
  }, 90_000);
});

/** Sets it on the running server: a start with a password would be waited for without one. */
async function configure({ port }: RedisServer, name: string, value: string): Promise<void> {
  const operator = new Redis({ host: '127.0.0.1', port });
  await operator.config('SET', name, value);
  operator.disconnect();
}

/** Makes it the one node of a cluster that is whole; its folder may remember the cluster of a run before. */
async function takeAllSlots({ port }: RedisServer): Promise<void> {
  const operator = new Redis({ host: '127.0.0.1', port });
  await operator.flushall();
  await operator.cluster('FLUSHSLOTS');
  await operator.cluster('ADDSLOTSRANGE', 0, 16_383);
  await eventually(async () => expect(await operator.cluster('INFO')).toContain('cluster_state:ok'));
  operator.disconnect();
}

/** Writes through the cache's connection, where the service has one that takes writes. */
const writeWith = (service: Service, value: string) =>
  service.app.get(RedisService).attempt((client) => client.set('written', value));

describe('with sentinels', () => {
  const NAME = 'the-sale';
  let servers: [RedisServer, RedisServer];
  let sentinels: RedisServer[];
  beforeAll(async () => {
    const master = await startRedis({ dir: join(DIR, 'master') });
    const replica = await startRedis({ dir: join(DIR, 'replica'), flags: ['--replicaof', `127.0.0.1 ${master.port}`] });
    servers = [master, replica];
    const watched = { master: { name: NAME, port: master.port }, quorum: 2 };
    sentinels = await Promise.all([1, 2, 3].map((n) => startSentinel({ dir: join(DIR, `sentinel-${n}`), ...watched })));
    const sentinel = new Redis({ host: '127.0.0.1', port: sentinels[0]!.port });
    await eventually(async () => {
      const [known] = (await sentinel.call('SENTINEL', 'MASTERS')) as string[][];
      const fact = (name: string) => known![known!.indexOf(name) + 1];
      expect([fact('num-slaves'), fact('num-other-sentinels')]).toEqual(['1', '2']);
    });
    sentinel.disconnect();
  });
  afterAll(() => Promise.all([...sentinels, ...servers].map((server) => server.stop())));

  it('cache, queues and expiry find the new master when the old one is killed during a sale', async () => {
    const service = await startService({
      ROLES: 'api,worker,scheduler',
      REDIS_HOST: '',
      REDIS_SENTINELS: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(),
      REDIS_SENTINEL_MASTER: NAME,
    });
    const [master, replica] = servers;
    await eventually(async () => expect(await writeWith(service, 'before')).toBe('OK'));
    const product = await createProduct(service, { stock_total: 1_000_000 });
    const sale = keepSelling(service, product.id);
    await eventually(() => expect(sale.sold).toBeGreaterThan(20));

    master.kill('SIGKILL');
    const before = sale.sold;
    await eventually(() => expect(sale.sold).toBeGreaterThan(before + 50));
    await eventually(async () => expect(await writeWith(service, 'after')).toBe('OK'));
    const witness = new Redis({ host: '127.0.0.1', port: replica.port, db: service.config.redis.database });
    expect(await witness.get('written')).toBe('after');

    const queue = await queueOf(service, 'hold-expiry');
    const other = await createProduct(service, { stock_total: 1 });
    await expireHolds((await createHold(service, { product_id: other.id })).hold_id);
    await eventually(async () => expect(await stockOf(other.id)).toMatchObject({ available: 1 }));
    await eventually(async () => expect(await queue.getCompletedCount()).toBeGreaterThan(0));

    expect(await sale.stop()).toEqual([]);
    await expectStockIdentity(product.id);
    witness.disconnect();
    await service.stop();
  });
});

describe('a Redis that wants the password again', () => {
  it('is told it on a new connection', async () => {
    const open = await startRedis({ dir: join(DIR, 'open') });
    const closed = await startRedis({ dir: join(DIR, 'closed') });
    await configure(closed, 'requirepass', 'secret');
    // An address that goes over to another server under the connections that are open.
    let port = open.port;
    const pairs: { client: Socket; behind: Socket }[] = [];
    const lead = (client: Socket): Socket => {
      const behind = connect(port, '127.0.0.1');
      behind.on('error', () => undefined).pipe(client, { end: false });
      client.pipe(behind);
      return behind;
    };
    const address = createServer((client) => {
      client.on('error', () => undefined);
      pairs.push({ client, behind: lead(client) });
    }).listen(0, '127.0.0.1');
    await once(address, 'listening');
    const service = await startService({
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String((address.address() as { port: number }).port),
      REDIS_PASSWORD: 'secret',
    });
    await eventually(async () => expect(await writeWith(service, 'before')).toBe('OK'));
    port = closed.port;
    for (const pair of pairs) {
      pair.client.unpipe(pair.behind);
      pair.behind.destroy();
      pair.behind = lead(pair.client);
    }
    await eventually(async () => expect(await writeWith(service, 'after')).toBe('OK'));
    const witness = new Redis({ port: closed.port, password: 'secret', db: service.config.redis.database });
    expect(await witness.get('written')).toBe('after');
    witness.disconnect();
    await service.stop();
    for (const { client, behind } of pairs) [client, behind].map((socket) => socket.destroy());
    address.close();
    await Promise.all([open.stop(), closed.stop()]);
  });
});

const READY = { status: 'ok', database: 'up', redis: 'up' };

describe('a Redis that is set up wrong', () => {
  afterAll(killChildren);

  it.each([
    ['refuses the password', 'requirepass', { REDIS_PASSWORD: 'wrong' }, /Redis refuses the password/],
    ['wants a password', 'requirepass', {}, /Redis refuses the password/],
    ['runs in cluster mode', 'cluster-enabled', { REDIS_DATABASE: '0' }, /Redis runs in cluster mode/],
    ['runs in cluster mode, with a number', 'cluster-enabled', {}, /Redis runs in cluster mode/],
    // Which takes all that the cache says.
    ['is a cluster of its own', 'cluster-enabled', { REDIS_DATABASE: '0' }, /Redis runs in cluster mode/],
  ])('and %s is named once in the log, and the sale and the expiry go on', async (what, setting, settings, line) => {
    // Its nodes talk to each other at a port of their own, by itself one of those that services are given.
    const bus = ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())];
    const flags = setting === 'cluster-enabled' ? bus : [];
    const redis = await startRedis({ dir: join(DIR, what.replaceAll(/\W/g, '-')), flags });
    if (setting === 'requirepass') await configure(redis, 'requirepass', 'right');
    if (what === 'is a cluster of its own') await takeAllSlots(redis);
    const child = await startChild({
      ...{ APP_ENV: 'test', LOG_LEVEL: 'error', REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) },
      ...settings,
    });
    const service = connectTo(child.url);
    const told = () =>
      child
        .output()
        .split('\n')
        .filter((text) => line.test(text));
    await eventually(() => expect(told()).toHaveLength(1));
    expect(told()[0]).toMatch(/stand still/);
    const product = await createProduct(service, { stock_total: 1 });
    await expireHolds((await createHold(service, { product_id: product.id })).hold_id);
    await eventually(async () => expect(await stockOf(product.id)).toMatchObject({ available: 1 }));
    await service.call('GET', `/api/products/${product.id}`);
    expect(told()).toHaveLength(1);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    await redis.stop();
  });

  it('and needs no password is named once in the log, and nothing is printed beside that', async () => {
    const redis = await startRedis({ dir: join(DIR, 'needs-none') });
    const env = { APP_ENV: 'test', LOG_LEVEL: 'warn', REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) };
    const child = await startChild({ ...env, REDIS_PASSWORD: 'needless' });
    const service = connectTo(child.url);
    await eventually(async () => expect((await service.call('GET', '/health/ready')).body).toEqual(READY));
    // The queues have found it ready, too.
    const product = await createProduct(service, { stock_total: 1 });
    await expireHolds((await createHold(service, { product_id: product.id })).hold_id);
    await eventually(async () => expect(await stockOf(product.id)).toMatchObject({ available: 1 }));
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    const told = child
      .output()
      .split('\n')
      .filter((text) => text.includes('password'));
    expect(told.map((text) => JSON.parse(text) as object)).toEqual([
      expect.objectContaining({ level: 40, context: 'Redis', msg: expect.stringContaining('REDIS_PASSWORD') }),
    ]);
    await redis.stop();
  });
});

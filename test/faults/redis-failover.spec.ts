import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../scripts/servers.mjs';
import { RedisService } from '../../src/redis/redis.service.js';
import { eventually } from '../support/eventually.js';
import { queueOf } from '../support/queues.js';
import { startService } from '../support/service.js';

const DIR = join(import.meta.dirname, '../../.local/test');

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
    servers = [
      await startRedis({ dir: join(DIR, 'redis-failover-a') }),
      await startRedis({ dir: join(DIR, 'redis-failover-b') }),
    ];
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

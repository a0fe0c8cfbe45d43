import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../scripts/servers.mjs';
import { RedisService } from '../../src/redis/redis.service.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import { createHold, createPaidOrder, createProduct, expireHolds, stockOf } from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { queueOf } from '../support/queues.js';
import { saidIn } from '../support/said.js';
import { type Environment, PATIENT, type Service, startService } from '../support/service.js';

/**
 * A Redis that says no, in all the words that it has for it, or says nothing at all: each line of the table in
 * docs/operating.md happens here on a server of this file's own, and the sale goes on.
 */
const DIR = join(import.meta.dirname, `../../.local/test/refusing-redis-${process.env.JEST_WORKER_ID ?? '1'}`);
const PASSWORD = 'of-the-refusing-redis';
/** Such as a Redis of the shop's own size has, so that reading them again takes a moment. */
const KEYS = 500;

interface Refusal {
  begin(): Promise<unknown> | void;
  end(): Promise<unknown> | void;
  /** Whether all of it fails, or only what would write. */
  readonly isAway: boolean;
  /** Whether what writes goes on all the same. */
  readonly takesWrites?: boolean;
  readonly env?: Environment;
}

let redis: RedisServer;
let operator: Redis;
const answering: Service[] = [];

beforeAll(async () => {
  const flags = ['--enable-debug-command', 'local', '--loading-process-events-interval-bytes', '1024'];
  redis = await startRedis({ dir: DIR, flags });
  operator = new Redis({ host: redis.host, port: redis.port, lazyConnect: true, maxRetriesPerRequest: null });
  operator.on('error', () => undefined);
  await operator.connect();
  await operator.flushall();
}, 60_000);

afterEach(async () => {
  for (const service of answering.splice(0)) await service.stop();
});

afterAll(async () => {
  operator.disconnect();
  await redis.stop();
});

const set = (name: string, value: string | number) => operator.config('SET', name, value);

/** What is answered only when it is over, on a connection of its own. */
function beginAside(work: (connection: Redis) => Promise<unknown>): void {
  const connection = operator.duplicate({ retryStrategy: () => null });
  connection.on('error', () => undefined);
  void work(connection)
    .catch(() => undefined)
    .finally(() => connection.disconnect());
}

/** Connections that the service has are taken from it; what it is told then, it is told in its greeting. */
const cutOthers = () => operator.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

const withPassword = (...passwords: [service: string, server: string]): Refusal => ({
  isAway: true,
  env: { REDIS_PASSWORD: passwords[0] },
  begin: async () => {
    await set('requirepass', passwords[1]);
    await cutOthers();
  },
  end: () => set('requirepass', ''),
});

/** By what the line of the table begins with, and the codes in it. */
const REFUSALS: Readonly<Record<string, Readonly<Record<string, Refusal>>>> = {
  'nobody is there': {
    '': {
      isAway: true,
      begin: async () => {
        redis.kill('SIGKILL');
        await redis.gone();
      },
      end: () => redis.restart(),
    },
  },
  'nothing, for `REDIS_COMMAND_TIMEOUT_MS`': {
    '': { isAway: true, begin: () => redis.freeze(), end: () => redis.thaw() },
  },
  'not yet': {
    LOADING: {
      isAway: true,
      begin: async () => {
        for (let key = 0; key < KEYS; key++) await operator.set(`filler:${key}`, 'x'.repeat(500));
        await set('key-load-delay', 100_000);
        beginAside((connection) => connection.call('DEBUG', 'RELOAD'));
        await eventually(async () => expect(await operator.info('persistence')).toContain('loading:1'));
      },
      end: () => set('key-load-delay', 0),
    },
  },
  'not without the password': {
    NOAUTH: withPassword('', PASSWORD),
    WRONGPASS: withPassword('another', PASSWORD),
  },
  'not so many': {
    'max number of clients reached': {
      isAway: true,
      begin: async () => {
        await set('maxclients', 1);
        await cutOthers();
      },
      end: () => set('maxclients', 10_000),
    },
  },
  'not here': {
    READONLY: {
      isAway: false,
      begin: () => operator.replicaof('127.0.0.1', 1),
      end: () => operator.replicaof('NO', 'ONE'),
    },
  },
  'not these channels': {
    NOPERM: {
      isAway: false,
      takesWrites: true,
      begin: () => operator.acl('SETUSER', 'default', 'resetchannels'),
      end: () => operator.acl('SETUSER', 'default', 'allchannels'),
    },
  },
  'no writes': {
    OOM: { isAway: false, begin: () => set('maxmemory', 1), end: () => set('maxmemory', 0) },
    MISCONF: {
      isAway: false,
      begin: async () => {
        // Where a copy of the data should go is a folder.
        rmSync(join(DIR, 'dump.rdb'), { recursive: true, force: true });
        mkdirSync(join(DIR, 'dump.rdb'));
        await set('save', '3600 1');
        await operator.bgsave();
        await eventually(async () => expect(await operator.info('persistence')).toContain('last_bgsave_status:err'));
      },
      end: async () => {
        rmSync(join(DIR, 'dump.rdb'), { recursive: true });
        await set('save', '');
      },
    },
    NOPERM: {
      isAway: false,
      begin: () => operator.acl('SETUSER', 'default', '-@write', '-@scripting'),
      end: () => operator.acl('SETUSER', 'default', '+@all'),
    },
    BUSY: {
      isAway: false,
      begin: async () => {
        await set('busy-reply-threshold', 50);
        beginAside((connection) => connection.eval('while true do end', 0));
        await eventually(() => expect(operator.get('any')).rejects.toThrow('BUSY'));
      },
      end: () => operator.script('KILL'),
    },
  },
};

const refusals = Object.entries(REFUSALS).flatMap(([line, codes]) =>
  Object.entries(codes).map(([code, refusal]) => ({ line, code, refusal })),
);

async function start(env: Environment = {}): Promise<Service> {
  const service = await startService({ ROLES: 'api,worker,scheduler', REDIS_PORT: String(redis.port), ...env });
  answering.push(service);
  return service;
}

const write = (service: Service) => service.app.get(RedisService).attempt((client) => client.set('written', 'yes'));

/** A product sells, its figures are right, and an expired hold of another one is released by the clock. */
async function expectSale(service: Service): Promise<void> {
  const [sold, expiring] = [await createProduct(service), await createProduct(service)];
  const { hold_id } = await createHold(service, { product_id: expiring.id, quantity: 2 });
  await expireHolds(hold_id);
  await createPaidOrder(service, { product_id: sold.id, quantity: 3 });
  expect((await service.call('GET', `/api/products/${sold.id}`)).body.available_stock).toBe(7);
  await eventually(async () => expect(await stockOf(expiring.id)).toMatchObject({ available: 10 }));
  await expectStockIdentity(sold.id);
}

describe('what Redis can say', () => {
  it('is all in the table of docs/operating.md, and all of that happens here', () => {
    const cases = Object.entries(REFUSALS).map(([line, codes]) => [line, Object.keys(codes).filter(Boolean)]);
    expect(cases).toEqual([...saidIn('What Redis can say')]);
  });

  it.each(refusals)(
    '$line: $code: the sale goes on, and all is as before when it is over',
    async ({ refusal: { begin, end, isAway, takesWrites = false, env } }) => {
      const service = await start(env);
      if (env === undefined) await eventually(async () => expect(await write(service)).toBe('OK'));
      await begin();
      try {
        await expectSale(service);
        // It is left alone for a second at a time, and in between nobody knows.
        await eventually(async () => {
          expect(await write(service)).toBe(takesWrites ? 'OK' : null);
          const ready = await service.call('GET', '/health/ready');
          expect(ready).toMatchObject({ status: 200, body: isAway ? { status: 'degraded', redis: 'down' } : {} });
        });
      } finally {
        await end();
      }
      const queue = await queueOf(service, 'hold-expiry');
      await eventually(async () => expect(await write(service)).toBe('OK'));
      await eventually(async () => expect(await queue.enqueue([{ id: 'after', data: {} }])).toBe(true));
      await eventually(async () => expect((await service.call('GET', '/health/ready')).body.status).toBe('ok'));
      await expectSale(service);
    },
  );

  it.each([['OOM'], ['MISCONF'], ['NOPERM']])(
    '%s is one line of the log for all that fails in a minute',
    async (code) => {
      const { begin, end } = REFUSALS['no writes']![code]!;
      const service = await start({ REDIS_COMMAND_TIMEOUT_MS: PATIENT.REDIS_COMMAND_TIMEOUT_MS });
      await eventually(async () => expect(await write(service)).toBe('OK'));
      const log = new LogCapture(service.config);
      await begin();
      try {
        let tries = 0;
        await eventually(async () => {
          await service.app.get(RedisService).attempt((client) => {
            tries++;
            return client.set('written', 'yes');
          });
          expect(tries).toBeGreaterThanOrEqual(3);
        });
      } finally {
        await end();
      }
      const lines = log.lines.filter(({ msg }) => msg === 'A Redis command failed');
      expect(lines).toMatchObject([{ level: 40, others: 0 }]);
    },
  );
});

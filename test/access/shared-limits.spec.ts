import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type RedisServer, startRedis } from '../../scripts/servers.mjs';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem } from '../support/expectations.js';
import { createKey, createProduct, keyHeaders } from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

const LIMIT = 10;
const DIR = join(import.meta.dirname, '../../.local/test');

let redis: RedisServer;
let instances: readonly [Service, Service];
let productId: number;
beforeAll(async () => {
  redis = await startRedis({ dir: join(DIR, 'shared-limits') });
  const env = {
    REDIS_PORT: String(redis.port),
    RATE_LIMIT_PER_MINUTE: String(LIMIT),
    KEY_RATE_LIMIT_PER_MINUTE: String(LIMIT),
    TRUSTED_PROXIES: '127.0.0.1/32',
    ROLES: 'api',
  };
  instances = await Promise.all([startService(env), startService(env)]);
  productId = (await createProduct(instances[0], { stock_total: 10_000 })).id;
});

afterAll(async () => {
  redis.thaw();
  await redis.stop();
});

type Headers = Record<string, string>;

let addresses = 0;
const nextAddress = (): Headers => ({ 'x-forwarded-for': `203.0.113.${++addresses}` });

function hold(n: number, headers: Headers): Promise<Answer> {
  return instances[n % 2]!.call('POST', '/api/holds', { product_id: productId, quantity: 1 }, headers);
}

const all = (count: number, headers: Headers): Promise<Answer[]> => inParallel(count, (n) => hold(n, headers));

async function untilRedisIs(what: 'up' | 'down'): Promise<void> {
  for (const instance of instances) {
    await eventually(async () =>
      expect((await instance.call('GET', '/health/ready')).body).toMatchObject({ redis: what }),
    );
  }
}

describe('two instances', () => {
  beforeEach(() => untilRedisIs('up'));

  it('share the limit of an address, to the request, in the order in which they answer', async () => {
    // Where Redis was late, each has counted by itself: another client asks then.
    await eventually(async () => {
      const address = nextAddress();
      const told = (await all(LIMIT, address)).map(({ headers }) => Number(headers.get('ratelimit-remaining')));
      expect(told.sort((a, b) => a - b)).toEqual(Array.from({ length: LIMIT }, (_, left) => left));
      for (const n of [0, 1]) {
        const refused = await hold(n, address);
        expectProblem(refused, 'RATE_LIMITED');
        expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
      }
    });
    expect((await hold(0, nextAddress())).status).toBe(201);
  });

  it('share it under a flood', async () => {
    await expectShared(() => all(100, nextAddress()));
  });

  it('share the limit of a key, whatever address it calls from', async () => {
    await expectShared(async () => {
      const key = keyHeaders(await createKey(instances[0], ['sell']));
      return inParallel(40, (n) => hold(n, { ...key, ...nextAddress() }));
    });
  });

  it('count what is held and what is ordered apart', async () => {
    const address = nextAddress();
    await all(LIMIT, address);
    const order = await instances[0].call('POST', '/api/orders', {}, address);
    expectProblem(order, 'VALIDATION_FAILED');
    expect(order.headers.get('ratelimit-remaining')).toBe(String(LIMIT - 1));
  });
});

async function untilTheyShare(): Promise<void> {
  await untilRedisIs('up');
  await eventually(async () => {
    const address = nextAddress();
    await hold(0, address);
    expect((await hold(1, address)).headers.get('ratelimit-remaining')).toBe(String(LIMIT - 2));
  });
}

/**
 * Together they let so many through of one client's requests. A Redis that a busy machine keeps from answering in time is
 * away for that moment, and each counts by itself: another client asks then.
 */
async function expectShared(ask: () => Promise<Answer[]>): Promise<void> {
  await eventually(async () => {
    const answers = await ask();
    expect(countByStatus(answers)).toEqual({ 201: LIMIT, 429: answers.length - LIMIT });
  });
}

/** Each of the two lets so many through by itself, and nobody gets an error of ours. */
function expectEachItsOwn(answers: readonly Answer[]): void {
  expect(countByStatus(answers)).toEqual({ 201: 2 * LIMIT, 429: answers.length - 2 * LIMIT });
}

describe('when Redis goes away', () => {
  it('each instance goes on by itself, from what it knows, and together again when it is back', async () => {
    const [known, other] = [nextAddress(), nextAddress()];
    // Both have seen how often it called.
    await all(LIMIT + 20, known);
    redis.kill('SIGKILL');
    await redis.gone();
    // Those that come while nobody has noticed yet, too.
    expectEachItsOwn(await all(60, other));
    await untilRedisIs('down');
    for (const answer of await all(4, known)) expectProblem(answer, 'RATE_LIMITED');
    expectEachItsOwn(await all(60, nextAddress()));

    await redis.restart();
    await untilTheyShare();
    await expectShared(() => all(60, nextAddress()));
    // It came back empty, and nobody gets another minute's calls for that.
    for (const address of [known, other])
      for (const answer of await all(4, address)) expectProblem(answer, 'RATE_LIMITED');
  });

  it('nobody waits long for one that hangs, nor gets an error', async () => {
    await redis.freeze();
    expectEachItsOwn(await all(60, nextAddress()));
    expectEachItsOwn(await all(60, nextAddress()));
    redis.thaw();
    await untilTheyShare();
    await expectShared(() => all(60, nextAddress()));
  });
});

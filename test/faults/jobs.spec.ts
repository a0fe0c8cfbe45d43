import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../scripts/servers.mjs';
import { Queues } from '../../src/queue/queues.js';
import { Schedules } from '../../src/queue/schedules.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import {
  createEndpoint,
  createHold,
  createOrder,
  createProduct,
  expireHolds,
  noticeOf,
  notify,
  orderOf,
  type Product,
  stockOf,
  unique,
} from '../support/factories.js';
import { queueOf } from '../support/queues.js';
import { Receiver } from '../support/receiver.js';
import { type Environment, PATIENT, type Service, startService } from '../support/service.js';
import { StripeApi } from '../support/stripe-api.js';

/**
 * Of the jobs with one id only one waits or runs. None may keep its successor out for ever, however it ends: the id of a
 * product whose holds are to be released is the same for as long as the product is there.
 */
const NAME = 'hold-expiry';

/** Work that is due: its job, and the wait until it is done. */
interface DueWork {
  readonly jobs: { readonly id: string; readonly data: object }[];
  readonly done: () => Promise<void>;
}

/** An expired hold of a product, and the job that releases it. */
async function expiredHold(service: Service, of?: Product): Promise<DueWork & { product: Product }> {
  const product = of ?? (await createProduct(service, { stock_total: 1 }));
  await expireHolds((await createHold(service, { product_id: product.id })).hold_id);
  const jobs = [{ id: String(product.id), data: { productId: product.id } }];
  const done = () => eventually(async () => expect(await stockOf(product.id)).toMatchObject({ available: 1 }));
  return { product, jobs, done };
}

const TOKEN = 'of a worker in this test';

// A Redis that is late is none that is away.
process.env.REDIS_COMMAND_TIMEOUT_MS = PATIENT.REDIS_COMMAND_TIMEOUT_MS;

/** Takes the next job of a queue as a worker that does no more with it than `end`: without it, one that dies at once. */
async function takeJob(service: Service, name: string, end?: (job: Job) => Promise<unknown>): Promise<void> {
  const { host, port, database: db } = service.config.redis;
  const connection = new Redis({ host, port, db, maxRetriesPerRequest: null });
  const lockDuration = end === undefined ? 1000 : 60_000;
  const worker = new Worker(name, null, { connection, lockDuration, autorun: false });
  try {
    const job = await eventually(async () => {
      const taken = await worker.getNextJob(TOKEN);
      expect(taken).toBeDefined();
      return taken;
    });
    await end?.(job);
  } finally {
    await worker.close();
    connection.disconnect();
  }
}

describe('the id of a job', () => {
  it('is free again once the job has failed for good', async () => {
    const service = await startService({ ROLES: 'api,worker' });
    const queue = await queueOf(service, NAME);
    const { jobs, done } = await expiredHold(service);
    const deduplication = { id: jobs[0]!.id };
    await queue.add(NAME, { productId: 'no number' }, { attempts: 1, deduplication });
    await eventually(async () => expect(await queue.getFailedCount()).toBe(1));
    expect(await queue.enqueue(jobs)).toBe(true);
    await done();
    await service.stop();
  });

  it('is free again once a worker has died with the job, which the next one does', async () => {
    const api = await startService({ ROLES: 'api' });
    const queue = await queueOf(api, NAME);
    const { product, jobs, done } = await expiredHold(api);
    await queue.enqueue(jobs);
    await takeJob(api, NAME);
    // The successor is left out, and the dead worker's job done in its place.
    await queue.enqueue(jobs);
    expect([await queue.getActiveCount(), await queue.getWaitingCount()]).toEqual([1, 0]);
    const worker = await startService({ ROLES: 'worker' });
    await done();
    await eventually(async () => expect(await queue.getActiveCount()).toBe(0));
    const next = await expiredHold(api, product);
    await queue.enqueue(next.jobs);
    await next.done();
    await worker.stop();
    await api.stop();
  });
});

describe('the ids of jobs, when Redis was killed and is back', () => {
  const DIR = join(import.meta.dirname, `../../.local/test/jobs-redis-${process.env.JEST_WORKER_ID ?? '1'}`);
  let redis: RedisServer;
  let env: Environment;

  beforeAll(async () => {
    rmSync(DIR, { recursive: true, force: true });
    // What it has answered it has, also when it is killed.
    redis = await startRedis({ dir: DIR, flags: ['--appendfsync', 'always'] });
    env = { REDIS_PORT: String(redis.port) };
  });

  afterAll(() => redis.stop());

  async function killAndRestart(isEmptied: boolean): Promise<void> {
    redis.kill('SIGKILL');
    await redis.gone();
    for (const file of isEmptied ? ['appendonlydir', 'appendonly.aof'] : []) {
      rmSync(join(DIR, file), { recursive: true, force: true });
    }
    await redis.restart();
  }

  const comesBack = [
    { how: 'empty', isEmptied: true },
    { how: 'with all that it had', isEmptied: false },
  ];

  it.each(comesBack)('$how, are free, whatever became of the jobs that had them', async ({ isEmptied }) => {
    const api = await startService({ ROLES: 'api', ...env });
    const queue = await queueOf(api, NAME);
    await queue.obliterate({ force: true });
    const ends: (((job: Job) => Promise<unknown>) | 'dies' | 'waits')[] = [
      (job) => job.moveToCompleted('done', TOKEN, false),
      (job) => job.moveToFailed(new UnrecoverableError('failed for good'), TOKEN, false),
      'dies',
      'waits',
    ];
    const due: DueWork[] = [];
    for (const end of ends) {
      const work = await expiredHold(api);
      due.push(work);
      await queue.enqueue(work.jobs);
      if (end !== 'waits') await takeJob(api, NAME, end === 'dies' ? undefined : end);
    }
    const counts = async () => {
      const { completed, failed, active, waiting } = await queue.getJobCounts();
      return { completed, failed, active, waiting };
    };
    expect(await counts()).toEqual({ completed: 1, failed: 1, active: 1, waiting: 1 });
    await killAndRestart(isEmptied);
    for (const { jobs } of due) await eventually(async () => expect(await queue.enqueue(jobs)).toBe(true));
    const kept = { completed: 1, failed: 1, active: 1, waiting: 3 };
    expect(await counts()).toEqual(isEmptied ? { completed: 0, failed: 0, active: 0, waiting: 4 } : kept);
    const worker = await startService({ ROLES: 'worker', ...env });
    for (const { done } of due) await done();
    await worker.stop();
    await api.stop();
  });

  it.each(comesBack)('$how, are free for a worker that was there all the time', async ({ isEmptied }) => {
    const service = await startService({ ROLES: 'api,worker', ...env });
    const queue = await queueOf(service, NAME);
    const { product, jobs, done } = await expiredHold(service);
    await queue.enqueue(jobs);
    await done();
    await killAndRestart(isEmptied);
    const next = await expiredHold(service, product);
    await eventually(async () => expect(await queue.enqueue(next.jobs)).toBe(true));
    await next.done();
    await service.stop();
  });
});

const ALL = [{ id: 'all', data: {} }];

/** What is due of each kind of background work that goes through a queue, by the queue's name. */
const DUE_WORK: Readonly<Record<string, (service: Service) => Promise<DueWork>>> = {
  [NAME]: expiredHold,
  'payment-deadline': async (service) => {
    const { order_id, hold_id } = await createOrder(service);
    await execute(
      'UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 SECOND, due_at = payment_due_at WHERE id = ?',
      [order_id],
    );
    const done = () => eventually(async () => expect(await orderOf(hold_id)).toMatchObject([{ status: 'cancelled' }]));
    return { jobs: ALL, done };
  },
  'outside-refunds': async () => {
    const transactionId = unique('pi');
    await execute(
      `INSERT INTO payments (provider, transaction_id, amount, currency, refunds_due_at) VALUES ('stripe', ?, 10, 'EUR', NOW(3))`,
      [transactionId],
    );
    const sql = 'SELECT refunds_due_at FROM payments WHERE transaction_id = ?';
    const done = () =>
      eventually(async () => expect(await query(sql, [transactionId])).toEqual([{ refunds_due_at: null }]));
    return { jobs: ALL, done };
  },
  'payment-sessions': async (service) => {
    const { hold_id } = await createOrder(service);
    const id = Buffer.from(hold_id.replaceAll('-', ''), 'hex');
    await execute("UPDATE orders SET payment_provider = 'stripe' WHERE hold_id = ?", [id]);
    await execute(
      `INSERT INTO payment_sessions (hold_id, provider, kind, payment_seconds, task, task_due_at)
       VALUES (?, 'stripe', 'intent', 900, 'make', NOW(3))`,
      [id],
    );
    const sql = 'SELECT state FROM payment_sessions WHERE hold_id = ?';
    const done = () => eventually(async () => expect(await query(sql, [id])).toEqual([{ state: 'open' }]));
    return { jobs: [{ id: 'make', data: { task: 'make' } }], done };
  },
  deliveries: async (service) => {
    const receiver = await Receiver.start();
    const { id } = await createEndpoint(service, receiver.url);
    await createOrder(service);
    const done = async (): Promise<void> => {
      await eventually(() => expect(receiver.received).not.toEqual([]));
      await execute('DELETE FROM webhook_endpoints');
      await receiver.stop();
    };
    return { jobs: [{ id: String(id), data: { endpointId: id } }], done };
  },
  reconciliation: async (service) => {
    const order_id = 900_000_000;
    await notify(service, noticeOf({ order_id }));
    await execute('UPDATE webhook_logs SET created_at = NOW(3) - INTERVAL 90 DAY WHERE order_id = ?', [order_id]);
    const sql = 'SELECT status FROM webhook_logs WHERE order_id = ?';
    const done = () => eventually(async () => expect(await query(sql, [order_id])).toEqual([{ status: 'unmatched' }]));
    return { jobs: ALL, done };
  },
  retention: async () => {
    const id = '0x019000000000700080000000000000ab';
    await execute(`INSERT INTO commit_marks (id) VALUES (${id})`);
    const sql = `SELECT 1 FROM commit_marks WHERE id = ${id}`;
    return { jobs: ALL, done: () => eventually(async () => expect(await query(sql)).toEqual([])) };
  },
};

describe('a job that nobody does', () => {
  let stripe: StripeApi;
  beforeAll(async () => {
    stripe = await StripeApi.start();
  });
  afterAll(() => stripe.stop());

  const everySecond = Object.fromEntries(
    [
      'EXPIRY_CRON',
      'PAYMENT_DEADLINE_CRON',
      'OUTSIDE_REFUNDS_CRON',
      'RECONCILIATION_CRON',
      'RETENTION_CRON',
      'DELIVERIES_CRON',
    ].map((name) => [name, '* * * * * *']),
  );

  it.each(Object.keys(DUE_WORK))(
    'of the queue %s keeps nobody waiting: what is overdue the scheduler does by itself',
    async (name) => {
      const api = await startService({ ROLES: 'api' });
      const queue = await queueOf(api, name);
      const { jobs, done } = await DUE_WORK[name]!(api);
      expect(await queue.enqueue(jobs)).toBe(true);
      await takeJob(api, name);
      const readsRefunds = { STRIPE_API_KEY: 'sk_test_key', STRIPE_API_BASE: stripe.url };
      const scheduler = await startService({ ROLES: 'scheduler', ...everySecond, ...readsRefunds });
      await done();
      expect(await queue.getActiveCount()).toBe(1);
      await scheduler.stop();
      await queue.obliterate({ force: true });
      await api.stop();
    },
  );

  it('keeps nobody waiting who comes later, where what the scheduler does by itself hangs', async () => {
    const api = await startService({ ROLES: 'api' });
    const queue = await queueOf(api, NAME);
    const overdue = (id: string) => ({ id, data: { id }, overdueMs: 60_000 });
    const due = [overdue('hangs')];
    const begun: string[] = [];
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const process = ({ data: { id } }: { data: { id: string } }): Promise<void> => {
      begun.push(id);
      return id === 'hangs' ? released : Promise.resolve();
    };
    const schedules = new Schedules(new SchedulerRegistry(), { ...api.config, roles: ['scheduler'] }, null);
    schedules.addQueued('* * * * * *', queue, { process }, () => Promise.resolve([...due]));
    schedules.onApplicationBootstrap();
    await eventually(() => expect(begun).toContain('hangs'));
    due.push(overdue('later'));
    await eventually(() => expect(begun).toContain('later'));
    expect(begun.filter((id) => id === 'hangs')).toHaveLength(1);
    let hasEnded = false;
    const end = schedules.beforeApplicationShutdown().then(() => (hasEnded = true));
    await queue.obliterate({ force: true });
    expect(hasEnded).toBe(false);
    release();
    await end;
    await api.stop();
  });

  it('is there for each queue that the schedules feed', async () => {
    const service = await startService({ ROLES: 'api' });
    expect(Object.keys(DUE_WORK).sort()).toEqual(
      service.app
        .get(Queues)
        .all.map(({ name }) => name)
        .sort(),
    );
    await service.stop();
  });
});

import { describe, expect, it } from '@jest/globals';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { createHold, createProduct, expireHolds, stockOf } from '../support/factories.js';
import { queueOf } from '../support/queues.js';
import { type Service, startService } from '../support/service.js';

/**
 * Of the jobs with one id only one waits or runs. None may keep its successor out for ever, however it ends: the id of a
 * product whose holds are to be released is the same for as long as the product is there.
 */
const NAME = 'hold-expiry';

/** An expired hold of a product, and the job that releases it. */
async function expiredHold(service: Service) {
  const product = await createProduct(service, { stock_total: 1 });
  await expireHolds((await createHold(service, { product_id: product.id })).hold_id);
  const jobs = [{ id: String(product.id), data: { productId: product.id } }];
  const released = () => eventually(async () => expect(await stockOf(product.id)).toMatchObject({ available: 1 }));
  return { jobs, released };
}

/** Takes the next job as a worker that dies at once: it says nothing of it any more. */
async function takeAndDie(service: Service): Promise<void> {
  const { host, port, database: db } = service.config.redis;
  const connection = new Redis({ host, port, db, maxRetriesPerRequest: null });
  const dead = new Worker(NAME, null, { connection, lockDuration: 1000, autorun: false });
  try {
    await eventually(async () => expect(await dead.getNextJob('dead')).toBeDefined());
  } finally {
    await dead.close();
    connection.disconnect();
  }
}

describe('the id of a job', () => {
  it('is free again once the job has failed for good', async () => {
    const service = await startService({ ROLES: 'api,worker' });
    const queue = await queueOf(service, NAME);
    const { jobs, released } = await expiredHold(service);
    const deduplication = { id: jobs[0]!.id };
    await queue.add(NAME, { productId: 'no number' }, { attempts: 1, deduplication });
    await eventually(async () => expect(await queue.getFailedCount()).toBe(1));
    expect(await queue.enqueue(jobs)).toBe(true);
    await released();
    await service.stop();
  });

  it('is free again once a worker has died with the job, which the next one does', async () => {
    const api = await startService({ ROLES: 'api' });
    const queue = await queueOf(api, NAME);
    const { jobs, released } = await expiredHold(api);
    await queue.enqueue(jobs);
    await takeAndDie(api);
    // The successor is left out, and the dead worker's job done in its place.
    await queue.enqueue(jobs);
    expect([await queue.getActiveCount(), await queue.getWaitingCount()]).toEqual([1, 0]);
    const worker = await startService({ ROLES: 'worker' });
    await released();
    await eventually(async () => expect(await queue.getActiveCount()).toBe(0));
    const next = await expiredHold(api);
    await queue.enqueue([{ ...next.jobs[0]!, id: jobs[0]!.id }]);
    await next.released();
    await worker.stop();
    await api.stop();
  });

  it('keeps nobody waiting while no worker is there: what is overdue the scheduler does by itself', async () => {
    const service = await startService({ ROLES: 'api,scheduler' });
    const queue = await queueOf(service, NAME);
    const { jobs, released } = await expiredHold(service);
    await queue.enqueue(jobs);
    await takeAndDie(service);
    await released();
    await service.stop();
  });

  it('is free again when Redis was emptied', async () => {
    const service = await startService({ ROLES: 'api' });
    const queue = await queueOf(service, NAME);
    const { jobs, released } = await expiredHold(service);
    await queue.enqueue(jobs);
    const { host, port, database: db } = service.config.redis;
    const operator = new Redis({ host, port, db });
    await operator.flushdb();
    operator.disconnect();
    const worker = await startService({ ROLES: 'worker' });
    await queue.enqueue(jobs);
    await released();
    await worker.stop();
    await service.stop();
  });
});

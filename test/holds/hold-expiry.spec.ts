import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Releasing } from '../../src/holds/releasing/releasing.js';
import { killChildren, startChild } from '../support/child-service.js';
import { execute, lockWaits, query, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import { createHold, createProduct, expireHolds, giveBack, requestHold, stockOf } from '../support/factories.js';
import { queueOf } from '../support/queues.js';
import { type Service, startService } from '../support/service.js';

/** Puts `count` expired holds of one unit beside the service, as if it had made them long ago. */
async function insertExpiredHolds(productId: number, count: number): Promise<void> {
  await execute('UPDATE products SET stock_held = stock_held + ? WHERE id = ?', [count, productId]);
  for (let inserted = 0; inserted < count; inserted += 5000) {
    const values = Array.from(
      { length: Math.min(5000, count - inserted) },
      () => `(RANDOM_BYTES(16), ${productId}, 1, NOW(3) - INTERVAL 1 SECOND)`,
    );
    await execute(`INSERT INTO holds (id, product_id, qty, expires_at) VALUES ${values.join(',')}`);
  }
}

describe('expired holds', () => {
  let quiet: Service;

  beforeAll(async () => {
    quiet = await startService();
  });

  afterAll(killChildren);

  it('are released by a tick through a job of the queue', async () => {
    const product = await createProduct(quiet, { stock_total: 5 });
    const { hold_id } = await createHold(quiet, { product_id: product.id, quantity: 2 });
    const busy = await startService({ ROLES: 'api,worker,scheduler' });
    // Until it is connected a tick does the work by itself.
    const queue = await queueOf(busy, 'hold-expiry');
    await expireHolds(hold_id);
    await eventually(async () => expect(await stockOf(product.id)).toMatchObject({ available: 5 }));
    await eventually(async () => expect(await queue.getCompletedCount()).toBeGreaterThan(0));
    await expectStockIdentity(product.id);
    await busy.stop();
  });

  it('are released once when two instances tick in the same second', async () => {
    const product = await createProduct(quiet, { stock_total: 3000 });
    await insertExpiredHolds(product.id, 3000);
    const instances = await Promise.all([1, 2].map(() => startService({ ROLES: 'worker,scheduler' })));
    await eventually(
      async () => expect(await stockOf(product.id)).toMatchObject({ stock_held: 0, available: 3000 }),
      15_000,
    );
    await expectStockIdentity(product.id);
    await Promise.all(instances.map((instance) => instance.stop()));
  });

  it('are released once when a job runs many times at once', async () => {
    const product = await createProduct(quiet, { stock_total: 2500 });
    await insertExpiredHolds(product.id, 2500);
    const releasing = quiet.app.get(Releasing);
    const released = await Promise.all(Array.from({ length: 10 }, () => releasing.releaseExpiredHolds(product.id)));
    expect(released.reduce((sum, count) => sum + count, 0)).toBe(2500);
    expect(await stockOf(product.id)).toMatchObject({ stock_held: 0, available: 2500 });
  });

  it('are released once when the sweep and their buyers give them back at once', async () => {
    const product = await createProduct(quiet, { stock_total: 40 });
    const holds = await Promise.all(Array.from({ length: 40 }, () => createHold(quiet, { product_id: product.id })));
    await expireHolds(...holds.map(({ hold_id }) => hold_id));
    const [answers] = await Promise.all([
      Promise.all(holds.map(({ hold_id }) => giveBack(quiet, hold_id))),
      quiet.app.get(Releasing).releaseExpiredHolds(product.id),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(204));
    expect(await stockOf(product.id)).toMatchObject({ stock_held: 0, available: 40 });
    await expectStockIdentity(product.id);
  });

  it('are released by others when a worker is killed in mid-job', async () => {
    const product = await createProduct(quiet, { stock_total: 5000 });
    await insertExpiredHolds(product.id, 5000);
    await withConnection(async (connection) => {
      // The worker has locked holds and marked them released, and now waits for the product's row.
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [product.id]);
      const victim = await startChild();
      await eventually(async () => expect(await lockWaits()).toBeGreaterThan(0));
      victim.kill('SIGKILL');
      expect(await victim.exited).toBeNull();
    });
    // The server may still carry out what it had received, or roll it back: one or the other as a whole.
    await eventually(async () => expect([3000, 5000]).toContain((await stockOf(product.id)).stock_held));
    const other = await startService({ ROLES: 'worker,scheduler' });
    await eventually(async () => expect(await stockOf(product.id)).toMatchObject({ stock_held: 0 }));
    await expectStockIdentity(product.id);
    await other.stop();
  });

  it('are taken back by the next hold in the same instant when stock is short, without any sweep', async () => {
    const product = await createProduct(quiet, { stock_total: 3 });
    const { hold_id } = await createHold(quiet, { product_id: product.id, quantity: 3 });
    expect((await requestHold(quiet, product.id)).status).toBe(409);
    await expireHolds(hold_id);
    expect((await requestHold(quiet, product.id, 3)).status).toBe(201);
    await expectStockIdentity(product.id);
  });

  it('are found by index, however many holds there are', async () => {
    await execute('UPDATE holds SET released = 1 WHERE released = 0');
    await execute('UPDATE products SET stock_held = 0');
    const product = await createProduct(quiet, { stock_total: 20_000 });
    await insertExpiredHolds(product.id, 10_000);
    await execute('UPDATE holds SET expires_at = NOW(3) + INTERVAL 1 HOUR WHERE product_id = ?', [product.id]);
    await execute('ANALYZE TABLE holds');
    const sweep = `SELECT product_id, TIMESTAMPDIFF(MICROSECOND, MIN(expires_at), NOW(3)) DIV 1000 AS overdue_ms FROM holds
       WHERE used = 0 AND released = 0 GROUP BY product_id HAVING MIN(expires_at) <= NOW(3)`;
    const [sweepPlan] = await query<{ key: string; rows: number; Extra: string }>(
      `EXPLAIN FORMAT=TRADITIONAL ${sweep}`,
    );
    expect(sweepPlan).toMatchObject({
      key: 'holds_product_open',
      Extra: expect.stringContaining('Using index for group-by'),
    });
    const [takeBackPlan] = await query<{ key: string; type: string }>(
      `EXPLAIN FORMAT=TRADITIONAL SELECT id FROM holds WHERE product_id = ${product.id} AND used = 0 AND released = 0 AND expires_at <= NOW(3)
       ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED`,
    );
    expect(takeBackPlan).toMatchObject({ key: 'holds_product_open', type: 'range' });
    expect(await quiet.app.get(Releasing).findOverdueMs()).toBe(0);
  });
});

import { beforeAll, describe, expect, it } from '@jest/globals';
import { execute, lockWaits, query, whilePoisoned, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import {
  adminHeaders,
  createEndpoint,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  expireHolds,
  giveBack,
  noticeOf,
  notify,
  requestHold,
  requestOrder,
  UNKNOWN_ID,
} from '../support/factories.js';
import { type Labels, scrape } from '../support/metrics.js';
import { queueOf } from '../support/queues.js';
import { startPatientService } from '../support/patient-service.js';
import { PATIENT, type Service, startService } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService(PATIENT);
});

/** By how much the figure grew while `event` happened. */
async function growth(event: () => Promise<unknown>, name: string, labels: Labels = {}, of = service): Promise<number> {
  const before = (await scrape(of)).value(name, labels);
  await event();
  return (await scrape(of)).value(name, labels) - before;
}

/** Runs `work` while somebody else has the row lock of the product. */
function whileLocked(productId: number, work: () => Promise<void>): Promise<void> {
  return withConnection(async (connection) => {
    await connection.query('START TRANSACTION');
    await connection.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [productId]);
    await work();
  });
}

describe('requests', () => {
  const COUNT = 'http_request_duration_seconds_count';
  const LABELS = { method: 'GET', route: '/api/products/:id', status: '2xx' };

  it('are counted and timed under the pattern of their route, by the class of their status', async () => {
    const { id } = await createProduct(service);
    const read = () => service.call('GET', `/api/products/${id}`);
    expect(await growth(read, COUNT, LABELS)).toBe(1);
    expect(await growth(read, 'http_request_duration_seconds_bucket', { ...LABELS, le: '+Inf' })).toBe(1);
    expect(await growth(read, 'http_request_duration_seconds_sum', LABELS)).toBeGreaterThan(0);
    const miss = () => service.call('GET', `/api/products/${UNKNOWN_ID}`);
    expect(await growth(miss, COUNT, { ...LABELS, status: '4xx' })).toBe(1);
  });

  it('count under their own method where a route takes several', async () => {
    const file = '/docs/static/swagger-ui.css';
    for (const method of ['GET', 'HEAD']) expect((await service.call(method, file)).status).toBe(200);
    const { text } = await scrape(service);
    const methods = [...text.matchAll(/^http_request_duration_seconds_count\{.*method="([^"]*)"/gm)].map(
      ([, each]) => each,
    );
    expect(methods).toContain('HEAD');
    expect(methods.filter((each) => !/^[A-Z]+$|^any$/.test(each!))).toEqual([]);
  });

  it('that no route matches share one series, whatever their path', async () => {
    const wander = () => service.call('GET', `/no/such/${Math.random()}`);
    expect(await growth(wander, COUNT, { method: 'any', route: 'unmatched', status: '4xx' })).toBe(1);
    expect((await scrape(service)).text).not.toContain('/no/such');
  });

  it('that are refused are counted by their code', async () => {
    const miss = () => service.call('GET', `/api/products/${UNKNOWN_ID}`);
    expect(await growth(miss, 'http_problems_total', { code: 'PRODUCT_NOT_FOUND' })).toBe(1);
  });
});

describe('group commits', () => {
  const HOLDS = { group_commit: 'holds' };

  it.each(['batch_size', 'wait_seconds', 'commit_seconds'])('count and measure their batches: %s', async (suffix) => {
    const { id } = await createProduct(service);
    expect(await growth(() => requestHold(service, id), `checkout_group_commit_${suffix}_count`, HOLDS)).toBe(1);
  });

  it('tell how many requests a transaction decided', async () => {
    const { id } = await createProduct(service, { stock_total: 100 });
    const burst = () => Promise.all(Array.from({ length: 20 }, () => requestHold(service, id)));
    expect(await growth(burst, 'checkout_group_commit_batch_size_sum', HOLDS)).toBe(20);
  });

  it('tell how many requests wait, and the pool how many of its connections are in use', async () => {
    const patient = await startPatientService(4);
    const { id } = await createProduct(service);
    let holds: Promise<unknown> = Promise.resolve();
    await whileLocked(id, async () => {
      const first = requestHold(patient, id);
      await eventually(async () =>
        expect((await scrape(patient)).value('checkout_pool_connections', { state: 'in_use' })).toBe(1),
      );
      holds = Promise.all([first, requestHold(patient, id), requestHold(patient, id)]);
      await eventually(async () =>
        expect((await scrape(patient)).value('checkout_group_commit_waiting', HOLDS)).toBe(2),
      );
    });
    await holds;
    expect((await scrape(patient)).value('checkout_group_commit_waiting', HOLDS)).toBe(0);
    await patient.stop();
  });

  const events = async (event: string, of = service) =>
    (await scrape(of)).value('checkout_group_commit_events_total', { ...HOLDS, event });

  it('count retries, and those for a lock that was not to be had among them', async () => {
    const { id } = await createProduct(service);
    const [retries, lockWaits] = [await events('retry'), await events('lock_wait')];
    let hold: Promise<unknown> = Promise.resolve();
    await whileLocked(id, async () => {
      hold = requestHold(service, id);
      await eventually(async () => expect(await events('lock_wait')).toBeGreaterThan(lockWaits));
    });
    await hold;
    expect(await events('retry')).toBeGreaterThan(retries);
  });

  it('count retries for a deadlock', async () => {
    const patient = await startPatientService(4);
    const [first, second, third] = [
      await createProduct(service),
      await createProduct(service),
      await createProduct(service),
    ];
    const deadlocks = await events('deadlock', patient);
    let holds: Promise<unknown> = Promise.resolve();
    await withConnection(async (rival) => {
      await rival.query('START TRANSACTION');
      // The database ends the transaction that has changed less.
      await rival.query('UPDATE products SET stock_total = stock_total + 1 WHERE id = ?', [second.id]);
      await whileLocked(third.id, async () => {
        const blocker = requestHold(patient, third.id);
        await eventually(async () => expect(await lockWaits()).toBe(1));
        holds = Promise.all([blocker, requestHold(patient, first.id), requestHold(patient, second.id)]);
        await eventually(async () =>
          expect((await scrape(patient)).value('checkout_group_commit_waiting', HOLDS)).toBe(2),
        );
      });
      await eventually(async () => expect(await lockWaits()).toBe(1));
      await rival.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [first.id]);
      await eventually(async () => expect(await events('deadlock', patient)).toBe(deadlocks + 1));
      await rival.query('COMMIT');
    });
    await holds;
    await patient.stop();
  });

  it('count the halvings of a batch that one request poisons', async () => {
    const labels = { group_commit: 'orders', event: 'halving' };
    const before = await scrape(service);
    await eventually(async () => {
      const holds = await Promise.all(Array.from({ length: 8 }, () => createHold(service)));
      const bad = await createHold(service);
      await whilePoisoned(bad.hold_id, async () => {
        const answers = await Promise.all([...holds, bad].map((hold) => requestOrder(service, hold.hold_id)));
        expect(answers.map(({ status }) => status)).toEqual([...holds.map(() => 201), 500]);
      });
      const name = 'checkout_group_commit_events_total';
      expect((await scrape(service)).value(name, labels)).toBeGreaterThan(before.value(name, labels));
    });
  });

  it('count the requests that find the line full', async () => {
    const small = await startService({ GROUP_COMMIT_WAITING_MAX: '1', DB_POOL_SIZE: '2' });
    const { id } = await createProduct(small);
    let holds: Promise<unknown> = Promise.resolve();
    await whileLocked(id, async () => {
      holds = Promise.all(Array.from({ length: 5 }, () => requestHold(small, id)));
      await eventually(async () => {
        const labels = { ...HOLDS, event: 'refusal' };
        expect((await scrape(small)).value('checkout_group_commit_events_total', labels)).toBeGreaterThan(0);
      });
    });
    await holds;
    await small.stop();
  });
});

describe('the connection pool', () => {
  it('tells how many wait for a connection', async () => {
    const small = await startService({ DB_POOL_SIZE: '2' });
    const { id } = await createProduct(small);
    const change = () => small.call('PATCH', `/api/admin/products/${id}`, { stock_total: 9 }, adminHeaders(small));
    let changes: Promise<unknown> = Promise.resolve();
    await whileLocked(id, async () => {
      changes = Promise.all([change(), change(), change(), change()]);
      await eventually(async () =>
        expect((await scrape(small)).value('checkout_pool_waiting')).toBeGreaterThanOrEqual(2),
      );
    });
    await changes;
    expect((await scrape(small)).value('checkout_pool_size')).toBe(2);
    await small.stop();
  });
});

describe('Redis and the queues', () => {
  it('tell whether Redis is there and what it uses', async () => {
    const figures = await scrape(service);
    expect(figures.value('checkout_redis_up')).toBe(1);
    expect(figures.value('checkout_redis_memory_bytes')).toBeGreaterThan(100_000);
    expect(figures.has('checkout_redis_memory_max_bytes')).toBe(true);
    const alone = await startService({ REDIS_PORT: '1' });
    const without = await scrape(alone);
    expect(without.value('checkout_redis_up')).toBe(0);
    expect(without.has('checkout_redis_memory_bytes')).toBe(false);
    await alone.stop();
  });

  it('tell where stock figures were found', async () => {
    const { id } = await createProduct(service);
    const read = () => service.call('GET', `/api/products/${id}`);
    // The second at the latest finds what the first has found, unless it comes much later.
    await eventually(async () =>
      expect(
        await growth(() => read().then(read), 'checkout_stock_cache_reads_total', { source: 'local' }),
      ).toBeGreaterThanOrEqual(1),
    );
    const neighbour = await startService();
    const readThere = () => neighbour.call('GET', `/api/products/${id}`);
    const reads = 'checkout_stock_cache_reads_total';
    const before = await scrape(neighbour);
    await readThere();
    const after = await scrape(neighbour);
    const found = ['redis', 'database'].map(
      (source) => after.value(reads, { source }) - before.value(reads, { source }),
    );
    expect(found.reduce((sum, count) => sum + count)).toBe(1);
    await neighbour.stop();
  });

  it('count waiting, delayed and failed jobs', async () => {
    const jobs = (state: string) => ({ queue: 'hold-expiry', state });
    const queue = await queueOf(service, 'hold-expiry');
    const before = await scrape(service);
    await queue.add('hold-expiry', { productId: 0 }, { delay: 600_000 });
    await queue.add('hold-expiry', { productId: 'not a number' }, { attempts: 1 });
    await eventually(async () => {
      const after = await scrape(service);
      expect(after.value('checkout_queue_jobs', jobs('waiting'))).toBe(
        before.value('checkout_queue_jobs', jobs('waiting')) + 1,
      );
      expect(after.value('checkout_queue_jobs', jobs('delayed'))).toBe(
        before.value('checkout_queue_jobs', jobs('delayed')) + 1,
      );
    });
    const worker = await startService({ ROLES: 'worker' });
    await eventually(async () => expect((await scrape(service)).value('checkout_queue_jobs', jobs('failed'))).toBe(1));
    await worker.stop();
  });
});

describe('holds', () => {
  it('are counted when they are made, and by the reason when they are refused', async () => {
    const decisions = (outcome: string) => ({ group_commit: 'holds', outcome });
    const { id } = await createProduct(service, { stock_total: 1 });
    const hold = () => requestHold(service, id);
    expect(await growth(hold, 'checkout_decisions_total', decisions('ok'))).toBe(1);
    expect(await growth(hold, 'checkout_decisions_total', decisions('INSUFFICIENT_STOCK'))).toBe(1);
    const unknown = () => requestHold(service, UNKNOWN_ID);
    expect(await growth(unknown, 'checkout_decisions_total', decisions('PRODUCT_NOT_FOUND'))).toBe(1);
  });

  it('are counted by the reason when they are released', async () => {
    const released = 'checkout_holds_released_total';
    const given = await createHold(service);
    expect(await growth(() => giveBack(service, given.hold_id), released, { reason: 'given_back' })).toBe(1);
    const order = await createOrder(service);
    expect(await growth(() => giveBack(service, order.hold_id), released, { reason: 'order_cancelled' })).toBe(1);
    const { id } = await createProduct(service, { stock_total: 1 });
    const expired = await createHold(service, { product_id: id });
    await expireHolds(expired.hold_id);
    expect(await growth(() => requestHold(service, id), released, { reason: 'expired' })).toBe(1);
  });

  it('that are overdue show as lag', async () => {
    const hold = await createHold(service);
    await execute('UPDATE holds SET expires_at = NOW(3) - INTERVAL 1 HOUR WHERE id = UNHEX(?)', [
      hold.hold_id.replaceAll('-', ''),
    ]);
    await eventually(async () =>
      expect((await scrape(service)).value('checkout_hold_expiry_lag_seconds')).toBeGreaterThanOrEqual(3600),
    );
    await giveBack(service, hold.hold_id);
    await eventually(async () =>
      expect((await scrape(service)).value('checkout_hold_expiry_lag_seconds')).toBeLessThan(3600),
    );
  });

  it('move the stock of their product', async () => {
    const { id } = await createProduct(service, { stock_total: 7 });
    await createHold(service, { product_id: id, quantity: 2 });
    await createPaidOrder(service, { product_id: id, quantity: 1 });
    await eventually(async () => {
      const figures = await scrape(service);
      const units = (part: string) => figures.value('checkout_stock_units', { product: id, part });
      expect({ available: units('available'), held: units('held'), sold: units('sold') }).toEqual({
        available: 4,
        held: 2,
        sold: 1,
      });
    });
  });
});

describe('payments', () => {
  const result = (name: string) => ({ result: name });
  const notices = 'checkout_payment_notices_total';

  it('are counted by what the notice did', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order);
    expect(await growth(() => notify(service, notice), notices, result('applied'))).toBe(1);
    expect(await growth(() => notify(service, notice), notices, result('duplicate'))).toBe(1);
    const late = noticeOf(order, { status: 'failed' });
    expect(await growth(() => notify(service, late), notices, result('ignored'))).toBe(1);
    const early = noticeOf({ order_id: UNKNOWN_ID });
    expect(await growth(() => notify(service, early), notices, result('pending_order'))).toBe(1);
  });

  it('with a bad signature are counted', async () => {
    const signed = await startService({ WEBHOOK_SECRETS: 'a-secret-of-this-test' });
    const forge = () => notify(signed, noticeOf({ order_id: 1 }));
    expect(await growth(forge, 'http_problems_total', { code: 'SIGNATURE_INVALID' }, signed)).toBe(1);
    await signed.stop();
  });

  it('of orders past their deadline show as lag, and late money that finds no stock as a refund that is due', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const order = await createOrder(service, { product_id: id });
    await execute('UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 HOUR, due_at = payment_due_at WHERE id = ?', [
      order.order_id,
    ]);
    const lag = 'checkout_payment_deadline_lag_seconds';
    await eventually(async () => expect((await scrape(service)).value(lag)).toBeGreaterThanOrEqual(3600));
    await giveBack(service, order.hold_id);
    await createPaidOrder(service, { product_id: id });
    const before = (await scrape(service)).value('checkout_refunds_due');
    await notify(service, noticeOf(order));
    await eventually(async () => expect((await scrape(service)).value('checkout_refunds_due')).toBe(before + 1));
  });
});

it('endpoints that take nothing are counted', async () => {
  const { id } = await createEndpoint(service);
  const failing = async (): Promise<number> => (await scrape(service)).value('checkout_endpoints_failing');
  expect(await failing()).toBe(0);
  await execute('UPDATE webhook_endpoints SET failing_since = NOW(3) - INTERVAL 31 MINUTE WHERE id = ?', [id]);
  await eventually(async () => expect(await failing()).toBe(1));
  await execute('DELETE FROM webhook_endpoints');
});

it('events that wait for their number show as lag', async () => {
  await withConnection(async (connection) => {
    await connection.query('START TRANSACTION');
    await connection.query('SELECT last FROM event_sequence FOR UPDATE');
    await execute(
      `INSERT INTO event_inbox (type, occurred_at, data) VALUES ('sale.paused', NOW(3) - INTERVAL 1 HOUR, '{}')`,
    );
    const lag = 'checkout_events_lag_seconds';
    await eventually(async () => expect((await scrape(service)).value(lag)).toBeGreaterThanOrEqual(3600));
  });
});

describe('the process', () => {
  it('tells by how much the stock counters drift', async () => {
    const auditor = await startService({ ROLES: 'scheduler', STOCK_AUDIT_CRON: '* * * * * *' });
    const { id } = await createProduct(service);
    await execute('UPDATE products SET stock_held = stock_held + 3 WHERE id = ?', [id]);
    await eventually(async () => expect((await scrape(auditor)).value('checkout_stock_drift_units')).toBe(3));
    await execute('UPDATE products SET stock_held = stock_held - 3 WHERE id = ?', [id]);
    await eventually(async () => expect((await scrape(auditor)).value('checkout_stock_drift_units')).toBe(0));
    await auditor.stop();
  });

  it('tells how long its event loop was blocked', async () => {
    await eventually(async () => {
      await new Promise<void>((turn) => {
        setTimeout(() => {
          const until = performance.now() + 100;
          while (performance.now() < until);
          turn();
        });
      });
      expect((await scrape(service)).value('nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.08);
    });
  });

  it('is scraped within two seconds while the database hangs, and says that it was not answered', async () => {
    await withConnection(async (connection) => {
      await connection.query('LOCK TABLES products WRITE');
      await eventually(async () => {
        const startedAt = performance.now();
        const figures = await scrape(service);
        expect(performance.now() - startedAt).toBeLessThan(2000);
        expect(figures.value('checkout_scrape_source_up', { source: 'database' })).toBe(0);
        expect(figures.has('checkout_refunds_due')).toBe(false);
        expect(figures.has('checkout_pool_size')).toBe(true);
      });
      const [busy] = await query<{ statements: number }>(
        `SELECT COUNT(*) AS statements FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '%ORDER BY%id%DESC%' AND id <> CONNECTION_ID()`,
      );
      expect(Number(busy!.statements)).toBeLessThanOrEqual(1);
      await connection.query('UNLOCK TABLES');
    });
    await eventually(async () => expect((await scrape(service)).has('checkout_refunds_due')).toBe(true));
  });

  it('counts nothing when it is told so', async () => {
    const quiet = await startService({ METRICS_ENABLED: 'false' });
    await createHold(quiet);
    expect((await scrape(quiet)).text.trim()).toBe('');
    await quiet.stop();
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { untilEventsHaveNumbers } from '../support/events.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  createHold,
  createOrder,
  createProduct,
  extend,
  giveBack,
  noticeOf,
  notify,
  orderOf,
  requestHold,
  requestOrder,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { inParallel, withStatus } from '../support/races.js';
import { type Service, startService } from '../support/service.js';

/**
 * When a connection breaks during COMMIT nobody knows whether the server committed. The service must look
 * before it tries again: an answer is true in both cases, and nothing happens twice.
 */
let proxy: DatabaseProxy;
let service: Service;

beforeAll(async () => {
  proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
  service = await startService(proxy.env);
});

afterAll(async () => {
  await service.stop();
  await proxy.goAway();
});

async function holdsOf(productId: number): Promise<string[]> {
  const rows = await query<{ id: string }>('SELECT LOWER(HEX(id)) AS id FROM holds WHERE product_id = ?', [productId]);
  return rows.map(({ id }) => id).sort();
}

const LOSSES = [
  ['the reply to COMMIT is lost', 'reply', 1],
  ['COMMIT itself is lost', 'commit', 1],
  ['the reply to COMMIT is lost three times in a row', 'reply', 3],
] as const;

describe.each(LOSSES)('when %s', (_, loses, times) => {
  it('each buyer has exactly one hold: the one of the answer', async () => {
    const { id } = await createProduct(service, { stock_total: 20 });
    await untilEventsHaveNumbers();
    proxy.cutNextCommits(loses, times);
    const answers = await inParallel(30, () => requestHold(service, id));
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    expect(countByStatus(answers)).toEqual({ 201: 20, 409: 10 });
    const answered = withStatus(answers, 201).map(({ body }) => (body.hold_id as string).replaceAll('-', ''));
    expect(await holdsOf(id)).toEqual(answered.sort());
    expect(await stockOf(id)).toMatchObject({ stock_held: 20, available: 0 });
    await expectStockIdentity(id);
  });

  it('the order is made once, and its buyer told so', async () => {
    const hold = await createHold(service);
    await untilEventsHaveNumbers();
    proxy.cutNextCommits(loses, times);
    const answer = await requestOrder(service, hold.hold_id);
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    const [order] = await orderOf(hold.hold_id);
    expect(taken(answer, 201)).toMatchObject({ order_id: order!.id, status: 'pending_payment' });
    await expectStockIdentity(hold.product_id);
  });

  it('the payment has one effect', async () => {
    const order = await createOrder(service, { quantity: 2 });
    await untilEventsHaveNumbers();
    proxy.cutNextCommits(loses, times);
    const answer = await notify(service, noticeOf(order));
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    const result = loses === 'reply' ? 'duplicate' : 'applied';
    expect(taken(answer, 200)).toEqual({ result, order_id: order.order_id, order_status: 'paid' });
    expect(await query('SELECT outcome FROM webhook_logs WHERE order_id = ?', [order.order_id])).toEqual([
      { outcome: 'applied' },
    ]);
    expect(await stockOf(order.product_id)).toMatchObject({ stock_sold: 2, stock_held: 0 });
    await expectStockIdentity(order.product_id);
  });

  it('the hold is given back once', async () => {
    const { id } = await createProduct(service, { stock_total: 5 });
    const hold = await createHold(service, { product_id: id, quantity: 2 });
    await createHold(service, { product_id: id });
    await untilEventsHaveNumbers();
    proxy.cutNextCommits(loses, times);
    expect((await giveBack(service, hold.hold_id)).status).toBe(204);
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    expect(await stockOf(id)).toMatchObject({ stock_held: 1, available: 4 });
    await expectStockIdentity(id);
  });
});

describe('when reply after reply to COMMIT is lost', () => {
  it('the hold is extended once, and its buyer told so', async () => {
    const { hold_id } = await createHold(service);
    await untilEventsHaveNumbers();
    proxy.cutNextCommits('reply', 8);
    const answer = await extend(service, hold_id);
    expect(proxy.cuts).toBeGreaterThanOrEqual(8);
    expect(taken(answer, 200)).toMatchObject({ extensions_left: 0 });
  });
});

describe('when the database goes away', () => {
  it('answers UNAVAILABLE to everyone who asks, grants nothing, and serves again once it is back', async () => {
    const { id } = await createProduct(service, { stock_total: 5 });
    const hold = await createHold(service, { product_id: id });
    const notice = { order_id: 1, status: 'success' as const, transaction_id: unique('txn') };
    await proxy.goAway();
    const answers = await Promise.all([
      requestHold(service, id),
      requestHold(service, id),
      requestOrder(service, hold.hold_id),
      giveBack(service, hold.hold_id),
      notify(service, notice),
      service.call('GET', `/api/holds/${hold.hold_id}`),
      service.call('GET', '/api/products'),
      service.call('GET', '/health/ready'),
    ]);
    for (const answer of answers) expectProblem(answer, 'UNAVAILABLE');
    expect((await service.call('GET', '/health/live')).status).toBe(200);
    expect(await stockOf(id)).toMatchObject({ stock_held: 1 });
    await proxy.comeBack();
    await eventually(async () => taken(await service.call('GET', '/health/ready'), 200));
    taken(await requestHold(service, id, 4), 201);
    expect((await giveBack(service, hold.hold_id)).status).toBe(204);
    await expectStockIdentity(id);
  });
});

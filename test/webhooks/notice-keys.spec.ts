import { beforeAll, describe, expect, it } from '@jest/globals';
import { countRows, execute, query } from '../support/database.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  createOrder,
  createProduct,
  keyOf,
  noticeOf,
  notify,
  orderOf,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

/** By what a notice is known again: a key that its sender chose, or one that is made of what it tells. */
let service: Service;

beforeAll(async () => {
  service = await startService();
});

function rowsOf(key: string): Promise<object[]> {
  return query('SELECT id FROM webhook_logs WHERE idempotency_key = ?', [key]);
}

describe('the key of a notice', () => {
  it('is idempotency_key before transaction_id and status, and never a header', async () => {
    const order = await createOrder(service);
    const [header, field] = [unique('header'), unique('field')];
    const notice = noticeOf(order, { idempotency_key: field });
    taken(await notify(service, notice, { 'idempotency-key': header }), 200);
    expect(await rowsOf(field)).toHaveLength(1);
    for (const key of [header, notice.transaction_id, keyOf(notice)]) expect(await rowsOf(key)).toHaveLength(0);
    const other = noticeOf(order);
    taken(await notify(service, other, { 'idempotency-key': header }), 200);
    expect(await rowsOf(keyOf(other))).toHaveLength(1);
    expect(await rowsOf(header)).toHaveLength(0);
  });

  it('is one for each status of a payment: money comes after a try that failed under the same number', async () => {
    const order = await createOrder(service);
    const failed = noticeOf(order, { status: 'failed' });
    const paid = { ...failed, status: 'success' as const };
    expect((await notify(service, failed)).body).toMatchObject({ result: 'applied', order_status: 'cancelled' });
    expect((await notify(service, paid)).body).toMatchObject({ result: 'applied', order_status: 'paid' });
    expect((await notify(service, failed)).body).toMatchObject({ result: 'duplicate', order_status: 'cancelled' });
    await expectStockIdentity(order.product_id);
  });

  it('is a hash of them where they are long, and tells long ones apart', async () => {
    for (const last of ['a', 'b']) {
      const notice = noticeOf(await createOrder(service), { transaction_id: 'x'.repeat(254) + last });
      expect((await notify(service, notice)).body).toMatchObject({ result: 'applied', order_status: 'paid' });
      expect((await notify(service, notice)).body).toMatchObject({ result: 'duplicate', order_status: 'paid' });
    }
  });

  it('is of its own payment only: the text of another one’s key does not take it', async () => {
    const [first, one, other] = [await createOrder(service), await createOrder(service), await createOrder(service)];
    const [seen, notice] = [noticeOf(first), noticeOf(other)];
    taken(await notify(service, seen), 200);
    const [log] = await query<{ key: string }>('SELECT idempotency_key AS `key` FROM webhook_logs WHERE order_id = ?', [
      first.order_id,
    ]);
    // The key that the other payment's notice will have, whatever its form is.
    const derived = log!.key.replace(seen.transaction_id, notice.transaction_id);
    for (const idempotency_key of [notice.transaction_id, derived]) {
      await notify(service, noticeOf(one, { idempotency_key }));
    }
    expect((await notify(service, notice)).body).toMatchObject({ result: 'applied', order_status: 'paid' });
  });

  it('stays the same however an amount is written', async () => {
    const { id } = await createProduct(service, { price: '10.00' });
    const order = await createOrder(service, { product_id: id });
    const notice = noticeOf(order, { amount: '10' });
    expect((await notify(service, notice)).body).toMatchObject({ result: 'applied', order_status: 'paid' });
    for (const amount of ['10.0', '10.00']) {
      expect((await notify(service, { ...notice, amount })).body).toMatchObject({ result: 'duplicate' });
    }
    // As an earlier version kept it.
    await execute("UPDATE webhook_logs SET payload = JSON_SET(payload, '$.amount', '10') WHERE order_id = ?", [
      order.order_id,
    ]);
    expect((await notify(service, notice)).body).toMatchObject({ result: 'duplicate' });
  });

  it.each([
    ['order', async () => ({ order_id: (await createOrder(service)).order_id })],
    ['amount', () => ({ amount: '1.00' })],
    ['currency', () => ({ currency: 'USD' })],
  ])('that the sender did not choose is kept for review with another %s, once', async (_, change) => {
    const order = await createOrder(service);
    const notice = noticeOf(order);
    taken(await notify(service, notice), 200);
    const changed = { ...notice, ...(await change()) };
    const rows = await countRows();
    expect((await notify(service, changed)).body).toMatchObject({ result: 'review', order_id: changed.order_id });
    expect((await notify(service, changed)).body).toMatchObject({ result: 'duplicate', order_id: changed.order_id });
    expect(await countRows()).toEqual({ ...rows, webhook_logs: rows.webhook_logs! + 1 });
    expect((await notify(service, notice)).body).toMatchObject({ result: 'duplicate', order_status: 'paid' });
  });

  it.each([
    ['is of another order', true],
    ['was told before it was made', false],
  ])('with other content keeps no order from its end whose payment %s', async (_, isOfAnother) => {
    const other = await createOrder(service);
    const notice = noticeOf(isOfAnother ? other : { order_id: 2 ** 31 });
    await notify(service, notice);
    // Where it comes first, the number is the next one.
    const first = isOfAnother ? await createOrder(service) : null;
    const order_id = first?.order_id ?? other.order_id + 1;
    expect((await notify(service, { ...notice, order_id })).body).toMatchObject({ result: 'review', order_id });
    const order = first ?? (await createOrder(service));
    const failed = noticeOf(order, { status: 'failed' });
    expect((await notify(service, failed)).body).toEqual({ result: 'applied', order_id, order_status: 'cancelled' });
  });

  it('tells a repeated notice by its content, in whatever order its fields are', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order, { amount: '99.99' });
    await notify(service, notice);
    const reordered = Object.fromEntries(Object.entries(notice).reverse());
    const answer = await service.call('POST', '/api/payments/webhook', `\n ${JSON.stringify(reordered, null, 2)}`);
    expect(answer.body).toMatchObject({ result: 'duplicate' });
  });

  it.each([
    ['status', { status: 'failed' }],
    ['order', { order_id: 1 }],
    ['amount', { amount: '1.00' }],
    ['transaction', { transaction_id: 'txn-other' }],
  ] as const)('answers IDEMPOTENCY_KEY_REUSED when it comes with another %s, without any effect', async (_, change) => {
    const order = await createOrder(service);
    const key = unique('key');
    const notice = noticeOf(order, { idempotency_key: key });
    taken(await notify(service, notice), 200);
    const [before, stock] = [await countRows(), await stockOf(order.product_id)];
    expectProblem(await notify(service, { ...notice, ...change }), 'IDEMPOTENCY_KEY_REUSED');
    expect([await countRows(), await stockOf(order.product_id)]).toEqual([before, stock]);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'paid' }]);
    await expectStockIdentity(order.product_id);
  });

  it('tells keys apart that differ only in case', async () => {
    const key = unique('Key');
    const orders = [await createOrder(service), await createOrder(service)];
    const [one, other] = await Promise.all([
      notify(service, noticeOf(orders[0]!, { idempotency_key: key.toUpperCase() })),
      notify(service, noticeOf(orders[1]!, { idempotency_key: key.toLowerCase() })),
    ]);
    expect([one.body.result, other.body.result]).toEqual(['applied', 'applied']);
  });

  it.each(['two words', 'ümlaut', 'x'.repeat(256)])('refuses %j in the body', async (key) => {
    const order = await createOrder(service);
    expectProblem(await notify(service, noticeOf(order, { idempotency_key: key })), 'VALIDATION_FAILED');
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it.each(['two words', 'x'.repeat(256)])('cares for no header, such as %j', async (key) => {
    const order = await createOrder(service);
    expect((await notify(service, noticeOf(order), { 'idempotency-key': key })).status).toBe(200);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'paid' }]);
  });
});

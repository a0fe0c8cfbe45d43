import { beforeAll, describe, expect, it } from '@jest/globals';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { ReconciliationProcessor } from '../../src/webhooks/reconciliation.processor.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { runCli } from '../support/cli.js';
import { execute, query } from '../support/database.js';
import { type Event, eventsUntil, newestEvent } from '../support/events.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  giveBack,
  keyOf,
  noticeOf,
  notify,
  orderOf,
  passDeadline,
  refundsOf,
  requestOrder,
  taken,
  unique,
} from '../support/factories.js';
import { createReview, eventIdOf, type ListedEvent, listEvents } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService({ ROLES: 'api', WEBHOOK_UNMATCHED_AFTER_SECONDS: '60' });
});

function act(id: number, action: 'replay' | 'refund' | 'accept', at = service): Promise<Answer> {
  return at.call('POST', `/api/admin/webhooks/${id}/${action}`, undefined, adminHeaders(at));
}

async function eventOf(key: string, status?: string): Promise<ListedEvent | undefined> {
  return (await listEvents(service, status)).find(({ event_id }) => event_id === key);
}

/** A notice for an order that is not made yet, with what makes it. */
async function earlyNotice() {
  const hold = await createHold(service);
  const { order_id } = await createOrder(service);
  const notice = noticeOf({ order_id: order_id + 1 });
  expect((await notify(service, notice)).status).toBe(202);
  return { hold, notice, key: keyOf(notice) };
}

async function letWaitTooLong(key: string): Promise<void> {
  await execute('UPDATE webhook_logs SET created_at = NOW(3) - INTERVAL 61 SECOND WHERE idempotency_key = ?', [key]);
}

describe('GET /api/admin/webhooks', () => {
  it('tells of each payment event why it did not do what it says', async () => {
    const paid = await createPaidOrder(service);
    const cancelled = await createOrder(service);
    await giveBack(service, cancelled.hold_id);
    const open = await createOrder(service);
    const cases = [
      [noticeOf(paid, { status: 'failed' }), 'processed', 'ignored', 'order is paid'],
      [noticeOf(cancelled, { status: 'failed' }), 'processed', 'ignored', 'order is cancelled'],
      [noticeOf(paid), 'processed', 'applied', 'another payment paid the order; refund due'],
      [noticeOf(open, { amount: '1.00' }), 'review', 'review', 'amount or currency differs from the order'],
      [noticeOf(open, { currency: 'USD' }), 'review', 'review', 'amount or currency differs from the order'],
      [noticeOf({ order_id: 888_888_888 }), 'pending_order', null, 'no such order yet'],
      [noticeOf(open), 'processed', 'applied', null],
    ] as const;
    for (const [notice, status, outcome, reason] of cases) {
      await notify(service, notice);
      const event = await eventOf(keyOf(notice));
      expect(event).toMatchObject({ provider: 'generic', status, outcome, reason, order_id: notice.order_id });
      expect(event!.processed_at === null).toBe(status === 'pending_order');
    }
  });

  it('lists those in one state, in pages, oldest first', async () => {
    const order = await createOrder(service);
    const ids = [
      await createReview(service, order),
      await createReview(service, order),
      await createReview(service, order),
    ];
    const listed = (await listEvents(service, 'review')).map(({ id }) => id);
    expect(listed.slice(-3)).toEqual(ids);
    const first = await service.call(
      'GET',
      '/api/admin/webhooks?status=review&limit=1',
      undefined,
      adminHeaders(service),
    );
    expect(first.body).toMatchObject({ items: [{ id: listed[0] }], next_cursor: String(listed[0]) });
  });
});

describe('a payment event for review', () => {
  it('answers its repetition as a duplicate, and is not decided again by it', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order, { amount: '1.00' });
    expect((await notify(service, notice)).body).toMatchObject({ result: 'review', order_status: 'pending_payment' });
    await notify(service, noticeOf(order, { status: 'failed' }));
    expect((await notify(service, notice)).body).toMatchObject({
      result: 'duplicate',
      order_status: 'pending_payment',
    });
  });

  it('stays one when it is replayed and nothing has changed', async () => {
    const order = await createOrder(service);
    const id = await createReview(service, order);
    expect(taken(await act(id, 'replay'), 200)).toMatchObject({
      id,
      status: 'review',
      order_status: 'pending_payment',
    });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it('is applied when it is replayed after what was wrong was put right', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order, { amount: '89.99' });
    await notify(service, notice);
    // The operator grants the discount that the payment page had promised.
    await execute("UPDATE orders SET amount = '89.99' WHERE id = ?", [order.order_id]);
    const id = await eventIdOf(service, keyOf(notice));
    expect(taken(await act(id, 'replay'), 200)).toMatchObject({
      status: 'processed',
      outcome: 'applied',
      order_status: 'paid',
    });
    expect((await notify(service, notice)).body).toMatchObject({ result: 'duplicate', order_status: 'paid' });
    await expectStockIdentity(order.product_id);
  });

  it('is owed back when the operator says so, once, and its money can not pay the order then', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order, { amount: '1.00' });
    await notify(service, notice);
    const id = await eventIdOf(service, keyOf(notice));
    const answers = [await act(id, 'refund'), await act(id, 'refund')];
    for (const answer of answers) {
      expect(taken(answer, 200)).toMatchObject({
        status: 'processed',
        outcome: 'applied',
        order_status: 'pending_payment',
      });
    }
    expect(await refundsOf(order.order_id)).toMatchObject([
      { transaction_id: notice.transaction_id, status: 'due', amount: '1.000' },
    ]);
    const corrected = await notify(service, { ...notice, amount: order.amount, idempotency_key: unique('key') });
    expect(corrected.body).toMatchObject({ result: 'ignored', order_status: 'pending_payment' });
    expect((await notify(service, noticeOf(order))).body).toMatchObject({ order_status: 'paid' });
    await expectStockIdentity(order.product_id);
  });
});

describe('money under review', () => {
  const cancelDue = () => service.app.get(Cancelling).cancelDueOrders();
  const statusOf = async (order: { hold_id: string }) => (await orderOf(order.hold_id))[0]!.status;

  it.each([
    ['another amount', { amount: '89.99' }],
    ['another currency', { currency: 'USD' }],
    ['an amount that can not be read', { amount: 'much' }],
  ])('over %s keeps its order from the deadline, but not for ever', async (_, fields) => {
    const order = await createOrder(service);
    await notify(service, noticeOf(order, fields));
    await passDeadline(order.order_id);
    await cancelDue();
    expect(await statusOf(order)).toBe('pending_payment');
    expect(await service.app.get(Cancelling).findOverdueMs()).toBeNull();
    await execute('UPDATE orders SET due_at = NOW(3) - INTERVAL 1 SECOND WHERE id = ?', [order.order_id]);
    await cancelDue();
    expect(await statusOf(order)).toBe('cancelled');
    await expectStockIdentity(order.product_id);
  });

  it('lets the order go to its deadline once it is owed back, and so does a decline', async () => {
    const [paid, declined] = [await createOrder(service), await createOrder(service)];
    await act(await createReview(service, paid), 'refund');
    await notify(service, noticeOf(declined, { status: 'failed', amount: '1.00' }));
    await passDeadline(paid.order_id, declined.order_id);
    await cancelDue();
    expect([await statusOf(paid), await statusOf(declined)]).toEqual(['cancelled', 'cancelled']);
  });

  it('goes on keeping the order while another payment of it is looked at', async () => {
    const order = await createOrder(service);
    const [first, second] = [await createReview(service, order), await createReview(service, order)];
    taken(await act(first, 'refund'), 200);
    await passDeadline(order.order_id);
    await cancelDue();
    expect(await statusOf(order)).toBe('pending_payment');
    expect(taken(await act(second, 'accept'), 200)).toMatchObject({ outcome: 'applied', order_status: 'paid' });
    await expectStockIdentity(order.product_id);
  });

  it('pays its order when it is accepted, however often that is asked for', async () => {
    const order = await createOrder(service);
    const id = await createReview(service, order);
    const answers = await Promise.all([1, 2, 3].map(() => act(id, 'accept')));
    for (const answer of answers) {
      expect(taken(answer, 200)).toMatchObject({ status: 'processed', outcome: 'applied', order_status: 'paid' });
    }
    expectProblem(await act(id, 'refund'), 'PAYMENT_EVENT_NOT_OWED');
    expect(await refundsOf(order.order_id)).toEqual([]);
    await expectStockIdentity(order.product_id);
  });

  it('is owed back as far as it was paid when it is accepted and the units are gone', async () => {
    const { id: product_id } = await createProduct(service, { stock_total: 1 });
    const order = await createOrder(service, { product_id });
    const id = await createReview(service, order);
    await giveBack(service, order.hold_id);
    await createHold(service, { product_id });
    expect(taken(await act(id, 'accept'), 200)).toMatchObject({ outcome: 'applied', order_status: 'refund_due' });
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'due', amount: '0.010' }]);
    await expectStockIdentity(product_id);
  });

  it('over an amount that can not be read lets its order be refunded, once it is owed back as well', async () => {
    const order = await createOrder(service);
    const unread = noticeOf(order, { amount: 'much' });
    await notify(service, unread);
    taken(await act(await eventIdOf(service, keyOf(unread)), 'refund'), 200);
    expect(taken(await notify(service, noticeOf(order)), 200)).toMatchObject({ order_status: 'paid' });
    const operate = (path: string, body?: object) =>
      service.call('POST', `/api/admin/${path}`, body, adminHeaders(service));
    taken(await operate(`orders/${order.order_id}/return`, { restock: true }), 200);
    expect(await statusOf(order)).toBe('refund_due');
    const refunds = await refundsOf(order.order_id);
    expect(refunds).toMatchObject([{ amount: null }, { amount: '99.990' }]);
    for (const { id } of refunds) {
      expect(await statusOf(order)).toBe('refund_due');
      for (const step of ['mark-sent', 'confirm']) taken(await operate(`refunds/${id}/${step}`), 200);
    }
    expect(await statusOf(order)).toBe('refunded');
    await expectStockIdentity(order.product_id);
  });

  it('is not accepted when it had its effect, or was ignored, or names no order that is there', async () => {
    const paid = await createOrder(service);
    const notices = [noticeOf(paid), noticeOf(paid, { status: 'failed' }), noticeOf({ order_id: 555_555_555 })];
    for (const notice of notices) {
      await notify(service, notice);
      expectProblem(await act(await eventIdOf(service, keyOf(notice)), 'accept'), 'PAYMENT_EVENT_NOT_ACCEPTABLE');
    }
  });
});

describe('a replay', () => {
  it('changes nothing of a payment event that had its effect, however often it is asked for', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order, { status: 'failed' });
    await notify(service, notice);
    const id = await eventIdOf(service, keyOf(notice));
    await notify(service, noticeOf(order));
    for (let time = 0; time < 3; time++) {
      expect(taken(await act(id, 'replay'), 200)).toMatchObject({ outcome: 'applied', order_status: 'cancelled' });
    }
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'paid' }]);
    await expectStockIdentity(order.product_id);
  });

  it('decides a payment event anew that was ignored', async () => {
    const keeping = await startService({ ROLES: 'api', PAYMENT_FAILED_POLICY: 'keep' });
    const order = await createOrder(service);
    const notice = noticeOf(order, { status: 'failed' });
    expect((await notify(keeping, notice)).body).toMatchObject({ result: 'ignored' });
    const id = await eventIdOf(service, keyOf(notice));
    expect(taken(await act(id, 'replay'), 200)).toMatchObject({ outcome: 'applied', order_status: 'cancelled' });
    await expectStockIdentity(order.product_id);
  });

  it('tells no second time of a try that failed', async () => {
    const keeping = await startService({ ROLES: 'api,scheduler', PAYMENT_FAILED_POLICY: 'keep' });
    const after = await newestEvent(keeping);
    const order = await createOrder(keeping);
    const notice = noticeOf(order, { status: 'failed' });
    await notify(keeping, notice);
    const id = await eventIdOf(keeping, keyOf(notice));
    for (let time = 0; time < 2; time++)
      expect(taken(await act(id, 'replay', keeping), 200)).toMatchObject({ outcome: 'ignored' });
    await notify(keeping, noticeOf(order));
    const ofIt = (events: readonly Event[]) => events.filter(({ data }) => data.order_id === order.order_id);
    const events = await eventsUntil(keeping, after, (seen) => ofIt(seen).some(({ type }) => type === 'order.paid'));
    expect(ofIt(events).map(({ type }) => type)).toEqual(['order.created', 'payment.failed', 'order.paid']);
  });

  it('has one effect when many ask for it at once', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order, { amount: '89.99' });
    await notify(service, notice);
    await execute("UPDATE orders SET amount = '89.99' WHERE id = ?", [order.order_id]);
    const id = await eventIdOf(service, keyOf(notice));
    const answers = await Promise.all(Array.from({ length: 10 }, () => act(id, 'replay')));
    expect(answers.map(({ body }) => body.order_status)).toEqual(Array(10).fill('paid'));
    await expectStockIdentity(order.product_id);
  });
});

describe('owing back', () => {
  it('is refused for what is no payment, and changes nothing of a sale', async () => {
    const order = await createOrder(service);
    const paying = noticeOf(order);
    await notify(service, paying);
    expectProblem(await act(await eventIdOf(service, keyOf(paying)), 'refund'), 'PAYMENT_EVENT_NOT_OWED');
    const waiting = noticeOf({ order_id: 777_777_777 }, { status: 'failed' });
    await notify(service, waiting);
    expectProblem(await act(await eventIdOf(service, keyOf(waiting)), 'refund'), 'PAYMENT_EVENT_NOT_OWED');
    expect(await refundsOf(order.order_id)).toEqual([]);
  });
});

describe('a notice whose order does not come', () => {
  const markUnmatched = () => service.app.get(WebhooksService).markUnmatched();

  it('is listed as unmatched after the configured time, and not before', async () => {
    const { key } = await earlyNotice();
    expect(await markUnmatched()).toBe(0);
    await letWaitTooLong(key);
    expect(await markUnmatched()).toBe(1);
    expect(await eventOf(key, 'unmatched')).toMatchObject({ outcome: null, reason: 'the order never came' });
  });

  it('is listed beside one that can not be decided, which is named at the end', async () => {
    const odd = await earlyNotice();
    await execute('UPDATE products SET stock_held = 0 WHERE id = ?', [odd.hold.product_id]);
    taken(await requestOrder(service, odd.hold.hold_id), 201);
    const { key } = await earlyNotice();
    for (const each of [odd.key, key]) await letWaitTooLong(each);
    const reconciliation = new ReconciliationProcessor(service.app.get(WebhooksService));
    const oddId = (await eventOf(odd.key))!.id;
    await expect(reconciliation.process()).rejects.toThrow(`payment event ${oddId} `);
    const { code, output } = await runCli(['webhooks:reconcile']);
    expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining(`payment event ${oddId} `) });
    expect(output).toContain('0 waiting payment notices settled.');
    expect(await eventOf(key)).toMatchObject({ status: 'unmatched' });
    await execute('UPDATE products SET stock_held = 1 WHERE id = ?', [odd.hold.product_id]);
    await reconciliation.process();
    expect(await eventOf(odd.key)).toMatchObject({ status: 'processed', order_status: 'paid' });
  });

  it('is marked once, whoever marks', async () => {
    const { key } = await earlyNotice();
    await letWaitTooLong(key);
    const counts = await Promise.all([markUnmatched(), markUnmatched(), markUnmatched()]);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  it('is applied instead when its order is there after all', async () => {
    const { key, notice, hold } = await earlyNotice();
    await requestOrder(service, hold.hold_id);
    await service.app.get(WebhooksService).reconcilePendingNotices();
    // As if the process had died between making the order and looking for its notices.
    await execute(
      "UPDATE webhook_logs SET status = 'pending_order', created_at = NOW(3) - INTERVAL 61 SECOND WHERE idempotency_key = ?",
      [key],
    );
    expect(await markUnmatched()).toBe(0);
    expect(await eventOf(key)).toMatchObject({ status: 'processed', order_id: notice.order_id });
  });

  it.each(['replay', 'repetition'] as const)('pays the order that comes later still, by %s', async (how) => {
    const { key, notice, hold } = await earlyNotice();
    await letWaitTooLong(key);
    await markUnmatched();
    expect((await notify(service, notice)).status).toBe(202);
    expect(await eventOf(key)).toMatchObject({ status: 'unmatched' });
    await requestOrder(service, hold.hold_id);
    if (how === 'replay') await act((await eventOf(key))!.id, 'replay');
    else expect((await notify(service, notice)).body).toMatchObject({ result: 'applied', order_status: 'paid' });
    expect(await eventOf(key)).toMatchObject({ status: 'processed', outcome: 'applied' });
    expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'paid' }]);
    await expectStockIdentity(hold.product_id);
  });

  it('is owed back when the operator gives up on it', async () => {
    const { id } = await createProduct(service);
    const notice = noticeOf({ order_id: 666_666_000 + id }, { amount: '12.00', currency: 'EUR' });
    await notify(service, notice);
    await letWaitTooLong(keyOf(notice));
    await markUnmatched();
    const event = (await eventOf(keyOf(notice)))!;
    expect(taken(await act(event.id, 'refund'), 200)).toMatchObject({ outcome: 'applied', order_status: null });
    // Nor is it of an order that has the number later.
    expect(
      await query('SELECT order_id, status, amount FROM refunds WHERE transaction_id = ?', [notice.transaction_id]),
    ).toEqual([{ order_id: null, status: 'due', amount: '12.000' }]);
    expect((await notify(service, notice)).body).toMatchObject({ result: 'duplicate', order_status: null });
  });

  it.each(['first', 'last'])('and told of an order then, goes back %s of what that waits for', async (when) => {
    const order = await createOrder(service);
    const { amount } = order;
    const lost = noticeOf({ order_id: 777_777_000 + order.order_id }, { amount, currency: 'EUR' });
    await notify(service, lost);
    await letWaitTooLong(keyOf(lost));
    await markUnmatched();
    taken(await act((await eventOf(keyOf(lost)))!.id, 'refund'), 200);
    const corrected = { ...lost, order_id: order.order_id, idempotency_key: unique('key') };
    expect((await notify(service, corrected)).body).toMatchObject({ result: 'ignored' });
    expect((await notify(service, noticeOf(order))).body).toMatchObject({ order_status: 'paid' });
    const operate = (path: string, body?: object) => service.call('POST', path, body, adminHeaders(service));
    taken(await operate(`/api/admin/orders/${order.order_id}/return`, { restock: true }), 200);
    const [ofLost] = await query<{ id: number }>('SELECT id FROM refunds WHERE transaction_id = ?', [
      lost.transaction_id,
    ]);
    const ofOrder = await refundsOf(order.order_id);
    expect(ofOrder).toHaveLength(1);
    for (const { id } of when === 'first' ? [ofLost!, ...ofOrder] : [...ofOrder, ofLost!]) {
      expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'refund_due' }]);
      taken(await operate(`/api/admin/refunds/${id}/confirm`), 200);
    }
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'refunded' }]);
    await expectStockIdentity(order.product_id);
  });
});

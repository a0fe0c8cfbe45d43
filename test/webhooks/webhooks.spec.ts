import { beforeAll, describe, expect, it } from '@jest/globals';
import { paymentReferenceOf } from '../../src/payment-providers/payment-reference.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
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
  refundsOf,
  requestHold,
  requestOrder,
  stockOf,
  taken,
  UNKNOWN_HOLD_ID,
} from '../support/factories.js';
import { eventIdOf } from '../support/payments.js';
import { type Service, startService } from '../support/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

interface Log {
  status: string;
  outcome: string | null;
  order_status: string | null;
  order_id: number;
}

function logsOf(key: string): Promise<Log[]> {
  return query<Log>('SELECT status, outcome, order_status, order_id FROM webhook_logs WHERE idempotency_key = ?', [
    key,
  ]);
}

/** The number that the next order gets. */
async function nextOrderId(): Promise<number> {
  const { order_id } = await createOrder(service);
  return order_id + 1;
}

describe('POST /api/payments/webhook', () => {
  it('makes the order paid and its units sold', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const order = await createOrder(service, { product_id: id, quantity: 3 });
    const notice = noticeOf(order, { amount: order.amount, currency: 'EUR' });
    const answer = await notify(service, notice);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ result: 'applied', order_id: order.order_id, order_status: 'paid' });
    expect(await stockOf(id)).toMatchObject({ stock_held: 0, stock_sold: 3, available: 7 });
    expect(await logsOf(keyOf(notice))).toEqual([
      { status: 'processed', outcome: 'applied', order_status: 'paid', order_id: order.order_id },
    ]);
    await expectStockIdentity(id);
  });

  it('frees the units when the payment failed, and cancels the order for that reason', async () => {
    const { id } = await createProduct(service, { stock_total: 3 });
    const order = await createOrder(service, { product_id: id, quantity: 3 });
    const answer = await notify(service, noticeOf(order, { status: 'failed' }));
    expect(answer.body).toEqual({ result: 'applied', order_id: order.order_id, order_status: 'cancelled' });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'cancelled', cancel_reason: 'payment_failed' }]);
    expect(await stockOf(id)).toMatchObject({ stock_held: 0, stock_sold: 0, available: 3 });
    taken(await requestHold(service, id, 3), 201);
    await expectStockIdentity(id);
  });

  it.each(['success', 'failed'] as const)('gives a %s notice one effect, however often it comes', async (status) => {
    const { id } = await createProduct(service, { stock_total: 5 });
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    const notice = noticeOf(order, { status });
    const first = await notify(service, notice);
    const stock = await stockOf(id);
    for (let time = 0; time < 3; time++) {
      const again = await notify(service, notice);
      expect(again.status).toBe(200);
      expect(again.body).toEqual({ ...first.body, result: 'duplicate' });
    }
    expect(await stockOf(id)).toEqual(stock);
    expect(await logsOf(keyOf(notice))).toHaveLength(1);
    await expectStockIdentity(id);
  });

  it('ignores a failure of a paid order', async () => {
    const order = await createPaidOrder(service);
    const answer = await notify(service, noticeOf(order, { status: 'failed' }));
    expect(answer.body).toEqual({ result: 'ignored', order_id: order.order_id, order_status: 'paid' });
    await expectStockIdentity(order.product_id);
  });

  it('repeats an ignored notice as a duplicate', async () => {
    const order = await createPaidOrder(service);
    const notice = noticeOf(order, { status: 'failed' });
    await notify(service, notice);
    expect((await notify(service, notice)).body).toMatchObject({ result: 'duplicate', order_status: 'paid' });
  });
});

describe('a notice before its order', () => {
  it('is kept with 202 and applied once the order is made', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const hold = await createHold(service, { product_id: id });
    const notice = noticeOf({ order_id: await nextOrderId() });
    const answer = await notify(service, notice);
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({ result: 'pending_order' });
    expect(await logsOf(keyOf(notice))).toMatchObject([{ status: 'pending_order', outcome: null }]);
    const order = taken<{ order_id: number }>(await requestOrder(service, hold.hold_id), 201);
    expect(order.order_id).toBe(notice.order_id);
    await eventually(async () => expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'paid' }]));
    expect(await logsOf(keyOf(notice))).toMatchObject([{ status: 'processed', outcome: 'applied' }]);
    expect((await notify(service, notice)).body).toMatchObject({ result: 'duplicate', order_status: 'paid' });
    expect(await stockOf(id)).toMatchObject({ stock_sold: 1 });
    await expectStockIdentity(id);
  });

  it('is kept once when it is repeated, and still has one effect', async () => {
    const hold = await createHold(service);
    const notice = noticeOf({ order_id: await nextOrderId() }, { status: 'failed' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => notify(service, notice)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    expect(await logsOf(keyOf(notice))).toHaveLength(1);
    await requestOrder(service, hold.hold_id);
    await eventually(async () => {
      expect(await orderOf(hold.hold_id)).toMatchObject([{ id: notice.order_id, status: 'cancelled' }]);
    });
    await expectStockIdentity(hold.product_id);
  });

  it('keeps its place in the order of arrival: a failure and then a payment end paid', async () => {
    const hold = await createHold(service);
    const orderId = await nextOrderId();
    await notify(service, noticeOf({ order_id: orderId }, { status: 'failed' }));
    await notify(service, noticeOf({ order_id: orderId }));
    await requestOrder(service, hold.hold_id);
    await eventually(async () => expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'paid' }]));
    await expectStockIdentity(hold.product_id);
  });

  it('is not kept waiting by many notices of an order that never comes', async () => {
    const absent = 2 ** 31;
    await Promise.all(Array.from({ length: 500 }, () => notify(service, noticeOf({ order_id: absent }))));
    const order = await createOrder(service);
    const notice = noticeOf(order);
    await notify(service, notice);
    // As if the order had been made while the notice was on its way.
    await execute("UPDATE webhook_logs SET status = 'pending_order' WHERE idempotency_key = ?", [keyOf(notice)]);
    const webhooks = service.app.get(WebhooksService);
    expect(await webhooks.reconcilePendingNotices([absent, order.order_id])).toBe(1);
    expect(await logsOf(keyOf(notice))).toMatchObject([{ status: 'processed' }]);
    await execute('DELETE FROM webhook_logs WHERE order_id = ?', [absent]);
  });
});

describe('a notice long before its order', () => {
  /** As if the notice had come so many seconds before: a number that a restore gave out again. */
  async function lostOrderNotice(secondsAgo: number, overrides: Parameters<typeof noticeOf>[1] = {}) {
    const hold = await createHold(service);
    const notice = noticeOf({ order_id: await nextOrderId() }, overrides);
    expect((await notify(service, notice)).body).toEqual({ result: 'pending_order' });
    await execute('UPDATE webhook_logs SET created_at = created_at - INTERVAL ? SECOND WHERE idempotency_key = ?', [
      secondsAgo,
      keyOf(notice),
    ]);
    expect(taken<{ order_id: number }>(await requestOrder(service, hold.hold_id), 201).order_id).toBe(notice.order_id);
    return { hold, notice };
  }

  it.each(['success', 'failed'] as const)('does nothing to the next order of its number (%s)', async (status) => {
    const { hold, notice } = await lostOrderNotice(3601, { status });
    await eventually(async () => {
      expect(
        await query('SELECT status, outcome, reason, order_status FROM webhook_logs WHERE idempotency_key = ?', [
          keyOf(notice),
        ]),
      ).toEqual([
        {
          status: 'review',
          outcome: 'review',
          reason: 'the order was made long after the notice',
          order_status: 'pending_payment',
        },
      ]);
    });
    expect((await notify(service, notice)).body).toEqual({
      result: 'duplicate',
      order_id: notice.order_id,
      order_status: 'pending_payment',
    });
    expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    await notify(service, noticeOf(notice));
    expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'paid' }]);
    await expectStockIdentity(hold.product_id);
  });

  it('still counts within WEBHOOK_EARLY_SECONDS', async () => {
    const { hold } = await lostOrderNotice(3500);
    await eventually(async () => expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'paid' }]));
  });

  it('is not applied by delivering it again either, nor by a replay once it was given up on', async () => {
    const { hold, notice } = await lostOrderNotice(3601);
    await eventually(async () => expect(await logsOf(keyOf(notice))).toMatchObject([{ status: 'review' }]));
    const event = await eventIdOf(service, keyOf(notice));
    for (const status of ['unmatched', 'review']) {
      await execute('UPDATE webhook_logs SET status = ? WHERE id = ?', [status, event]);
      const path = `/api/admin/webhooks/${event}/replay`;
      const replayed = taken(await service.call('POST', path, undefined, adminHeaders(service)), 200);
      expect(replayed).toMatchObject({ status: 'review', outcome: 'review' });
    }
    expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it('is owed back for no order, also where one has its number by then', async () => {
    const { hold, notice } = await lostOrderNotice(3601, { amount: null, currency: null });
    await eventually(async () => expect(await logsOf(keyOf(notice))).toMatchObject([{ status: 'review' }]));
    const path = `/api/admin/webhooks/${await eventIdOf(service, keyOf(notice))}/refund`;
    const owed = taken(await service.call('POST', path, undefined, adminHeaders(service)), 200);
    expect(owed).toMatchObject({ outcome: 'applied', order_id: null, order_status: null });
    expect(await refundsOf(notice.order_id)).toEqual([]);
    expect(
      await query('SELECT order_id, amount, status FROM refunds WHERE transaction_id = ?', [notice.transaction_id]),
    ).toEqual([{ order_id: null, amount: null, status: 'due' }]);
    expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it.each(['success', 'failed'] as const)(
    'with the reference of another hold is for review, and holds up no other notice (%s)',
    async (status) => {
      const hold = await createHold(service);
      const order_id = await nextOrderId();
      const payment_reference = paymentReferenceOf(order_id, UNKNOWN_HOLD_ID);
      const notice = noticeOf({ order_id }, { status, payment_reference });
      expect((await notify(service, notice)).body).toEqual({ result: 'pending_order' });
      expect(taken(await requestOrder(service, hold.hold_id), 201)).toMatchObject({ order_id });
      await service.app.get(WebhooksService).reconcilePendingNotices();
      expect(await logsOf(keyOf(notice))).toEqual([
        { status: 'review', outcome: 'review', order_status: null, order_id: null },
      ]);
      expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
      expect(await keptByReview(order_id)).toBe(false);
      expect((await notify(service, notice)).body).toEqual({ result: 'duplicate', order_id: null, order_status: null });
    },
  );
});

async function keptByReview(orderId: number): Promise<boolean> {
  const [row] = await query<{ is_kept: 0 | 1 }>('SELECT due_at > payment_due_at AS is_kept FROM orders WHERE id = ?', [
    orderId,
  ]);
  return row!.is_kept === 1;
}

describe('what a notice need not tell', () => {
  it.each([
    ['null for all of it', { amount: null, currency: null, idempotency_key: null, payment_reference: null }],
    ['a number', { amount: 99.99 }],
    ['a currency in small letters', { amount: '99.99', currency: 'eur' }],
    ['more zeros than needed', { amount: '099.9900' }],
  ])('may be %s', async (_, fields) => {
    const order = await createOrder(service);
    expect(taken(await notify(service, noticeOf(order, fields)), 200)).toMatchObject({ result: 'applied' });
  });

  it.each([
    ['amount', ['', '-1', '1e3', 'free', true, {}, [], '1'.repeat(40), 1e21]],
    ['currency', ['', 'EURO', 'E', 1, true, {}]],
  ])('is for review where the %s can not be read, and never refused', async (field, values) => {
    const order = await createOrder(service);
    for (const value of values) {
      const notice = noticeOf(order, { [field]: value });
      expect(taken(await notify(service, notice), 200)).toMatchObject({ result: 'review' });
    }
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    expect(await keptByReview(order.order_id)).toBe(true);
    for (const status of ['failed', 'processing'] as const) {
      expect((await notify(service, noticeOf(order, { status, amount: 'free' }))).body).toMatchObject({
        result: 'review',
        order_status: 'pending_payment',
      });
    }
    await expectStockIdentity(order.product_id);
  });

  it('is for review also where it has more levels than can be written', async () => {
    const order = await createOrder(service);
    const deep = '['.repeat(50_000) + ']'.repeat(50_000);
    const body = JSON.stringify(noticeOf(order, { amount: 'DEEP' })).replace('"DEEP"', deep);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${service.url}/api/payments/webhook`, { method: 'POST', headers, body });
    expect([answer.status, await answer.json()]).toMatchObject([200, { result: 'review' }]);
  });

  it('is that it takes days: the units stay until the deadline', async () => {
    const order = await createOrder(service);
    const answer = await notify(service, noticeOf(order, { status: 'processing' }));
    expect(taken(answer, 200)).toMatchObject({ result: 'ignored', order_status: 'pending_payment' });
  });

  it('is the reference of the order; that of another one is refused', async () => {
    const [order, other] = [await createOrder(service), await createOrder(service)];
    const forged = other.payment_reference.replace(/^[0-9]+/, String(order.order_id));
    for (const payment_reference of [other.payment_reference, forged, 'x']) {
      expectProblem(await notify(service, noticeOf(order, { payment_reference })), 'VALIDATION_FAILED');
    }
    const { payment_reference } = order;
    expect((await notify(service, noticeOf(order, { payment_reference }))).body).toMatchObject({ result: 'applied' });
  });
});

describe('late money', () => {
  it('takes the units again when they are still there', async () => {
    const { id } = await createProduct(service, { stock_total: 2 });
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    await giveBack(service, order.hold_id);
    const answer = await notify(service, noticeOf(order));
    expect(answer.body).toMatchObject({ result: 'applied', order_status: 'paid' });
    expect(await stockOf(id)).toMatchObject({ stock_sold: 2, stock_held: 0, available: 0 });
    await expectStockIdentity(id);
  });

  it('becomes a refund that is due when the units are another buyer’s, whose they stay', async () => {
    const { id } = await createProduct(service, { stock_total: 2 });
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    await notify(service, noticeOf(order, { status: 'failed' }));
    const other = await createPaidOrder(service, { product_id: id });
    const notice = noticeOf(order);
    const answer = await notify(service, notice);
    expect(answer.body).toEqual({ result: 'applied', order_id: order.order_id, order_status: 'refund_due' });
    expect((await notify(service, notice)).body).toMatchObject({ result: 'duplicate', order_status: 'refund_due' });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'refund_due' }]);
    expect(await orderOf(other.hold_id)).toMatchObject([{ status: 'paid' }]);
    expect(await stockOf(id)).toMatchObject({ stock_sold: 1, stock_held: 0, available: 1 });
    await expectStockIdentity(id);
  });

  it('is granted to exactly as many as there are units, when more come together', async () => {
    const { id } = await createProduct(service, { stock_total: 3 });
    const orders = [];
    for (let n = 0; n < 3; n++) orders.push(await createOrder(service, { product_id: id }));
    for (const { hold_id } of orders) await giveBack(service, hold_id);
    await createHold(service, { product_id: id });
    const answers = await Promise.all(orders.map((order) => notify(service, noticeOf(order))));
    expect(answers.map(({ body }) => body.order_status).sort()).toEqual(['paid', 'paid', 'refund_due']);
    expect(await stockOf(id)).toMatchObject({ stock_sold: 2, stock_held: 1, available: 0 });
    await expectStockIdentity(id);
  });
});

import { beforeAll, describe, expect, it } from '@jest/globals';
import { paymentReferenceOf } from '../../src/payment-providers/payment-reference.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { query } from '../support/database.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  noticeOf,
  notify,
  orderOf,
  refundsOf,
  requestOrder,
  stockOf,
  taken,
  unique,
  UNKNOWN_HOLD_ID,
  UNKNOWN_ID,
} from '../support/factories.js';
import { listEvents, sendEvent, STRIPE_SECRET, stripeEvent } from '../support/payments.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
/** The same shop, which takes notices that nobody signed. */
let keyless: Service;

beforeAll(async () => {
  [service, keyless] = await Promise.all([
    startService({ ROLES: 'api', STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET }),
    startService({ ROLES: 'api' }),
  ]);
});

describe('a notice of Stripe', () => {
  it('pays its order, once', async () => {
    const order = await createOrder(service);
    const event = stripeEvent('payment_intent.succeeded', order);
    expect(taken(await sendEvent(service, event), 200)).toEqual({
      result: 'applied',
      order_id: order.order_id,
      order_status: 'paid',
    });
    // Stripe counts the deliveries that are left in the event itself.
    expect(taken(await sendEvent(service, { ...event, pending_webhooks: 0 }), 200)).toMatchObject({
      result: 'duplicate',
      order_status: 'paid',
    });
    expect(await stockOf(order.product_id)).toMatchObject({ stock_sold: 1, stock_held: 0 });
    await expectStockIdentity(order.product_id);
  });

  it.each(['payment_intent.payment_failed', 'checkout.session.async_payment_failed', 'payment_intent.processing'])(
    'of the type %s is an attempt: the units stay with the order, and another try pays it',
    async (type) => {
      const order = await createOrder(service);
      const answer = await sendEvent(service, stripeEvent(type, order));
      expect(taken(answer, 200)).toMatchObject({ result: 'ignored', order_status: 'pending_payment' });
      const paid = await sendEvent(service, stripeEvent('payment_intent.succeeded', order));
      expect(paid.body).toMatchObject({ result: 'applied', order_status: 'paid' });
      await expectStockIdentity(order.product_id);
    },
  );

  it.each([
    ['payment_intent.canceled', 'payment_failed'],
    ['checkout.session.expired', 'payment_expired'],
  ])('of the type %s frees the units', async (type, cancel_reason) => {
    const order = await createOrder(service);
    const answer = await sendEvent(service, stripeEvent(type, order));
    expect(taken(answer, 200)).toMatchObject({ result: 'applied', order_status: 'cancelled' });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'cancelled', cancel_reason }]);
    await expectStockIdentity(order.product_id);
  });

  it('of a Checkout Session pays by the reference that only the session has, once with its PaymentIntent', async () => {
    const order = await createOrder(service);
    const intent = stripeEvent('payment_intent.succeeded', {});
    const payment_intent = (intent.data as { object: { id: string } }).object.id;
    expect((await sendEvent(service, intent)).body).toMatchObject({ result: 'ignored' });
    const session = { id: unique('cs'), payment_intent, payment_status: 'unpaid' };
    const completed = stripeEvent('checkout.session.completed', order, session);
    expect((await sendEvent(service, completed)).body).toMatchObject({
      result: 'ignored',
      order_status: 'pending_payment',
    });
    const paid = stripeEvent('checkout.session.async_payment_succeeded', order, { ...session, payment_status: 'paid' });
    expect((await sendEvent(service, paid)).body).toMatchObject({ result: 'applied', order_status: 'paid' });
    const same = stripeEvent('payment_intent.succeeded', order, { id: payment_intent });
    expect((await sendEvent(service, same)).body).toMatchObject({ result: 'ignored', order_status: 'paid' });
    expect(await refundsOf(order.order_id)).toEqual([]);
  });

  it.each([
    ['another amount', { amount_received: 9998 }],
    ['another currency', { currency: 'usd' }],
    ['the same figure in a currency without decimals', { currency: 'jpy' }],
  ])('over %s is left to the operator, and nothing is paid', async (_, object) => {
    const order = await createOrder(service);
    const event = stripeEvent('payment_intent.succeeded', order, object);
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({
      result: 'review',
      order_status: 'pending_payment',
    });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    expect(await refundsOf(order.order_id)).toEqual([]);
    await expectStockIdentity(order.product_id);
  });

  it.each(['payment_intent.created', 'invoice.paid'])('of the type %s is stored and ignored', async (type) => {
    const event = stripeEvent(type, await createOrder(service));
    const answer = await sendEvent(service, event);
    expect(taken(answer, 200)).toEqual({ result: 'ignored', order_id: null, order_status: null });
    expect((await sendEvent(service, event)).body).toEqual({ result: 'duplicate', order_id: null, order_status: null });
    const [stored] = (await listEvents(keyless)).filter(({ event_id }) => event_id === event.id);
    expect(stored).toMatchObject({
      provider: 'stripe',
      type,
      outcome: 'ignored',
      reason: 'the type of the event is not handled',
    });
  });

  it('that names no order is stored and ignored', async () => {
    const event = stripeEvent('payment_intent.succeeded', { order_id: 1 }, { metadata: {} });
    expect(taken(await sendEvent(service, event), 200)).toEqual({
      result: 'ignored',
      order_id: null,
      order_status: null,
    });
    const [stored] = (await listEvents(keyless)).filter(({ event_id }) => event_id === event.id);
    expect(stored).toMatchObject({ status: 'processed', reason: 'the event names no order' });
  });

  it('never meets the notice of another provider with the same id', async () => {
    const [one, other, third] = [await createOrder(service), await createOrder(service), await createOrder(service)];
    const event = stripeEvent('payment_intent.succeeded', one);
    const id = event.id as string;
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'applied' });
    for (const [order, key] of [
      [other, id],
      [third, `stripe:${id}`],
    ] as const) {
      expect(taken(await notify(keyless, noticeOf(order, { transaction_id: key })), 200)).toMatchObject({
        result: 'applied',
      });
    }
    expect((await sendEvent(service, event)).body).toMatchObject({ result: 'duplicate', order_id: one.order_id });
  });

  it.each([
    ['an event of a thin form', { id: 'evt_thin', object: 'v2.core.event', type: 'v2.core.account.updated' }],
    ['no type', { id: 'evt_1', data: { object: {} } }],
    ['no id', { type: 'payment_intent.succeeded' }],
    ['a list', []],
    ['a text', 'event'],
  ])('that is %s is kept and ignored, for Stripe would send it for days', async (_, body) => {
    const answer = await keyless.call('POST', '/api/payments/webhook/stripe', JSON.stringify(body));
    expect(taken(answer, 200)).toMatchObject({ order_id: null, order_status: null });
    expect(['ignored', 'duplicate']).toContain(answer.body.result);
  });

  it('with the id of another one is refused', async () => {
    const event = stripeEvent('payment_intent.succeeded', await createOrder(service));
    taken(await sendEvent(service, event), 200);
    expectProblem(
      await sendEvent(service, { ...event, type: 'payment_intent.payment_failed' }),
      'IDEMPOTENCY_KEY_REUSED',
    );
  });
});

describe('a notice that need not be ours', () => {
  /** What the operator is shown of it. */
  async function shown(event: Record<string, unknown>) {
    return (await listEvents(keyless)).find(({ event_id }) => event_id === event.id);
  }

  it('counts by the reference of the order alone: the number of another shop pays and cancels nothing', async () => {
    const order = await createOrder(service);
    for (const type of ['payment_intent.canceled', 'checkout.session.expired', 'payment_intent.payment_failed']) {
      const event = stripeEvent(type, { order_id: order.order_id });
      expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'ignored' });
    }
    const foreign = stripeEvent('payment_intent.succeeded', { order_id: order.order_id }, { amount_received: 1 });
    const unreadable = stripeEvent('payment_intent.succeeded', { order_id: order.order_id }, { amount_received: null });
    for (const event of [foreign, unreadable])
      expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'ignored' });
    const sql = 'SELECT due_at = payment_due_at AS is_due FROM orders WHERE id = ?';
    expect(await query(sql, [order.order_id])).toEqual([{ is_due: 1 }]);
    expect(await shown(foreign)).toMatchObject({
      reason: 'the event has no payment_reference',
      metadata: { order_id: String(order.order_id) },
      account: null,
    });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    expectProblem(await refund(foreign), 'PAYMENT_EVENT_NOT_OWED');
    expect(await refundsOf(order.order_id)).toEqual([]);
  });

  const refund = async (event: Record<string, unknown>) =>
    service.call('POST', `/api/admin/webhooks/${(await shown(event))!.id}/refund`, undefined, adminHeaders(service));

  it('for a number that is not given out yet does nothing to the order that gets it', async () => {
    const hold = await createHold(service);
    const { order_id } = await createOrder(service);
    for (const type of ['payment_intent.succeeded', 'payment_intent.canceled']) {
      const event = stripeEvent(type, { order_id: order_id + 1 });
      expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'ignored' });
    }
    expect(taken(await requestOrder(service, hold.hold_id), 201)).toMatchObject({ order_id: order_id + 1 });
    await service.app.get(WebhooksService).reconcilePendingNotices();
    expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it('is for review where it is of the very amount, as of a shop that forgot the reference', async () => {
    const order = await createOrder(service);
    const event = stripeEvent('payment_intent.succeeded', { order_id: order.order_id });
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'review' });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it.each(['#7', ' 7', '7', '', 7, null, '7-AAAAAAAAAAAAAAAA', '07-aaaaaaaaaaaaaaaa', ['7-aaaaaaaaaaaaaaaa']])(
    'is for review as a payment, and ignored as anything else, with the reference %j',
    async (payment_reference) => {
      const object = { metadata: { payment_reference } };
      for (const [type, result] of [
        ['payment_intent.succeeded', 'review'],
        ['checkout.session.completed', 'review'],
        ['payment_intent.canceled', 'ignored'],
      ] as const) {
        const event = stripeEvent(type, {}, object);
        expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result });
        expect(await shown(event)).toMatchObject({ reason: 'the payment_reference can not be read' });
      }
    },
  );

  it('is for review with the reference of no order, and of another hold under the same number', async () => {
    const order = await createOrder(service);
    const references = [
      paymentReferenceOf(order.order_id, UNKNOWN_HOLD_ID),
      paymentReferenceOf(UNKNOWN_ID, UNKNOWN_HOLD_ID),
    ];
    for (const payment_reference of references) {
      const event = stripeEvent('payment_intent.succeeded', { payment_reference });
      expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'review' });
      const end = stripeEvent('payment_intent.canceled', { payment_reference });
      expect(taken(await sendEvent(service, end), 200)).toMatchObject({ result: 'ignored' });
    }
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it.each([
    ['another account', { account: 'acct_other' }, 'the event is of another account'],
    ['live mode, where the service is not', { livemode: true }, 'the event is of live mode, and the service is not'],
  ])('is ignored when it is of %s', async (_, fields, reason) => {
    const order = await createOrder(service);
    const event = { ...stripeEvent('payment_intent.succeeded', order), ...fields };
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'ignored' });
    expect(await shown(event)).toMatchObject({ reason, account: 'account' in fields ? fields.account : null });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it('is for review when it is older than the order', async () => {
    const order = await createOrder(service);
    const created = Math.floor(Date.now() / 1000) - 3600;
    const event = { ...stripeEvent('payment_intent.succeeded', order), created };
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'review' });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it('is no matter of how deep the metadata is that somebody else wrote to it', async () => {
    const deep = Array.from({ length: 200 }).reduce((inner: object) => ({ a: inner }), {});
    const event = stripeEvent('payment_intent.succeeded', {}, { metadata: deep });
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'ignored' });
  });

  it.each([
    ['payment_intent.succeeded', { amount_received: '9999' }],
    ['payment_intent.succeeded', { amount_received: 99.99 }],
    ['payment_intent.succeeded', { amount_received: null }],
    ['payment_intent.succeeded', { currency: null }],
    ['payment_intent.payment_failed', { amount: -1 }],
    ['charge.refunded', { amount_refunded: 'all' }],
    ['payment_intent.succeeded', { amount_received: 1e12, currency: 'jpy' }],
  ])('is for review when the amount of %s can not be read: %j', async (type, object) => {
    const order = await createOrder(service);
    const event = stripeEvent(type, order, object);
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'review' });
    expect(await shown(event)).toMatchObject({ reason: 'the amount or its currency can not be read' });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });
});

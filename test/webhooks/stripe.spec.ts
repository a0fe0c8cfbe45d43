import { beforeAll, describe, expect, it } from '@jest/globals';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import { createHold, createOrder, noticeOf, notify, orderOf, refundsOf, stockOf, taken } from '../support/factories.js';
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

describe('an event of Stripe', () => {
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

  it('that a payment failed frees the units', async () => {
    const order = await createOrder(service);
    const answer = await sendEvent(service, stripeEvent('payment_intent.payment_failed', order));
    expect(taken(answer, 200)).toMatchObject({ result: 'applied', order_status: 'cancelled' });
    await expectStockIdentity(order.product_id);
  });

  it('waits for its order', async () => {
    const { order_id } = await createOrder(service);
    const hold = await createHold(service);
    const event = stripeEvent('payment_intent.succeeded', { order_id: order_id + 1 });
    expect((await sendEvent(service, event)).status).toBe(202);
    taken(await service.call('POST', '/api/orders', { hold_id: hold.hold_id }), 201);
    expect((await sendEvent(service, event)).body).toMatchObject({ order_id: order_id + 1, order_status: 'paid' });
    expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'paid' }]);
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

  it('with the id of another event is refused', async () => {
    const event = stripeEvent('payment_intent.succeeded', await createOrder(service));
    taken(await sendEvent(service, event), 200);
    expectProblem(
      await sendEvent(service, { ...event, type: 'payment_intent.payment_failed' }),
      'IDEMPOTENCY_KEY_REUSED',
    );
  });
});

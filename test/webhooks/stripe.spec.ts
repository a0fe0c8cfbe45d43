import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createProduct,
  giveBack,
  noticeOf,
  notify,
  type Order,
  orderOf,
  refundsOf,
  stockOf,
  taken,
} from '../support/factories.js';
import { listEvents, stripeEvent, stripeHeaders } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';
import { apiError, StripeApi } from '../support/stripe-api.js';

const SECRET = 'whsec_of_the_tests';

let api: StripeApi;
let service: Service;
/** The same shop without a key of Stripe's API. */
let keyless: Service;

beforeAll(async () => {
  api = await StripeApi.start();
  const stripe = { STRIPE_API_KEY: 'sk_test_key', STRIPE_API_BASE: api.url };
  [service, keyless] = await Promise.all([
    startService({ ROLES: 'api', STRIPE_WEBHOOK_SECRETS: SECRET, ...stripe }),
    startService({ ROLES: 'api' }),
  ]);
});

afterAll(() => api.stop());

type Event = ReturnType<typeof stripeEvent>;

function sendEvent(event: Event): Promise<Answer> {
  const body = JSON.stringify(event);
  return service.call('POST', '/api/payments/webhook/stripe', body, stripeHeaders(SECRET, body));
}

describe('an event of Stripe', () => {
  it('pays its order, once', async () => {
    const order = await createOrder(service);
    const event = stripeEvent('payment_intent.succeeded', order);
    expect(taken(await sendEvent(event), 200)).toEqual({
      result: 'applied',
      order_id: order.order_id,
      order_status: 'paid',
    });
    // Stripe counts the deliveries that are left in the event itself.
    expect(taken(await sendEvent({ ...event, pending_webhooks: 0 }), 200)).toMatchObject({
      result: 'duplicate',
      order_status: 'paid',
    });
    expect(await stockOf(order.product_id)).toMatchObject({ stock_sold: 1, stock_held: 0 });
    await expectStockIdentity(order.product_id);
  });

  it('that a payment failed frees the units', async () => {
    const order = await createOrder(service);
    const answer = await sendEvent(stripeEvent('payment_intent.payment_failed', order));
    expect(taken(answer, 200)).toMatchObject({ result: 'applied', order_status: 'cancelled' });
    await expectStockIdentity(order.product_id);
  });

  it('waits for its order', async () => {
    const { order_id } = await createOrder(service);
    const hold = await createHold(service);
    const event = stripeEvent('payment_intent.succeeded', { order_id: order_id + 1 });
    expect((await sendEvent(event)).status).toBe(202);
    taken(await service.call('POST', '/api/orders', { hold_id: hold.hold_id }), 201);
    expect((await sendEvent(event)).body).toMatchObject({ order_id: order_id + 1, order_status: 'paid' });
    expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'paid' }]);
  });

  it.each([
    ['another amount', { amount_received: 9998 }],
    ['another currency', { currency: 'usd' }],
    ['the same figure in a currency without decimals', { currency: 'jpy' }],
  ])('over %s is left to the operator, and nothing is paid', async (_, object) => {
    const order = await createOrder(service);
    const event = stripeEvent('payment_intent.succeeded', order, object);
    expect(taken(await sendEvent(event), 200)).toMatchObject({ result: 'review', order_status: 'pending_payment' });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    expect(await refundsOf(order.order_id)).toEqual([]);
    await expectStockIdentity(order.product_id);
  });

  it.each(['payment_intent.created', 'invoice.paid'])('of the type %s is stored and ignored', async (type) => {
    const event = stripeEvent(type, await createOrder(service));
    const answer = await sendEvent(event);
    expect(taken(answer, 200)).toEqual({ result: 'ignored', order_id: null, order_status: null });
    expect((await sendEvent(event)).body).toEqual({ result: 'duplicate', order_id: null, order_status: null });
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
    expect(taken(await sendEvent(event), 200)).toEqual({ result: 'ignored', order_id: null, order_status: null });
    const [stored] = (await listEvents(keyless)).filter(({ event_id }) => event_id === event.id);
    expect(stored).toMatchObject({ status: 'processed', reason: 'the event names no order' });
  });

  it('never meets the notice of another provider with the same id', async () => {
    const [one, other, third] = [await createOrder(service), await createOrder(service), await createOrder(service)];
    const event = stripeEvent('payment_intent.succeeded', one);
    const id = event.id as string;
    expect(taken(await sendEvent(event), 200)).toMatchObject({ result: 'applied' });
    for (const [order, key] of [
      [other, id],
      [third, `stripe:${id}`],
    ] as const) {
      expect(taken(await notify(keyless, noticeOf(order, { transaction_id: key })), 200)).toMatchObject({
        result: 'applied',
      });
    }
    expect((await sendEvent(event)).body).toMatchObject({ result: 'duplicate', order_id: one.order_id });
  });

  it('with the id of another event is refused', async () => {
    const event = stripeEvent('payment_intent.succeeded', await createOrder(service));
    taken(await sendEvent(event), 200);
    expectProblem(await sendEvent({ ...event, type: 'payment_intent.payment_failed' }), 'IDEMPOTENCY_KEY_REUSED');
  });
});

/** An order whose unit another buyer has, with a late payment of Stripe that is owed back. */
async function owedOrder(): Promise<{ order: Order; intent: string; refundId: number }> {
  const { id } = await createProduct(service, { stock_total: 1 });
  const order = await createOrder(service, { product_id: id });
  await giveBack(service, order.hold_id);
  await createHold(service, { product_id: id });
  const event = stripeEvent('payment_intent.succeeded', order);
  expect(taken(await sendEvent(event), 200)).toMatchObject({ order_status: 'refund_due' });
  const [refund] = await refundsOf(order.order_id);
  const { object } = event.data as { object: { id: string } };
  return { order, intent: object.id, refundId: refund!.id };
}

describe('a refund through Stripe', () => {
  const post = (id: number, action: string, at = service): Promise<Answer> =>
    at.call('POST', `/api/admin/refunds/${id}/${action}`, undefined, adminHeaders(at));

  beforeEach(() => void api.calls.splice(0));

  it('is asked for with the payment, its amount in cents and a key of its own, and is sent then', async () => {
    const { intent, refundId } = await owedOrder();
    const refund = taken<{ status: string; provider_refund_id: string }>(await post(refundId, 'send'), 200);
    expect(refund).toMatchObject({ status: 'sent', provider: 'stripe', transaction_id: intent, amount: '99.99' });
    expect(refund.provider_refund_id).toMatch(/^re_/);
    expect(api.calls).toEqual([
      {
        path: 'POST /v1/refunds',
        authorization: 'Bearer sk_test_key',
        idempotencyKey: `refund-${refundId}-${intent}`,
        fields: { payment_intent: intent, amount: '9999', 'metadata[refund_id]': String(refundId) },
      },
    ]);
  });

  it('is made once, however often and by how many it is sent', async () => {
    const { refundId } = await owedOrder();
    const before = api.refundCount;
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(refundId, 'send')));
    expect(answers.map(({ body }) => body.status)).toEqual(Array(5).fill('sent'));
    expect(new Set(answers.map(({ body }) => body.provider_refund_id)).size).toBe(1);
    expect(api.refundCount).toBe(before + 1);
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent' });
  });

  it('that Stripe refuses has failed with the reason, and can be sent again', async () => {
    const { refundId } = await owedOrder();
    api.answerNext(apiError(400, 'invalid_request_error', 'Charge has already been refunded.'));
    expect((await post(refundId, 'send')).body).toMatchObject({
      status: 'failed',
      reason: 'Charge has already been refunded.',
    });
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent', reason: null });
  });

  it.each([
    ['hangs up', ['hang up', 'hang up', 'hang up']],
    ['fails', Array(3).fill(apiError(500, 'api_error', 'Something went wrong'))],
    ['does not know the key', [apiError(401, 'invalid_request_error', 'Invalid API key')]],
    ['has seen the key with another payment', [apiError(400, 'idempotency_error', 'Keys can only be used once')]],
  ] as const)('stays due while Stripe %s, and nobody claims to know more', async (_, answers) => {
    const { order, refundId } = await owedOrder();
    api.answerNext(...answers);
    expectProblem(await post(refundId, 'send'), 'UNAVAILABLE');
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'due' }]);
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent' });
  });

  it.each(['due', 'sent'] as const)(
    'is confirmed by the event that the money went back, when it is %s',
    async (status) => {
      const { order, intent, refundId } = await owedOrder();
      if (status === 'sent') await post(refundId, 'send');
      const event = stripeEvent('charge.refunded', order, { id: 'ch_1', payment_intent: intent });
      expect(taken(await sendEvent(event), 200)).toMatchObject({ result: 'applied', order_status: 'refund_due' });
      expect(taken(await sendEvent(event), 200)).toMatchObject({ result: 'duplicate', order_status: 'refund_due' });
      expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'confirmed' }]);
      expectProblem(await post(refundId, 'send'), 'REFUND_STATUS_CONFLICT');
    },
  );

  it('is not confirmed by less than is owed', async () => {
    const { order, intent } = await owedOrder();
    const event = stripeEvent('charge.refunded', order, { id: 'ch_1', payment_intent: intent, amount_refunded: 5000 });
    expect(taken(await sendEvent(event), 200)).toMatchObject({ result: 'review' });
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'due' }]);
  });

  it('of money that is not known to be owed is left to the operator', async () => {
    const order = await createOrder(service);
    const event = stripeEvent('charge.refunded', order, { id: 'ch_1', payment_intent: 'pi_unknown' });
    expect(taken(await sendEvent(event), 200)).toMatchObject({ result: 'review', order_status: 'pending_payment' });
  });

  it('is noted as sent by other means without a key of the API', async () => {
    const { refundId } = await owedOrder();
    expect((await post(refundId, 'send', keyless)).body).toMatchObject({ status: 'sent', provider_refund_id: null });
    expect(api.calls).toEqual([]);
  });

  it('keeps the key of the API out of every answer and row', async () => {
    const { refundId } = await owedOrder();
    api.answerNext(apiError(401, 'invalid_request_error', 'Invalid API Key provided: sk_test_key'));
    expect((await post(refundId, 'send')).text).not.toContain('sk_test');
    const rows = await query('SELECT * FROM refunds WHERE id = ?', [refundId]);
    expect(JSON.stringify(rows)).not.toContain('sk_test');
  });
});

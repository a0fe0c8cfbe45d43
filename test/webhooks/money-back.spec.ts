import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
  unique,
} from '../support/factories.js';
import { listEvents, sendEvent, STRIPE_SECRET, stripeEvent } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';
import { StripeApi } from '../support/stripe-api.js';

/** Money that goes back at the provider: before its success is told, with and without our asking, and back again. */
let api: StripeApi;
let service: Service;
/** Two instances that take notices which nobody signed. */
let neighbours: readonly [Service, Service];

beforeAll(async () => {
  api = await StripeApi.start();
  service = await startService({
    ROLES: 'api',
    STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET,
    STRIPE_API_KEY: 'sk_test_key',
    STRIPE_API_BASE: api.url,
  });
  neighbours = await Promise.all([startService({ ROLES: 'api' }), startService({ ROLES: 'api' })]);
});

afterAll(() => api.stop());

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

const post = (id: number, action: string, body?: object): Promise<Answer> =>
  service.call('POST', `/api/admin/refunds/${id}/${action}`, body, adminHeaders(service));

/** What Stripe says of a charge of `intent`, of which so many cents have gone back by now; it has no metadata of ours. */
function charged(intent: string, amount_refunded: number, secondsAgo = 0, order: Partial<Order> = {}) {
  const charge = { id: unique('ch'), payment_intent: intent, amount_refunded };
  return { ...stripeEvent('charge.refunded', order, charge), created: nowSeconds() - secondsAgo };
}

/** What Stripe says of a refund that the buyer's bank has sent back. */
function returned(intent: string, refundId: string, { type = 'refund.failed', amount = 9999, metadata = {} } = {}) {
  const refund = { id: refundId, object: 'refund', payment_intent: intent, charge: 'ch_1', status: 'failed' };
  return stripeEvent(type, {}, { ...refund, amount, failure_reason: 'lost_or_stolen_card', metadata });
}

function succeeded(order: Order, intent: string) {
  return stripeEvent('payment_intent.succeeded', order, { id: intent });
}

async function answerTo(event: Record<string, unknown>): Promise<Record<string, unknown>> {
  return taken(await sendEvent(service, event), 200);
}

async function reasonOf(event: Record<string, unknown>): Promise<string | null> {
  return (await listEvents(service)).find(({ event_id }) => event_id === event.id)!.reason;
}

/** An order whose unit another buyer has, with a late payment of Stripe that is owed back. */
async function owedOrder(): Promise<{ order: Order; intent: string; refundId: number }> {
  const { id } = await createProduct(service, { stock_total: 1 });
  const order = await createOrder(service, { product_id: id });
  await giveBack(service, order.hold_id);
  await createHold(service, { product_id: id });
  const intent = unique('pi');
  expect(await answerTo(succeeded(order, intent))).toMatchObject({ order_status: 'refund_due' });
  const [refund] = await refundsOf(order.order_id);
  return { order, intent, refundId: refund!.id };
}

describe('a payment that went back before its success is told', () => {
  it.each([
    ['with the reference of its order', true],
    ['without any metadata', false],
  ])('pays nothing and is owed to nobody, when that was told %s', async (_, isReferenced) => {
    const order = await createOrder(service);
    const intent = unique('pi');
    expect(await answerTo(charged(intent, 9999, 0, isReferenced ? order : {}))).toMatchObject({ result: 'ignored' });
    const success = succeeded(order, intent);
    expect(await answerTo(success)).toMatchObject({ result: 'ignored', order_status: 'pending_payment' });
    expect(await reasonOf(success)).toBe('the payment went back before it was told');
    expect(await refundsOf(order.order_id)).toEqual([]);
    expect(await answerTo(succeeded(order, unique('pi')))).toMatchObject({ result: 'applied', order_status: 'paid' });
    await expectStockIdentity(order.product_id);
  });

  it('is not owed back a second time where the units are gone', async () => {
    const { order } = await owedOrder();
    const intent = unique('pi');
    await answerTo(charged(intent, 9999));
    expect(await answerTo(succeeded(order, intent))).toMatchObject({ result: 'ignored' });
    expect(await refundsOf(order.order_id)).toHaveLength(1);
  });

  it('is for review when only a part of it went back; then the operator decides, and the rest alone is owed', async () => {
    const [first, second] = [await createOrder(service), await createOrder(service)];
    for (const order of [first, second]) {
      const intent = unique('pi');
      await answerTo(charged(intent, 4000));
      const success = succeeded(order, intent);
      expect(await answerTo(success)).toMatchObject({ result: 'review', order_status: 'pending_payment' });
      const { id } = (await listEvents(service)).find(({ event_id }) => event_id === success.id)!;
      const action = order === first ? 'accept' : 'refund';
      taken(await service.call('POST', `/api/admin/webhooks/${id}/${action}`, undefined, adminHeaders(service)), 200);
    }
    expect(await orderOf(first.hold_id)).toMatchObject([{ status: 'paid' }]);
    expect(await refundsOf(first.order_id)).toEqual([]);
    expect(await refundsOf(second.order_id)).toMatchObject([{ status: 'due', amount: '59.990' }]);
    await expectStockIdentity(first.product_id);
  });
});

describe('a payment of another amount than is due, of which some went back before somebody accepts it', () => {
  it.each([
    [19_998, 9999, 'applied', 'paid'],
    [5000, 5000, 'ignored', 'pending_payment'],
  ])(
    'of %i cents, of which %i went back: %s, the order is %s',
    async (amount_received, back, outcome, order_status) => {
      const order = await createOrder(service);
      const intent = unique('pi');
      const success = stripeEvent('payment_intent.succeeded', order, { id: intent, amount_received });
      expect(await answerTo(success)).toMatchObject({ result: 'review' });
      await answerTo(charged(intent, back));
      const { id } = (await listEvents(service)).find(({ event_id }) => event_id === success.id)!;
      const path = `/api/admin/webhooks/${id}/accept`;
      const accepted = taken(await service.call('POST', path, undefined, adminHeaders(service)), 200);
      expect(accepted).toMatchObject({ outcome, order_status });
      expect(await orderOf(order.hold_id)).toMatchObject([{ status: order_status }]);
      expect(await refundsOf(order.order_id)).toEqual([]);
      await expectStockIdentity(order.product_id);
    },
  );
});

describe('that money went back', () => {
  it('settles the refund of that very payment, whatever the event knows of our order', async () => {
    const { order, intent } = await owedOrder();
    const other = await owedOrder();
    expect(await answerTo(charged(intent, 9999))).toMatchObject({ result: 'applied', order_id: order.order_id });
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'confirmed' }]);
    expect(await refundsOf(other.order.order_id)).toMatchObject([{ status: 'due' }]);
  });

  it('belongs to the order of the payment, not to the one that somebody wrote into its metadata', async () => {
    const { order, intent } = await owedOrder();
    const other = await owedOrder();
    expect(await answerTo(charged(intent, 9999, 0, other.order))).toMatchObject({ order_id: order.order_id });
    expect(await refundsOf(other.order.order_id)).toMatchObject([{ status: 'due' }]);
  });

  it('by a part leaves the rest due, and only the rest is asked for', async () => {
    const { order, intent, refundId } = await owedOrder();
    api.refundOutside(intent, 4000);
    expect(await answerTo(charged(intent, 4000))).toMatchObject({ result: 'applied' });
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'due', amount: '99.990' }]);
    expect(taken(await post(refundId, 'send'), 200)).toMatchObject({ status: 'sent', amount_refunded: '40.00' });
    expect(api.givenBackOf(intent)).toBe(9999);
    await answerTo(charged(intent, 9999));
    expect(await refundsOf(order.order_id)).toMatchObject([
      { status: 'confirmed', amount: '59.990' },
      { status: 'confirmed', amount: '40.000' },
    ]);
  });

  it('by a part that nobody told us of is not asked for again either', async () => {
    const { intent, refundId } = await owedOrder();
    api.refundOutside(intent, 4000);
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent' });
    expect(api.givenBackOf(intent)).toBe(9999);
  });

  it('as a smaller figure that comes late changes nothing', async () => {
    const { order, intent } = await owedOrder();
    await answerTo(charged(intent, 9999));
    await answerTo(charged(intent, 4000, 5));
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'confirmed' }]);
  });
});

describe('a refund that the bank sends back', () => {
  it('has failed although it was confirmed, once, and can be sent again', async () => {
    const { order, intent, refundId } = await owedOrder();
    const first = (await post(refundId, 'send')).body.provider_refund_id as string;
    await answerTo(charged(intent, 9999, 3));
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'confirmed' }]);
    api.returnByBank(first);
    expect(await answerTo(returned(intent, first))).toMatchObject({ result: 'applied', order_id: order.order_id });
    // Stripe tells it under up to three types.
    for (const type of ['charge.refund.updated', 'refund.updated'])
      expect(await answerTo(returned(intent, first, { type }))).toMatchObject({ result: 'ignored' });
    const [refund] = await refundsOf(order.order_id);
    expect(refund).toMatchObject({ status: 'failed' });
    const again = taken<Record<string, unknown>>(await post(refundId, 'send'), 200);
    expect(again).toMatchObject({ status: 'sent', amount_refunded: '0.00' });
    expect(api.givenBackOf(intent)).toBe(9999);
    // What comes late of the first one is not said of the second.
    expect(await answerTo(returned(intent, first, { type: 'refund.updated' }))).toMatchObject({ result: 'ignored' });
    expect(await answerTo(charged(intent, 9999, 3))).toMatchObject({ result: 'ignored' });
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'sent' }]);
    await answerTo(charged(intent, 9999, -1));
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'confirmed' }]);
  });

  it('is not confirmed by what was told before it failed, and comes later', async () => {
    const { order, intent, refundId } = await owedOrder();
    const sent = (await post(refundId, 'send')).body.provider_refund_id as string;
    await answerTo(returned(intent, sent));
    expect(await answerTo(charged(intent, 9999, 60))).toMatchObject({ result: 'ignored' });
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'failed' }]);
  });

  it('is found by its own number at Stripe, which has ours, when the answer to it was lost', async () => {
    const { order, intent, refundId } = await owedOrder();
    await answerTo(charged(intent, 9999, 5));
    expect(await answerTo(returned(intent, 're_lost', { metadata: { refund_id: String(refundId) } }))).toMatchObject({
      result: 'applied',
    });
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'failed' }]);
  });

  it('that nobody here asked for is ignored, and so is one of a payment that is not ours', async () => {
    const { order, intent, refundId } = await owedOrder();
    await post(refundId, 'send');
    expect(await answerTo(returned(intent, unique('re')))).toMatchObject({ result: 'ignored' });
    expect(await answerTo(returned(unique('pi'), unique('re')))).toMatchObject({ result: 'ignored', order_id: null });
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'sent' }]);
  });

  it('is told by the operator, too, when it was confirmed', async () => {
    const { order, refundId } = await owedOrder();
    taken(await post(refundId, 'confirm'), 200);
    expectProblem(await post(refundId, 'send'), 'REFUND_STATUS_CONFLICT');
    expect(taken(await post(refundId, 'fail', { reason: 'the bank sent it back' }), 200)).toMatchObject({
      status: 'failed',
    });
    taken(await post(refundId, 'send'), 200);
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'sent' }]);
  });
});

describe('an order whose money goes back', () => {
  const statusOf = async ({ hold_id }: Order) => (await orderOf(hold_id))[0]!.status;

  it('is refunded once its refund is confirmed, and is due again when that fails', async () => {
    const { order, intent, refundId } = await owedOrder();
    const sent = (await post(refundId, 'send')).body.provider_refund_id as string;
    expect(await statusOf(order)).toBe('refund_due');
    expect(await answerTo(charged(intent, 9999, 3))).toMatchObject({ order_status: 'refunded' });
    expect(await answerTo(returned(intent, sent))).toMatchObject({ order_status: 'refund_due' });
    taken(await post(refundId, 'send'), 200);
    taken(await post(refundId, 'confirm'), 200);
    expect(await statusOf(order)).toBe('refunded');
    taken(await post(refundId, 'fail', { reason: 'the bank sent it back' }), 200);
    expect(await statusOf(order)).toBe('refund_due');
  });

  it('keeps its units sold when a sale is given back on the pages of the provider, all of it or a part', async () => {
    const order = await createOrder(service);
    const intent = unique('pi');
    await answerTo(succeeded(order, intent));
    expect(await answerTo(charged(intent, 5000, 3))).toMatchObject({ result: 'applied', order_status: 'paid' });
    expect(await answerTo(charged(intent, 9999))).toMatchObject({ result: 'applied', order_status: 'refunded' });
    expect(await stockOf(order.product_id)).toMatchObject({ stock_sold: 1, stock_held: 0 });
    expectProblem(await giveBack(service, order.hold_id), 'ORDER_ALREADY_PAID');
    await expectStockIdentity(order.product_id);
    expect(await answerTo(succeeded(order, intent))).toMatchObject({ result: 'ignored', order_status: 'refunded' });
  });

  it('owes back what is paid for it afterwards', async () => {
    const order = await createOrder(service);
    const [intent, late] = [unique('pi'), unique('pi')];
    await answerTo(succeeded(order, intent));
    await answerTo(charged(intent, 9999, 3));
    expect(await answerTo(succeeded(order, late))).toMatchObject({ result: 'applied', order_status: 'refund_due' });
    expect(await refundsOf(order.order_id)).toMatchObject([{ transaction_id: late, status: 'due' }]);
    expect(await answerTo(charged(late, 9999))).toMatchObject({ order_status: 'refunded' });
    await expectStockIdentity(order.product_id);
  });

  it('stays paid when it cost nothing, whatever money comes for it and goes', async () => {
    const { id: product_id } = await createProduct(service, { price: '0.00' });
    const order = await createOrder(service, { product_id });
    const intent = unique('pi');
    const free = stripeEvent('payment_intent.succeeded', order, { id: intent, amount_received: 0 });
    await answerTo(free);
    expect(await answerTo(charged(intent, 0))).toMatchObject({ order_status: 'paid' });
    await expectStockIdentity(product_id);
  });

  it('stays paid when it is only the second payment of it that goes back', async () => {
    const order = await createOrder(service);
    const twice = unique('pi');
    await answerTo(succeeded(order, unique('pi')));
    await answerTo(succeeded(order, twice));
    expect(await answerTo(charged(twice, 9999))).toMatchObject({ result: 'applied', order_status: 'paid' });
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'confirmed' }]);
  });

  it('ends the same when all is told in one moment, by whichever instance', async () => {
    const { order, intent, refundId } = await owedOrder();
    const events = Array.from({ length: 6 }, () => charged(intent, 9999));
    const calls = [...events.map((event) => sendEvent(service, event)), post(refundId, 'confirm')];
    for (const { status } of await Promise.all(calls)) expect(status).toBe(200);
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'confirmed' }]);
    expect(await statusOf(order)).toBe('refunded');
  });
});

describe('a payment that is told for two orders', () => {
  const act = async (key: string, action: string) => {
    const { id } = (await listEvents(service)).find(({ event_id }) => event_id === key)!;
    return service.call('POST', `/api/admin/webhooks/${id}/${action}`, undefined, adminHeaders(service));
  };

  it.each([
    ['a key that its sender chose', () => ({ idempotency_key: unique('key') })],
    ['no key', () => ({})],
  ])('pays the first and is for review for the second, with %s', async (_, keyed) => {
    const [first, second] = [await createOrder(service), await createOrder(service)];
    const transaction_id = unique('txn');
    const [one, other] = [first, second].map((order) => noticeOf(order, { transaction_id, ...keyed() }));
    expect((await notify(neighbours[0], one!)).body).toMatchObject({ result: 'applied', order_status: 'paid' });
    expect((await notify(neighbours[0], other!)).body).toMatchObject({
      result: 'review',
      order_status: 'pending_payment',
    });
    const { event_id } = (await listEvents(service, 'review')).at(-1)!;
    expectProblem(await act(event_id, 'accept'), 'PAYMENT_EVENT_NOT_ACCEPTABLE');
    expectProblem(await act(event_id, 'refund'), 'PAYMENT_EVENT_NOT_OWED');
    expect([...(await refundsOf(first.order_id)), ...(await refundsOf(second.order_id))]).toEqual([]);
    await expectStockIdentity(second.product_id);
  });

  it('pays one of them when both are told in the same moment', async () => {
    const orders = await Promise.all([createOrder(service), createOrder(service)]);
    const transaction_id = unique('txn');
    const answers = await Promise.all(
      orders.map((order, n) =>
        notify(neighbours[n]!, noticeOf(order, { transaction_id, idempotency_key: unique('key') })),
      ),
    );
    expect(answers.map(({ body }) => body.result).sort()).toEqual(['applied', 'review']);
  });

  it('pays by its PaymentIntent as well, whatever order the second event names', async () => {
    const [first, second] = [await createOrder(service), await createOrder(service)];
    const intent = unique('pi');
    expect(await answerTo(succeeded(first, intent))).toMatchObject({ result: 'applied' });
    expect(await answerTo(succeeded(second, intent))).toMatchObject({
      result: 'review',
      order_status: 'pending_payment',
    });
  });
});

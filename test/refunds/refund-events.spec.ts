import { beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';
import { type Event, eventsUntil, newestEvent, untilEventsHaveNumbers } from '../support/events.js';
import {
  adminHeaders,
  createPaidOrder,
  createProduct,
  noticeOf,
  notify,
  type Order,
  refundsOf,
  taken,
  unique,
} from '../support/factories.js';
import { type ApiDocument, schemaChecker, webhookSchema } from '../support/openapi.js';
import { sendEvent, STRIPE_SECRET, stripeEvent } from '../support/payments.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
/** Takes Stripe's events, and so no generic notice without a signature. */
let stripe: Service;

beforeAll(async () => {
  const env = { STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET, ROLES: 'api' };
  [service, stripe] = await Promise.all([startService(), startService(env)]);
});

async function operate(path: string, body?: unknown): Promise<void> {
  taken(await service.call('POST', `/api/admin/${path}`, body, adminHeaders(service)), 200);
}

/** A paid order over 30.00 of which one unit is returned, with the number of the refund that is due. */
async function returnedOrder(): Promise<{ order: Order; refund: number; after: number }> {
  const { id } = await createProduct(service, { price: '10.00' });
  const order = await createPaidOrder(service, { product_id: id, quantity: 3 });
  await operate(`orders/${order.order_id}/return`, { quantity: 1, restock: true });
  const [refund] = await refundsOf(order.order_id);
  await untilEventsHaveNumbers();
  return { order, refund: refund!.id, after: await newestEvent(service) };
}

const seen = (events: readonly Event[]) => events.map(({ type, version }) => [type, version]);

async function versionOf({ order_id }: Order): Promise<number> {
  const [row] = await query<{ version: number }>('SELECT version FROM orders WHERE id = ?', [order_id]);
  return row!.version;
}

describe('the events of a refund', () => {
  it('tell that it was sent, reached the buyer, and came back days later: each a change of its order', async () => {
    const { order, refund, after } = await returnedOrder();
    await operate(`refunds/${refund}/mark-sent`);
    await operate(`refunds/${refund}/mark-sent`);
    await operate(`refunds/${refund}/confirm`);
    await operate(`refunds/${refund}/fail`, { reason: 'The account is closed' });
    const events = await eventsUntil(service, after, (found) => found.length >= 3);
    // Made, paid and returned before.
    expect(seen(events)).toEqual([
      ['refund.sent', 4],
      ['refund.confirmed', 5],
      ['refund.failed', 6],
    ]);
    expect(events.map(({ data }) => data)).toMatchObject([
      { order_id: order.order_id, status: 'paid', refund: { id: refund, status: 'sent', reason: null } },
      { hold_id: order.hold_id, refund: { id: refund, status: 'confirmed', amount: '10.00', cause: 'returned' } },
      { quantity: 3, refund: { id: refund, status: 'failed', reason: 'The account is closed' } },
    ]);
    const document = (await service.call('GET', '/docs/json')).body as unknown as ApiDocument;
    const check = schemaChecker(document);
    for (const event of events) expect(check(webhookSchema(document, event.type), event)).toEqual([]);
    expect(await versionOf(order)).toBe(6);
  });

  it('come before those of their order that they cause', async () => {
    const { order, refund, after } = await returnedOrder();
    await operate(`orders/${order.order_id}/return`, { restock: true });
    const [, rest] = await refundsOf(order.order_id);
    await operate(`refunds/${refund}/confirm`);
    await operate(`refunds/${rest!.id}/confirm`);
    await operate(`refunds/${rest!.id}/fail`, { reason: 'no' });
    const events = await eventsUntil(service, after, (found) => found.length >= 7);
    expect(seen(events)).toEqual([
      ['order.returned', 4],
      ['order.refund_due', 5],
      ['refund.confirmed', 6],
      ['refund.confirmed', 7],
      ['order.refunded', 8],
      ['refund.failed', 9],
      ['order.refund_due', 10],
    ]);
    expect(await versionOf(order)).toBe(10);
  });

  it('tell what a provider says, once, and of refunds that began there', async () => {
    const { id } = await createProduct(service, { price: '99.99' });
    const { order_id, payment_reference } = await createPaidOrderBy(id);
    const after = await newestEvent(service);
    const object = { payment_intent: intent, amount: 4000, currency: 'eur', status: 'succeeded', metadata: {} };
    const made = stripeEvent(
      'refund.created',
      { payment_reference },
      { id: unique('re'), object: 'refund', ...object },
    );
    await sendEvent(stripe, made);
    await sendEvent(stripe, made);
    await operate(`orders/${order_id}/return`, { restock: true });
    const events = await eventsUntil(service, after, (found) => found.length >= 2);
    expect(seen(events).slice(0, 2)).toEqual([
      ['refund.confirmed', 3],
      ['order.returned', 4],
    ]);
    expect(events[0]!.data).toMatchObject({ order_id, refund: { id: null, cause: 'outside', amount: '40.00' } });
  });

  it.each([
    ['JPY', '300', 300],
    ['KWD', '1.500', 1500],
  ])('have the decimals of %s', async (currency, price, amount) => {
    const shop = await startService({ CURRENCY: currency, STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET, ROLES: 'api' });
    const { id } = await createProduct(shop, { price });
    const money = { amount, amount_received: amount, currency: currency.toLowerCase() };
    const order = await createPaidOrderBy(id, unique('pi'), money);
    const after = await newestEvent(service);
    const refund = { id: unique('re'), object: 'refund', payment_intent: intent, ...money, status: 'succeeded' };
    taken(await sendEvent(shop, stripeEvent('refund.created', {}, refund)), 200);
    const [event] = await eventsUntil(service, after, (found) => found.length >= 1);
    const { order_id } = order;
    expect(event).toMatchObject({
      type: 'refund.confirmed',
      data: { order_id, amount: price, refund: { amount: price } },
    });
  });
});

describe('a dispute of a payment at its provider', () => {
  const disputeOf = (payment: string, type = 'created', about: object = { id: unique('dp') }) =>
    stripeEvent(
      `charge.dispute.${type}`,
      {},
      {
        ...{ object: 'dispute', payment_intent: payment, charge: unique('ch'), amount: 9999, metadata: {} },
        ...{ reason: 'product_not_received', status: 'needs_response' },
        ...about,
      },
    );

  it('is told once, changes nothing of the order, and lists it', async () => {
    const { id } = await createProduct(service, { price: '99.99' });
    const order = await createPaidOrderBy(id);
    const other = await createPaidOrder(service, { product_id: id });
    await untilEventsHaveNumbers();
    const after = await newestEvent(service);
    const [first, second] = [disputeOf(intent), disputeOf(intent)];
    for (const event of [first, first, second]) taken(await sendEvent(stripe, event), 200);
    await operate(`orders/${order.order_id}/return`, { restock: true });
    const events = await eventsUntil(service, after, (found) => found.length >= 2);
    expect(seen(events).slice(0, 2)).toEqual([
      ['order.disputed', 3],
      ['order.returned', 4],
    ]);
    expect(events[0]!.data).toMatchObject({ order_id: order.order_id, status: 'paid', transaction_id: intent });
    const document = (await service.call('GET', '/docs/json')).body as unknown as ApiDocument;
    expect(schemaChecker(document)(webhookSchema(document, 'order.disputed'), events[0])).toEqual([]);
    const list = async (query: string) =>
      taken<{ items: { order_id: number; payment: { disputed_at: string | null } }[] }>(
        await service.call('GET', `/api/admin/orders?product_id=${id}${query}`, undefined, adminHeaders(service)),
        200,
      ).items.map(({ order_id, payment }) => [order_id, payment.disputed_at]);
    expect(await list('')).toEqual([
      [order.order_id, expect.stringMatching(/Z$/)],
      [other.order_id, null],
    ]);
    expect(await list('&disputed=true')).toEqual([[order.order_id, expect.stringMatching(/Z$/)]]);
  });

  it.each([
    ['won', 'won'],
    ['lost', 'lost'],
    ['warning_closed', 'closed'],
  ])('that is %s at its end is noted so, and nothing more is told or owed', async (status, told) => {
    const { id } = await createProduct(service, { price: '99.99' });
    const order = await createPaidOrderBy(id);
    const about = { id: unique('dp') };
    taken(await sendEvent(stripe, disputeOf(intent, 'created', about)), 200);
    for (const type of ['funds_withdrawn', 'closed', 'closed', 'funds_reinstated'])
      taken(await sendEvent(stripe, disputeOf(intent, type, { ...about, status })), 200);
    const answer = await service.call('GET', `/api/admin/orders/${order.order_id}`, undefined, adminHeaders(service));
    expect(taken(answer, 200)).toMatchObject({
      ...{ status: 'paid', quantity_sold: 1, refunds: [] },
      payment: { amount_refunded: '0.00', dispute_status: told, dispute_reason: 'product_not_received' },
      events: [
        { type: 'payment_intent.succeeded' },
        { type: 'charge.dispute.created' },
        { type: 'charge.dispute.closed', outcome: 'applied', reason: 'the dispute at the bank has ended' },
        { type: 'charge.dispute.closed', outcome: 'ignored', reason: 'the dispute is known' },
      ],
    });
    // Made, paid, disputed: each event of an order raises it.
    expect(await versionOf(order)).toBe(3);
  });

  it('that comes before its payment is told with that, and one of somebody else’s payment is nobody’s', async () => {
    const { id } = await createProduct(service, { price: '99.99' });
    const after = await newestEvent(service);
    const early = unique('pi');
    expect((await sendEvent(stripe, disputeOf(early))).body).toMatchObject({ result: 'ignored', order_id: null });
    const order = await createPaidOrderBy(id, early);
    const events = await eventsUntil(service, after, (found) => found.length >= 3);
    expect(events.filter(({ data }) => data.order_id === order.order_id).map(({ type }) => type)).toEqual([
      'order.created',
      'order.disputed',
      'order.paid',
    ]);
  });
});

let intent: string;

/** An order that a payment at Stripe paid. */
async function createPaidOrderBy(productId: number, payment = unique('pi'), money: object = {}): Promise<Order> {
  const { hold_id } = taken<{ hold_id: string }>(
    await service.call('POST', '/api/holds', { product_id: productId, quantity: 1 }),
    201,
  );
  const order = taken<Order>(await service.call('POST', '/api/orders', { hold_id }), 201);
  intent = payment;
  taken(await sendEvent(stripe, stripeEvent('payment_intent.succeeded', order, { id: intent, ...money })), 200);
  await untilEventsHaveNumbers();
  return order;
}

describe('a refund of money that came twice', () => {
  it('is told with its order, whose state it does not change', async () => {
    const order = await createPaidOrder(service);
    taken(await notify(service, noticeOf(order)), 200);
    const [refund] = await refundsOf(order.order_id);
    await untilEventsHaveNumbers();
    const after = await newestEvent(service);
    await operate(`refunds/${refund!.id}/confirm`);
    const events = await eventsUntil(service, after, (found) => found.length >= 1);
    expect(events).toMatchObject([
      { type: 'refund.confirmed', version: 3, data: { status: 'paid', refund: { cause: 'duplicate' } } },
    ]);
  });
});

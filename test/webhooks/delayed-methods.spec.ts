import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { Asking } from '../../src/webhooks/deadlines/asking.js';
import { execute, query } from '../support/database.js';
import { eventsUntil, newestEvent, untilEventsHaveNumbers } from '../support/events.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  createHold,
  createOrder,
  createProduct,
  createSale,
  hex,
  noticeOf,
  notify,
  orderOf,
  passDeadline,
  stockOf,
  taken,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';
import { StripeApi } from '../support/stripe-api.js';
import { CHECKOUT, holdOf, INTENT, openOrder, passClaim, stripeSettings } from '../support/stripe-sales.js';

/** Payments that take days, such as a bank debit, of orders that wait for them, and of those that don't. */
const SECONDS = 30_000;

let api: StripeApi;
let services: readonly [Service, Service];
/** Takes the shop's own notices, unsigned. */
let gateway: Service;

beforeAll(async () => {
  api = await StripeApi.start();
  const waiting = { PROCESSING_SECONDS: String(SECONDS), PAYMENT_DEADLINE_CRON: 'off' };
  const settings = { ...stripeSettings(api), ...waiting, ROLES: 'api,worker,scheduler' };
  services = await Promise.all([startService(settings), startService(settings)]);
  gateway = await startService({ ...waiting, ROLES: 'api' });
});

afterAll(() => api.stop());

beforeEach(async () => {
  await execute("UPDATE orders SET status = 'cancelled' WHERE status = 'pending_payment'");
});

type Of = { readonly order_id: number; readonly hold_id: string };

const askDue = () => services[1].app.get(Asking).askDue();
const statusOf = async ({ hold_id }: Of) => (await orderOf(hold_id))[0]!.status;
const stateOf = async (order: Of) => (await holdOf(services[0], order)).payment!.state;
const keptFor = async ({ order_id }: Of) => {
  const sql = 'SELECT TIMESTAMPDIFF(SECOND, NOW(3), due_at) AS seconds FROM orders WHERE id = ?';
  return (await query<{ seconds: number }>(sql, [order_id]))[0]!.seconds;
};

/** A minute less is what a busy machine may take, and a minute more what a provider's clock may be ahead. */
const expectKept = async (order: Of): Promise<void> => {
  expect(await statusOf(order)).toBe('pending_payment');
  expect(await keptFor(order)).toBeLessThanOrEqual(SECONDS + 60);
  expect(await keptFor(order)).toBeGreaterThan(SECONDS - 60);
};

/** Whether the buyer of the order that was made last may pay by what takes days. */
const leavesOut = ({ payment_reference }: { payment_reference: string }, path: string) => {
  const call = api.callsOf(path).find(({ fields }) => fields['metadata[payment_reference]'] === payment_reference);
  return Object.values(call!.fields).includes('sepa_debit');
};

describe('a bank debit', () => {
  // The first: the others pass days at the stand-in.
  it('outlives the decline of a card before it that is told after it', async () => {
    const { order, id } = await openOrder(services[0], api);
    api.decline(id);
    api.payByDebit(id);
    await api.deliverTo(services[1], (events) => [...events].reverse());
    await expectKept(order);
    expect(await stateOf(order)).toBe('processing');
  });

  it.each([
    ['intent', INTENT, 'POST /v1/payment_intents'],
    ['checkout', CHECKOUT, 'POST /v1/checkout/sessions'],
  ])('by a session of kind %s keeps the units past the deadline, and pays in the end', async (_, wish, path) => {
    const { order, id } = await openOrder(services[0], api, wish);
    expect(leavesOut(order, path)).toBe(false);
    await untilEventsHaveNumbers();
    const after = await newestEvent(services[0]);
    api.payByDebit(id);
    await api.deliverTo(services[1], (events) => [...events, ...events].reverse());
    await expectKept(order);
    expect(await stateOf(order)).toBe('processing');
    await passDeadline(order.order_id);
    expect(await askDue()).toBe(0);
    api.passHours(3 * 24);
    api.endDebit(id, true);
    await api.deliverTo(services[0]);
    expect([await statusOf(order), await stateOf(order)]).toEqual(['paid', 'succeeded']);
    const events = await eventsUntil(services[0], after, (found) => found.some(({ type }) => type === 'order.paid'));
    expect(events).toMatchObject([
      { type: 'order.processing', version: 2, data: { order_id: order.order_id, status: 'pending_payment' } },
      { type: 'order.paid', version: 3 },
    ]);
    await expectStockIdentity(order.product_id);
  });

  it.each([
    ['intent', INTENT],
    ['checkout', CHECKOUT],
  ])('by a session of kind %s that fails days later cancels the order, and its units are free', async (_, wish) => {
    const { id: product_id } = await createProduct(services[0], { stock_total: 1 });
    const { order, id } = await openOrder(services[0], api, wish, { product_id });
    api.payByDebit(id);
    await api.deliverTo(services[1]);
    await passDeadline(order.order_id);
    api.passHours(3 * 24);
    api.endDebit(id, false);
    await api.deliverTo(services[0], (events) => [...events].reverse());
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'cancelled', cancel_reason: 'payment_failed' }]);
    expect(await stockOf(product_id)).toMatchObject({ available: 1 });
    await expectStockIdentity(product_id);
  });

  it('is found by who asks at the deadline, and has its time once', async () => {
    const { order, id } = await openOrder(services[0], api);
    await passDeadline(order.order_id);
    api.during('POST /v1/payment_intents/*/cancel', 'before', () => api.payByDebit(id));
    expect(await askDue()).toBe(1);
    await expectKept(order);
    await passClaim(order);
    expect(await askDue()).toBe(1);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'cancelled', cancel_reason: 'payment_expired' }]);
    // It comes all the same: late money, for which the units are still there.
    api.endDebit(id, true);
    await api.deliverTo(services[0]);
    expect(await statusOf(order)).toBe('paid');
    await expectStockIdentity(order.product_id);
  });

  it('keeps nothing of a sale that waits for none: it is left out, and its notice changes nothing', async () => {
    const sale = await createSale(services[0], { processing_seconds: 0 });
    const { id: product_id } = await createProduct(services[0], { sale_id: sale.id });
    const { order, id } = await openOrder(services[0], api, INTENT, { product_id });
    expect(leavesOut(order, 'POST /v1/payment_intents')).toBe(true);
    const before = await keptFor(order);
    api.payByDebit(id);
    await api.deliverTo(services[0]);
    expect(await stateOf(order)).toBe('open');
    expect(await keptFor(order)).toBeLessThanOrEqual(before);
    await passDeadline(order.order_id);
    await askDue();
    expect(await statusOf(order)).toBe('cancelled');
    await expectStockIdentity(product_id);
  });
});

describe('a generic notice that a payment takes days', () => {
  const tell = async (order: Of, status: 'success' | 'failed' | 'processing') =>
    taken(await notify(gateway, noticeOf(order, { status })), 200);
  const cancelDue = () => gateway.app.get(Cancelling).cancelDueOrders();

  it('keeps the units for as long as the sale says, whatever its product’s sale says by now, and no longer', async () => {
    const sale = await createSale(gateway, { processing_seconds: SECONDS });
    const { id: product_id } = await createProduct(gateway, { sale_id: sale.id });
    const { hold_id } = await createHold(gateway, { product_id });
    const order = taken<Of>(await gateway.call('POST', '/api/orders', { hold_id }), 201);
    await execute('UPDATE sales SET processing_seconds = 0 WHERE id = ?', [sale.id]);
    expect(await tell(order, 'processing')).toMatchObject({ result: 'applied', order_status: 'pending_payment' });
    await expectKept(order);
    await passDeadline(order.order_id);
    expect(await cancelDue()).toBe(0);
    await passClaim(order);
    expect(await cancelDue()).toBe(1);
    await expectStockIdentity(product_id);
  });

  it.each([
    ['success', 'paid'],
    ['failed', 'cancelled'],
  ] as const)('is followed by its end: %s, %s', async (status, to) => {
    const order = await createOrder(gateway);
    await tell(order, 'processing');
    expect(await tell(order, status)).toMatchObject({ order_status: to });
    await expectStockIdentity(order.product_id);
  });

  it('keeps the order once, and one under review as long as that', async () => {
    const order = await createOrder(gateway);
    await tell(order, 'processing');
    await execute('UPDATE orders SET due_at = due_at - INTERVAL 1 HOUR WHERE id = ?', [order.order_id]);
    expect(await tell(order, 'processing')).toMatchObject({ result: 'ignored' });
    expect(await keptFor(order)).toBeLessThan(SECONDS - 3000);
    const other = await createOrder(gateway);
    taken(await notify(gateway, noticeOf(other, { amount: '1.00', currency: 'EUR' })), 200);
    await tell(other, 'processing');
    expect(await keptFor(other)).toBeGreaterThan(SECONDS);
  });

  it('keeps nothing by a payment that is another order’s', async () => {
    const [paid, other] = [await createOrder(gateway), await createOrder(gateway)];
    const payment = noticeOf(paid);
    taken(await notify(gateway, payment), 200);
    const { transaction_id } = payment;
    const notice = noticeOf(other, { status: 'processing', transaction_id });
    expect(taken(await notify(gateway, notice), 200)).toMatchObject({ result: 'ignored' });
    expect(await query('SELECT processing_at FROM orders WHERE id = ?', [other.order_id])).toEqual([
      { processing_at: null },
    ]);
  });

  it.each([
    ['another amount', '1.00', 'ignored'],
    ['an amount that nobody can read', 'much', 'review'],
  ])('over %s keeps nothing', async (_, amount, result) => {
    const order = await createOrder(gateway);
    const notice = noticeOf(order, { status: 'processing', amount, currency: 'EUR' });
    expect(taken(await notify(gateway, notice), 200)).toMatchObject({ result });
    expect(await query('SELECT processing_at FROM orders WHERE hold_id = UNHEX(?)', [hex(order.hold_id)])).toEqual([
      { processing_at: null },
    ]);
  });
});

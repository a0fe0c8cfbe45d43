import { beforeAll, describe, expect, it } from '@jest/globals';
import { RetentionService } from '../../src/operations/retention.service.js';
import { PaymentProviders } from '../../src/payment-providers/payment-providers.js';
import type { SessionRequest } from '../../src/payment-providers/payment-provider.js';
import { SimulatedAccount } from '../../src/payment-providers/simulated/simulated-account.js';
import { query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createProduct,
  createSale,
  giveBack,
  orderOf,
  passDeadline,
  refundsOf,
  stockOf,
  taken,
} from '../support/factories.js';
import { listEvents, standardHeaders } from '../support/payments.js';
import { type Service, startService } from '../support/service.js';
import {
  confirm,
  opened,
  orderAtPage,
  pageText,
  press,
  sendForm,
  SIMULATED_INTENT,
  SIMULATED_PAGE,
  SIMULATED_SECRET,
  SIMULATED_SETTINGS,
} from '../support/simulated-sales.js';
import { holdOf, orderWith, RETURN_URL } from '../support/stripe-sales.js';

/** Two instances and one simulated provider: whichever has made a page, either shows it and hears of it. */
let services: readonly [Service, Service];

beforeAll(async () => {
  services = await Promise.all([startService(SIMULATED_SETTINGS), startService(SIMULATED_SETTINGS)]);
});

const [HERE, THERE] = [() => services[0], () => services[1]];

/** Of no order: what the provider is asked for by itself. */
const REQUEST: SessionRequest = {
  ...{
    kind: 'checkout',
    holdId: '019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11',
    orderId: 5,
    reference: '5-aaaabbbbccccdddd',
    title: '1 × Lamp',
  },
  ...{
    amount: '99.99',
    currency: 'EUR',
    returnUrl: RETURN_URL,
    attempt: 1,
    isDelayTaken: false,
    askedForSeconds: 0,
  },
};

type PageOrder = Awaited<ReturnType<typeof orderAtPage>>;

function becomes(order: { hold_id: string }, status: string) {
  return eventually(async () => expect(await orderOf(order.hold_id)).toMatchObject([{ status }]));
}

describe('the page of the simulated provider', () => {
  it('shows what is paid for and how much, and pays: the order is paid, and the browser is back at the shop', async () => {
    const product = await createProduct(HERE(), { name: `<Lamp> & "more" ${Date.now()}` });
    const order = await orderAtPage(HERE(), { product_id: product.id, quantity: 2 });
    const text = await pageText(THERE(), order.page);
    expect(text).toContain('2 × &lt;Lamp> &amp; &quot;more&quot;');
    expect(text).toContain(`Order ${order.order_id}`);
    expect(text).toContain('€199.98');
    expect(text).toContain('No money moves');
    expect(await press(THERE(), order.page, 'pay')).toBe(RETURN_URL);
    await becomes(order, 'paid');
    expect((await holdOf(THERE(), order)).payment).toMatchObject({ state: 'succeeded', url: null });
    const told = (await listEvents(HERE())).filter(({ order_id }) => order_id === order.order_id);
    expect(told).toMatchObject([
      {
        ...{ provider: 'simulated', type: 'payment.succeeded', outcome: 'applied', amount: '199.98', currency: 'EUR' },
        payment_reference: order.payment_reference,
        metadata: { payment_reference: order.payment_reference, order_id: String(order.order_id) },
      },
    ]);
    expect(await pageText(HERE(), order.page)).toContain('Paid.');
    await expectStockIdentity(product.id);
  });

  it('declines as often as the buyer likes, and takes the next try', async () => {
    const order = await orderAtPage(HERE());
    expect(await press(HERE(), order.page, 'decline')).toBe(order.page);
    await eventually(async () =>
      expect((await holdOf(HERE(), order)).payment).toMatchObject({ attempts: 1, last_error: 'card_declined' }),
    );
    expect(await pageText(HERE(), order.page)).toContain('That was declined');
    await press(THERE(), order.page, 'decline');
    await eventually(async () => expect((await holdOf(HERE(), order)).payment).toMatchObject({ attempts: 2 }));
    expect(await press(THERE(), order.page, 'pay')).toBe(RETURN_URL);
    await becomes(order, 'paid');
  });

  it('pays later than the order’s deadline: late money takes the units again where they are left', async () => {
    const product = await createProduct(HERE(), { stock_total: 1 });
    const order = await orderAtPage(HERE(), { product_id: product.id });
    expect(await press(HERE(), order.page, 'pay_later')).toBe(RETURN_URL);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    await passDeadline(order.order_id);
    await becomes(order, 'cancelled');
    await becomes(order, 'paid');
    expect(await stockOf(product.id)).toMatchObject({ stock_held: 0, stock_sold: 1 });
  });

  it('pays later for units that another buyer has by then: the money is due back, and goes back by its own call', async () => {
    const product = await createProduct(HERE(), { stock_total: 1 });
    const order = await orderAtPage(HERE(), { product_id: product.id });
    await press(HERE(), order.page, 'pay_later');
    await giveBack(HERE(), order.hold_id);
    await createHold(HERE(), { product_id: product.id });
    await becomes(order, 'refund_due');
    const [refund] = await refundsOf(order.order_id);
    expect(refund).toMatchObject({ status: 'due' });
    const send = () => THERE().call('POST', `/api/admin/refunds/${refund!.id}/send`, {}, adminHeaders(THERE()));
    taken(await send(), 200);
    await becomes(order, 'refunded');
    expect((await send()).status).toBe(409);
    expect(await query('SELECT id FROM simulated_refunds WHERE own_id = ?', [refund!.id])).toHaveLength(1);
    expect(await pageText(HERE(), order.page)).toContain('All of it went back.');
    await expectStockIdentity(product.id);
  });

  it('pays by a bank debit where the sale waits for one, which succeeds or fails as the buyer says', async () => {
    const { id: sale_id } = await createSale(HERE(), { processing_seconds: 86_400 });
    const { id: product_id } = await createProduct(HERE(), { sale_id });
    const [order, other] = [await orderAtPage(HERE(), { product_id }), await orderAtPage(HERE(), { product_id })];
    for (const { page } of [order, other]) expect(await press(HERE(), page, 'pay_by_debit')).toBe(page);
    for (const each of [order, other])
      await eventually(async () =>
        expect((await holdOf(THERE(), each)).payment).toMatchObject({ state: 'processing' }),
      );
    expect(await press(HERE(), order.page, 'debit_succeeds')).toBe(RETURN_URL);
    await becomes(order, 'paid');
    await press(THERE(), other.page, 'debit_fails');
    await becomes(other, 'cancelled');
    await eventually(async () => expect(await pageText(HERE(), other.page)).toContain('This payment has ended'));
    const typesOf = async ({ order_id }: { order_id: number }) =>
      (await listEvents(HERE())).filter((event) => event.order_id === order_id).map(({ type }) => type);
    expect(await typesOf(order)).toEqual(['payment.processing', 'payment.succeeded']);
    expect(await typesOf(other)).toEqual(['payment.processing', 'payment.declined']);
    await expectStockIdentity(product_id);
  });

  it('offers no bank debit where nobody waits for one', async () => {
    const order = await orderAtPage(HERE());
    expect(await pageText(HERE(), order.page)).not.toContain('pay_by_debit');
    await sendForm(HERE(), order.page, { action: 'pay_by_debit' });
    expect(await pageText(HERE(), order.page)).toContain('value="pay"');
  });

  it('can’t be paid any more once its order was given back, nor twice', async () => {
    const order = await orderAtPage(HERE());
    const paid = await orderAtPage(HERE());
    await giveBack(HERE(), order.hold_id);
    await eventually(async () => expect(await pageText(THERE(), order.page)).toContain('This payment has ended'));
    expect((await sendForm(HERE(), order.page, { action: 'pay' })).headers.get('location')).toBe(order.page);
    await press(HERE(), paid.page, 'pay');
    for (const action of ['pay', 'decline', 'pay_later', 'pay_by_debit', 'debit_succeeds', 'nothing', '']) {
      expect((await sendForm(HERE(), paid.page, { action })).status).toBe(303);
    }
    await becomes(paid, 'paid');
    expect((await listEvents(HERE())).filter(({ order_id }) => order_id === paid.order_id)).toHaveLength(1);
  });

  it('gives parts of the money back past the service, which hears of each', async () => {
    const order = await orderAtPage(HERE());
    await press(HERE(), order.page, 'pay');
    await becomes(order, 'paid');
    await sendForm(HERE(), order.page, { action: 'give_back', amount: '-1' });
    await sendForm(HERE(), order.page, { action: 'give_back', amount: '100.00' });
    await press(HERE(), order.page, 'give_back', { amount: '30' });
    // What two instances tell comes in any order.
    await eventually(async () =>
      expect(await query('SELECT id FROM refunds WHERE order_id = ?', [order.order_id])).toHaveLength(1),
    );
    await press(THERE(), order.page, 'give_back', { amount: '69.99' });
    await becomes(order, 'refunded');
    const refunds = await query('SELECT cause, status, amount FROM refunds WHERE order_id = ? ORDER BY id', [
      order.order_id,
    ]);
    expect(refunds).toEqual([
      { cause: 'outside', status: 'confirmed', amount: '30.000' },
      { cause: 'outside', status: 'confirmed', amount: '69.990' },
    ]);
  });

  it('disputes what was paid, once, as the buyer’s bank does: the order is listed, and stays as it is', async () => {
    const order = await orderAtPage(HERE());
    await press(HERE(), order.page, 'pay');
    await becomes(order, 'paid');
    expect(await press(THERE(), order.page, 'dispute')).toBe(order.page);
    expect(await pageText(HERE(), order.page)).toContain('The buyer disputes this payment.');
    await sendForm(HERE(), order.page, { action: 'dispute' });
    const path = `/api/admin/orders?disputed=true&hold_id=${order.hold_id}`;
    await eventually(async () =>
      expect((await THERE().call('GET', path, undefined, adminHeaders(THERE()))).body).toMatchObject({
        items: [{ order_id: order.order_id, status: 'paid', payment: { disputed_at: expect.any(String) } }],
      }),
    );
    await press(HERE(), order.page, 'give_back', { amount: '99.99' });
    await becomes(order, 'refunded');
  });

  it('loads nothing, runs nothing, is framed nowhere, and sends forms to itself and back to the shop alone', async () => {
    const order = await orderAtPage(HERE());
    const { headers, text } = await HERE().call('GET', order.page);
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; img-src data:; form-action 'self' https:\/\/shop\.example; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).not.toMatch(/<script|javascript:|\son\w+=|\sstyle=|\ssrc=/);
    const unknown = await HERE().call('GET', '/simulated/payments/sim_0');
    expect([unknown.status, unknown.text]).toEqual([404, expect.stringContaining('There is no such payment.')]);
    expect((await sendForm(HERE(), '/simulated/payments/sim_0', { action: 'pay' })).status).toBe(303);
  });

  it('shows the way back as text, whatever stands in it', async () => {
    const { hold_id } = await createHold(HERE());
    const return_url = `${RETURN_URL}?a="><b>&x=1`;
    taken(await HERE().call('POST', '/api/orders', { hold_id, payment: { ...SIMULATED_PAGE, return_url } }), 201);
    const { url } = await opened(HERE(), { hold_id });
    expect(await pageText(HERE(), new URL(url!).pathname)).not.toContain('<b>');
  });
});

describe('a payment of the shop’s own form', () => {
  it('is paid by its client_secret, after a decline', async () => {
    const order = await orderWith(HERE(), SIMULATED_INTENT);
    const payment = await opened(HERE(), order);
    expect(payment).toMatchObject({ url: null, client_secret: expect.stringMatching(/^sim_\w+_secret$/) });
    expect(await confirm(THERE(), payment.client_secret, 'decline')).toMatchObject({ state: 'open' });
    expect(await confirm(THERE(), payment.client_secret, 'pay')).toMatchObject({ state: 'succeeded' });
    await becomes(order, 'paid');
  });

  it('is refused for what is no secret, and no action', async () => {
    const call = (body: object) => HERE().call('POST', '/simulated/payments/confirm', body);
    expectProblem(await call({}), 'VALIDATION_FAILED');
    expectProblem(await call({ client_secret: 'sim_1_secret', action: 'steal' }), 'VALIDATION_FAILED');
    expectProblem(await call({ client_secret: 'sim_1_secret', action: 'pay' }), 'ROUTE_NOT_FOUND');
    expectProblem(await call({ client_secret: 'sim_ü_secret', action: 'pay' }), 'ROUTE_NOT_FOUND');
    expectProblem(await call({ client_secret: '\ud800' }), 'VALIDATION_FAILED');
    expect((await HERE().call('GET', '/simulated/payments/%F0%9F%92%A5')).status).toBe(404);
  });
});

describe('the simulated provider', () => {
  it('makes one session for an attempt, whoever asks for it and how often', async () => {
    const make = (service: Service, attempt: number) =>
      service.app
        .get(PaymentProviders)
        .find('simulated')!
        .sessions!.createSession({ ...REQUEST, attempt });
    const made = await Promise.all(services.flatMap((service) => Array.from({ length: 5 }, () => make(service, 1))));
    expect(new Set(made.map(({ sessionId }) => sessionId)).size).toBe(1);
    expect((await make(HERE(), 2)).sessionId).not.toBe(made[0]!.sessionId);
  });

  it('knows its payments after a restart, and tells what it could not tell before', async () => {
    const order = await orderAtPage(HERE());
    const id = order.page.split('/').at(-1)!;
    // As a process leaves it that dies between the commit and its notice.
    await query("UPDATE simulated_payments SET state = 'succeeded' WHERE id = ?", [id]);
    const { order_id, payment_reference } = order;
    const metadata = { order_id: String(order_id), payment_reference };
    const payment = { id, amount: '99.99', currency: 'EUR', metadata };
    const body = { id: `evt_${id}`, type: 'payment.succeeded', created: new Date().toISOString(), payment };
    await query('INSERT INTO simulated_notices (body, send_at) VALUES (?, NOW(3))', [JSON.stringify(body)]);
    // As a version before has left the table.
    await query(
      'ALTER TABLE simulated_payments DROP COLUMN is_disputed, DROP COLUMN is_delay_taken, DROP KEY simulated_payments_made',
    );
    // Its instances may be behind a proxy, whose address is the one that buyers reach.
    const restarted = await startService({ ...SIMULATED_SETTINGS, PUBLIC_ORIGIN: 'https://checkout.example' });
    await becomes(order, 'paid');
    expect(await pageText(restarted, order.page)).toContain('Paid.');
    const { url } = await restarted.app.get(PaymentProviders).find('simulated')!.sessions!.createSession(REQUEST);
    expect(url).toMatch(/^https:\/\/checkout\.example\/simulated\/payments\/sim_\w+$/);
    await restarted.stop();
    await eventually(async () => expect(await query('SELECT id FROM simulated_notices')).toEqual([]));
  });

  it('forgets what was paid as long ago as payment events are kept, and nothing that may still be paid', async () => {
    const orders = await Promise.all(Array.from({ length: 5 }, () => orderAtPage(HERE())));
    const [old, refunded, recent, open] = orders as [PageOrder, PageOrder, PageOrder, PageOrder];
    const idOf = ({ page }: PageOrder): string => page.split('/').at(-1)!;
    const leftOf = async (): Promise<string[]> => {
      const left = await query<{ id: string }>('SELECT id FROM simulated_payments WHERE id IN (?)', [orders.map(idOf)]);
      return left.map(({ id }) => id).sort();
    };
    const age = (days: number, ...aged: PageOrder[]) =>
      query('UPDATE simulated_payments SET created_at = NOW(3) - INTERVAL ? DAY WHERE id IN (?)', [
        days,
        aged.map(idOf),
      ]);
    for (const { page } of [old, refunded, recent]) await press(HERE(), page, 'pay');
    await Promise.all([old, refunded, recent].map((order) => becomes(order, 'paid')));
    await press(HERE(), refunded.page, 'give_back', { amount: '99.99' });
    await becomes(refunded, 'refunded');
    await age(31, old, open);
    await query("INSERT INTO simulated_notices (body, send_at, tries) VALUES ('{}', NOW(3) - INTERVAL 31 DAY, 4000)");
    expect(await HERE().app.get(SimulatedAccount).purge(30, 500)).toBe(2);
    expect(await query('SELECT 1 FROM simulated_notices WHERE tries = 4000')).toEqual([]);
    expect(await leftOf()).toEqual([refunded, recent, open, orders[4]!].map(idOf).sort());
    await age(91, refunded, open);
    expect(await HERE().app.get(RetentionService).purge()).toMatchObject({ simulated: 2 });
    expect(await leftOf()).toEqual([recent, orders[4]!].map(idOf).sort());
    expect(await query('SELECT 1 FROM simulated_refunds WHERE payment_id = ?', [idOf(refunded)])).toEqual([]);
    expect(await orderOf(old.hold_id)).toMatchObject([{ status: 'paid' }]);
  });

  it('is believed only by its own signature', async () => {
    const order = await orderAtPage(HERE());
    const id = order.page.split('/').at(-1)!;
    const metadata = { payment_reference: order.payment_reference };
    const payment = { id, amount: '99.99', currency: 'EUR', metadata };
    const body = JSON.stringify({ id: 'evt_forged', type: 'payment.succeeded', payment });
    const send = (headers: Record<string, string>) =>
      HERE().call('POST', '/api/payments/webhook/simulated', body, headers);
    expectProblem(await send({}), 'SIGNATURE_INVALID');
    expectProblem(await send(standardHeaders('what-others-sign-with', body)), 'SIGNATURE_INVALID');
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    expect((await send(standardHeaders(SIMULATED_SECRET, body))).body).toMatchObject({ result: 'applied' });
    for (const unread of ['{}', '[]', '{"type":"payment.succeeded"}', '{"id":"evt_2","type":"payment.refused"}']) {
      const answer = await HERE().call(
        'POST',
        '/api/payments/webhook/simulated',
        unread,
        standardHeaders(SIMULATED_SECRET, unread),
      );
      expect([unread, answer.status, answer.body.result]).toEqual([
        unread,
        200,
        expect.stringMatching(/ignored|duplicate/),
      ]);
    }
  });

  it('is not there without a secret', async () => {
    const service = await startService();
    const { hold_id } = await createHold(service);
    const answer = await service.call('POST', '/api/orders', { hold_id, payment: SIMULATED_INTENT });
    expectProblem(answer, 'VALIDATION_FAILED');
    expectProblem(await service.call('POST', '/api/payments/webhook/simulated', {}), 'PROVIDER_NOT_FOUND');
    expectProblem(await service.call('GET', '/simulated/payments/sim_0'), 'ROUTE_NOT_FOUND');
  });
});

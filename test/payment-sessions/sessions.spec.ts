import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startChild } from '../support/child-service.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type Event, eventsUntil, newestEvent } from '../support/events.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createKey,
  createOrder,
  createProduct,
  giveBack,
  hex,
  type Hold,
  keyHeaders,
  noticeOf,
  notify,
  orderOf,
  refundsOf,
  requestHold,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { scrape } from '../support/metrics.js';
import { type ApiDocument, schemaChecker, webhookSchema } from '../support/openapi.js';
import { listEvents, sendEvent, stripeEvent } from '../support/payments.js';
import { queueOf } from '../support/queues.js';
import { inParallel } from '../support/races.js';
import { type Service, startService } from '../support/service.js';
import { apiError, StripeApi } from '../support/stripe-api.js';
import {
  CHECKOUT,
  type HoldAnswer,
  holdOf,
  INTENT,
  openOrder,
  orderWith,
  passWait,
  RETURN_URL,
  stripeSettings,
} from '../support/stripe-sales.js';

/** What buyers pay by, made at the stand-in of Stripe by two instances of which either may do it. */
let api: StripeApi;
let services: readonly [Service, Service];

beforeAll(async () => {
  api = await StripeApi.start();
  const settings = { ...stripeSettings(api), ROLES: 'api,worker,scheduler', PAYMENT_DEADLINE_CRON: 'off' };
  services = await Promise.all([startService(settings), startService(settings)]);
});

afterAll(() => api.stop());

beforeEach(async () => {
  Object.assign(api, { fateOfAll: undefined, lossRate: 0, latencyMs: 0, callsPerSecondMax: Infinity });
  await execute('DELETE FROM payment_sessions');
});

const service = (): Service => services[0];
const PREPARING = { state: 'preparing', client_secret: null, url: null, attempts: 0, last_error: null };
const CANCEL = 'POST /v1/payment_intents/*/cancel';

const opened = (order: { hold_id: string }) =>
  eventually(async () => {
    const hold = await holdOf(services[1], order);
    expect(hold.payment).toMatchObject({ state: 'open', last_error: null });
    return hold.payment!;
  });

const intentOf = ({ client_secret }: { client_secret: string | null }) =>
  api.intents.find((intent) => intent.client_secret === client_secret)!;

const intentsOf = ({ payment_reference }: { payment_reference: string }) =>
  api.intents.filter(({ metadata }) => metadata.payment_reference === payment_reference);

describe('an order with a payment', () => {
  it.each([
    ['intent', INTENT],
    ['checkout', CHECKOUT],
  ])('is answered at once, and gets a session of kind %s for its very amount and reference', async (kind, wish) => {
    api.latencyMs = 300;
    const order = await orderWith(service(), wish);
    expect(order.payment).toEqual(PREPARING);
    const payment = await opened(order);
    const made = kind === 'intent' ? intentOf(payment) : api.sessions.find(({ url }) => url === payment.url)!;
    expect(made).toMatchObject({ currency: 'eur', metadata: { payment_reference: order.payment_reference } });
    expect('amount' in made ? made.amount : made.amount_total).toBe(9999);
    expect(payment).toEqual({
      ...{ state: 'open', attempts: 0, last_error: null },
      client_secret: 'client_secret' in made ? made.client_secret : null,
      url: 'url' in made ? made.url : null,
    });
  });

  it('is paid by its session, whose secret is no longer told then', async () => {
    const order = await orderWith(service());
    const payment = await opened(order);
    api.pay(intentOf(payment).id);
    await api.deliverTo(services[1]);
    expect(await holdOf(service(), order)).toMatchObject({
      order: { status: 'paid' },
      payment: { state: 'succeeded', client_secret: null },
    });
    await eventually(async () => expect(await tasks(order)).toEqual([null]));
    expect(api.callsOf(CANCEL).filter(({ path }) => path.includes(intentOf(payment).id))).toEqual([]);
  });

  it('tells its secret to its customer and to who may sell or order, and not to a key that may only read', async () => {
    const [seller, reader, clerk, shop] = await Promise.all(
      [['sell'], ['read'], ['orders'], ['sell', 'read']].map(async (of) => keyHeaders(await createKey(service(), of))),
    );
    const forCustomer = { ...seller, 'on-behalf-of': 'c_42' };
    const { id } = await createProduct(service());
    const { hold_id } = taken<Hold>(await requestHold(service(), id, 1, forCustomer), 201);
    taken(await service().call('POST', '/api/orders', { hold_id, payment: INTENT }, forCustomer), 201);
    const paymentAs = async (headers: Record<string, string> = {}): Promise<unknown> =>
      taken<HoldAnswer>(await service().call('GET', `/api/holds/${hold_id}`, undefined, headers), 200).payment;
    const open = { state: 'open', client_secret: expect.stringContaining('_secret_'), url: null };
    await eventually(async () => expect(await paymentAs(forCustomer)).toMatchObject(open));
    for (const who of [clerk, shop, adminHeaders(service())]) expect(await paymentAs(who)).toMatchObject(open);
    expect(await paymentAs(reader)).toEqual({ ...PREPARING, state: 'open' });
  });

  it('has no payment where it asks for none, or costs nothing', async () => {
    expect(await createOrder(service())).toMatchObject({ payment: null });
    const free = await createProduct(service(), { price: '0.00' });
    const order = await orderWith(service(), INTENT, { product_id: free.id });
    expect(order).toMatchObject({ status: 'paid', payment: null, payment_due_at: null });
    expect(await holdOf(service(), order)).toMatchObject({ payment: null });
    expect(await query('SELECT 1 FROM payment_sessions')).toEqual([]);
  });

  it('is due from when its session is open on, once, and a repeated request is told so', async () => {
    const { hold_id } = await createHold(service());
    const headers = { 'idempotency-key': unique('key-of-16') };
    api.fateOfAll = 'hang up';
    const ask = () => services[1].call('POST', '/api/orders', { hold_id, payment: INTENT }, headers);
    const first = await ask();
    const order = taken<{ hold_id: string; payment_due_at: string }>(first, 201);
    await execute('UPDATE orders SET payment_due_at = payment_due_at - INTERVAL 600 SECOND WHERE hold_id = UNHEX(?)', [
      hex(hold_id),
    ]);
    api.fateOfAll = undefined;
    await eventually(async () => {
      await passWait(order);
      expect((await holdOf(service(), order)).payment).toMatchObject({ state: 'open' });
    });
    const [row] = await query<{ moved: number; at_most: number }>(
      `SELECT TIMESTAMPDIFF(SECOND, first_due_at, payment_due_at) AS moved,
         payment_due_at <= first_due_at + INTERVAL 900 SECOND AS at_most FROM orders WHERE hold_id = UNHEX(?)`,
      [hex(hold_id)],
    );
    expect(row).toMatchObject({ at_most: 1 });
    expect(row!.moved).toBeGreaterThanOrEqual(600);
    const now = await holdOf(service(), order);
    const { payment_due_at } = now.order!;
    expect(payment_due_at).not.toBe(order.payment_due_at);
    const status = 'pending_payment';
    expect(taken(await ask(), 201)).toEqual({ ...order, payment_due_at, payment: now.payment });
    taken(await giveBack(service(), hold_id), 204);
    expect(taken(await ask(), 201)).toMatchObject({ status, payment_due_at, payment: { state: 'cancelled' } });
    const other = await services[1].call('POST', '/api/orders', { hold_id, payment: CHECKOUT }, headers);
    expectProblem(other, 'IDEMPOTENCY_KEY_REUSED');
  });

  it.each([
    ['an unknown provider', { ...INTENT, provider: 'paypal' }],
    ['a provider that makes none', { ...INTENT, provider: 'generic' }],
    ['an unknown kind', { ...INTENT, kind: 'transfer' }],
    ['a page without a way back', { ...CHECKOUT, return_url: undefined }],
    ['a way back to somebody else', { ...CHECKOUT, return_url: 'https://evil.example/thanks' }],
    [
      'a way back that only looks like the shop',
      { ...CHECKOUT, return_url: `${RETURN_URL}@evil.example`.replace('/thanks', '') },
    ],
    ['a way back that runs a script', { ...CHECKOUT, return_url: 'javascript:alert(1)' }],
    ['a field that is unknown', { ...INTENT, amount: '0.01' }],
  ])('is refused with %s, and the hold stays', async (_, payment) => {
    const { hold_id } = await createHold(service());
    expectProblem(await service().call('POST', '/api/orders', { hold_id, payment }), 'VALIDATION_FAILED');
    expect(await orderOf(hold_id)).toEqual([]);
  });

  it('stays with its buyer after a decline, which is counted with its reason and told', async () => {
    const after = await newestEvent(service());
    const order = await orderWith(service());
    const { id } = intentOf(await opened(order));
    api.decline(id, 'insufficient_funds');
    api.decline(id, 'expired_card');
    await api.deliverTo(services[1], (events) => [...events, ...events]);
    expect(await holdOf(service(), order)).toMatchObject({
      order: { status: 'pending_payment' },
      payment: { state: 'open', attempts: 2, last_error: 'expired_card' },
    });
    expect(api.pay(id)).toBe(true);
    await api.deliverTo(service());
    expect(await holdOf(service(), order)).toMatchObject({
      order: { status: 'paid' },
      payment: { state: 'succeeded' },
    });
    const ofIt = (events: readonly Event[]) => events.filter(({ data }) => data.order_id === order.order_id);
    const events = await eventsUntil(service(), after, (seen) => ofIt(seen).some(({ type }) => type === 'order.paid'));
    const unpaid = { status: 'pending_payment', amount: order.amount, transaction_id: null };
    expect(ofIt(events)).toMatchObject([
      { type: 'order.created', version: 1 },
      { type: 'payment.failed', version: 2, data: { ...unpaid, attempts: 1 } },
      {
        type: 'payment.failed',
        version: 3,
        data: { ...unpaid, attempts: 2, last_error: 'expired_card' },
      },
      { type: 'order.paid', version: 4, data: { status: 'paid', transaction_id: id } },
    ]);
    const document = (await service().call('GET', '/docs/json')).body as unknown as ApiDocument;
    const check = schemaChecker(document);
    for (const event of ofIt(events)) expect(check(webhookSchema(document, event.type), event)).toEqual([]);
  });

  it('counts no try twice when an operator has its decline decided again', async () => {
    const order = await orderWith(service());
    api.decline(intentOf(await opened(order)).id, 'expired_card');
    await api.deliverTo(service());
    const events = await listEvents(service());
    const { id } = events.find(({ order_id }) => order_id === order.order_id)!;
    const path = `/api/admin/webhooks/${id}/replay`;
    for (let time = 0; time < 2; time++)
      expect(taken(await service().call('POST', path, undefined, adminHeaders(service())), 200)).toMatchObject({
        outcome: 'ignored',
        order_status: 'pending_payment',
      });
    expect(await holdOf(service(), order)).toMatchObject({ payment: { attempts: 1, last_error: 'expired_card' } });
  });

  it('that the shop has paid by itself is told of its declines, too, and of none over another sum', async () => {
    const after = await newestEvent(service());
    const order = await createOrder(service());
    const declined = (object: object) =>
      sendEvent(service(), stripeEvent('payment_intent.payment_failed', order, { ...object }));
    taken(await declined({ amount: 1 }), 200);
    taken(await declined({}), 200);
    const ofIt = (events: readonly Event[]) => events.filter(({ data }) => data.order_id === order.order_id);
    const events = await eventsUntil(service(), after, (seen) => ofIt(seen).length > 1);
    expect(ofIt(events)).toMatchObject([
      { type: 'order.created', version: 1 },
      { type: 'payment.failed', version: 2, data: { status: 'pending_payment' } },
    ]);
    expect(ofIt(events)[1]!.data).not.toHaveProperty('attempts');
    expect(await stockOf(order.product_id)).toMatchObject({ stock_held: 1 });
    await expectStockIdentity(order.product_id);
  });

  it('that fails in the notice that is paid by the next one is told in this order, in one batch', async () => {
    const after = await newestEvent(service());
    const order = await createOrder(service());
    const intent = { id: unique('pi') };
    const types = ['payment_intent.payment_failed', 'payment_intent.payment_failed', 'payment_intent.succeeded'];
    const answers = await Promise.all(types.map((type) => sendEvent(service(), stripeEvent(type, order, intent))));
    for (const answer of answers) taken(answer, 200);
    const ofIt = (events: readonly Event[]) => events.filter(({ data }) => data.order_id === order.order_id);
    const events = await eventsUntil(service(), after, (seen) => ofIt(seen).some(({ type }) => type === 'order.paid'));
    expect(ofIt(events).map(({ version }) => version)).toEqual(ofIt(events).map((_, index) => index + 1));
    const [row] = await query<{ version: number }>('SELECT version FROM orders WHERE id = ?', [order.order_id]);
    expect(row!.version).toBe(ofIt(events).length);
  });
});

const tasks = async ({ hold_id }: { hold_id: string }) => {
  const rows = await query<{ task: string | null }>('SELECT task FROM payment_sessions WHERE hold_id = UNHEX(?)', [
    hex(hold_id),
  ]);
  return rows.map(({ task }) => task);
};

describe('an order that ends', () => {
  it.each([
    ['intent', INTENT],
    ['checkout', CHECKOUT],
  ])('has its session of kind %s ended after the commit, and nobody can pay by it then', async (_, wish) => {
    const order = await orderWith(service(), wish);
    const payment = await opened(order);
    expect((await giveBack(services[1], order.hold_id)).status).toBe(204);
    expect(await holdOf(service(), order)).toMatchObject({
      order: { status: 'cancelled' },
      payment: { state: 'cancelled' },
    });
    await eventually(async () => expect(await tasks(order)).toEqual([null]));
    const id = payment.client_secret === null ? api.sessions.at(-1)!.id : intentOf(payment).id;
    expect(api.pay(id)).toBe(false);
    await expectStockIdentity(order.product_id);
  });

  it('while its session is being made has what was made ended', async () => {
    // It may be under way before we are told of the order.
    let tell = (_holdId: string): void => {};
    const holdId = new Promise<string>((resolve) => (tell = resolve));
    api.during('POST /v1/payment_intents', 'after', async () => giveBack(services[1], await holdId));
    const order = await orderWith(service());
    tell(order.hold_id);
    await eventually(() => expect(intentsOf(order)).toMatchObject([{ status: 'canceled' }]));
    await eventually(async () => expect(await tasks(order)).toEqual([null]));
    expect(await holdOf(service(), order)).toMatchObject({ payment: { state: 'cancelled', client_secret: null } });
  });

  it('whose session was made without our hearing of it has that ended, too', async () => {
    api.answerNext('hang up afterwards', 'hang up', 'hang up');
    const order = await orderWith(service());
    await eventually(() => expect(intentsOf(order)).toHaveLength(1));
    await giveBack(services[1], order.hold_id);
    await eventually(async () => {
      await passWait(order);
      expect(intentsOf(order)).toMatchObject([{ status: 'canceled' }]);
    });
  });

  it('when its buyer has just paid is late money, told by who asks', async () => {
    const { id: product_id } = await createProduct(service(), { stock_total: 1 });
    const order = await orderWith(service(), INTENT, { product_id });
    const intent = intentOf(await opened(order));
    api.during(CANCEL, 'before', async () => {
      await createHold(services[1], { product_id });
      api.pay(intent.id);
    });
    await giveBack(service(), order.hold_id);
    await eventually(async () => expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'refund_due' }]));
    await api.deliverTo(services[1], (events) => [...events, ...events].reverse());
    expect(await refundsOf(order.order_id)).toMatchObject([{ transaction_id: intent.id, status: 'due' }]);
    await expectStockIdentity(product_id);
  });

  it.each([
    ['intent', INTENT],
    ['checkout', CHECKOUT],
  ])('while a bank is asked has its session of kind %s ended once the bank says no', async (_, wish) => {
    const { order, id } = await openOrder(service(), api, wish);
    api.payByDebit(id);
    await giveBack(services[1], order.hold_id);
    // It can't be ended now, and is asked for later.
    await eventually(async () => {
      const [row] = await query<{ waits: number }>(
        'SELECT task_due_at > NOW(3) + INTERVAL 1800 SECOND AS waits FROM payment_sessions WHERE hold_id = UNHEX(?)',
        [hex(order.hold_id)],
      );
      expect(row).toEqual({ waits: 1 });
    });
    api.endDebit(id, false);
    await passWait(order);
    await eventually(async () => expect(await tasks(order)).toEqual([null]));
    expect(api.pay(id)).toBe(false);
  });

  it('because it was paid otherwise can not be paid a second time by its session', async () => {
    const order = await orderWith(service());
    const intent = intentOf(await opened(order));
    const generic = await startService({ ROLES: 'api', PAYMENT_DEADLINE_CRON: 'off' });
    expect(taken(await notify(generic, noticeOf(order)), 200)).toMatchObject({ order_status: 'paid' });
    await generic.stop();
    await eventually(() => expect(intent.status).toBe('canceled'));
    expect(await holdOf(service(), order)).toMatchObject({
      order: { status: 'paid' },
      payment: { state: 'succeeded' },
    });
  });
});

describe('the outbox', () => {
  it('makes each session once, whatever replies are lost and however many look for what is due', async () => {
    api.lossRate = 0.3;
    const orders = await inParallel(20, (index) => orderWith(services[index % 2 ? 0 : 1]));
    await eventually(async () => {
      for (const order of orders) {
        await passWait(order);
        expect((await holdOf(service(), order)).payment).toMatchObject({ state: 'open' });
      }
    });
    for (const order of orders) expect(intentsOf(order)).toHaveLength(1);
  });

  it('finds what is due after Redis was emptied', async () => {
    const queue = await queueOf(service(), 'payment-sessions');
    api.fateOfAll = 'hang up';
    const orders = await inParallel(5, () => orderWith(service()));
    await queue.obliterate({ force: true });
    api.fateOfAll = undefined;
    await eventually(async () => {
      for (const order of orders) {
        await passWait(order);
        expect((await holdOf(service(), order)).payment).toMatchObject({ state: 'open' });
      }
    });
    for (const order of orders) expect(intentsOf(order)).toHaveLength(1);
  });

  it('keeps to the pace of the provider, and waits as long as it is told when that was too fast', async () => {
    api.callsPerSecondMax = 5;
    const orders = await inParallel(12, () => orderWith(service()));
    for (const order of orders) await opened(order);
    for (const order of orders) expect(intentsOf(order)).toHaveLength(1);
    const figures = await Promise.all(services.map((one) => scrape(one)));
    const busy = figures.map((figure) => figure.value('checkout_payment_session_calls_total', { outcome: 'busy' }));
    expect(Math.max(...busy)).toBeGreaterThan(0);
  });

  it('asks by another key what the provider broke at, which it would only say again', async () => {
    api.answerNext(...Array.from({ length: 3 }, () => apiError(500, 'api_error', 'Something went wrong')));
    const order = await orderWith(service());
    await eventually(async () => {
      await passWait(order);
      expect((await holdOf(service(), order)).payment).toMatchObject({ state: 'open' });
    });
    const keys = api
      .callsOf('POST /v1/payment_intents')
      .filter(({ fields }) => fields['metadata[payment_reference]'] === order.payment_reference);
    expect(new Set(keys.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
    expect(intentsOf(order)).toHaveLength(1);
  });

  it('leaves a provider alone that is away, says so to buyers and in the metrics, and finds it again', async () => {
    api.fateOfAll = 'hang up';
    const orders = await inParallel(6, () => orderWith(service()));
    await eventually(async () => {
      for (const order of orders)
        expect((await holdOf(service(), order)).payment).toMatchObject({
          ...PREPARING,
          last_error: 'provider_unavailable',
        });
      const figures = await Promise.all(services.map((one) => scrape(one)));
      const labels = { provider: 'stripe', task: 'make' };
      expect(figures.map((figure) => figure.value('checkout_payment_provider_up', labels))).toContain(0);
    });
    api.fateOfAll = undefined;
    for (const order of orders) {
      await eventually(async () => {
        await passWait(order);
        expect((await holdOf(service(), order)).payment).toMatchObject({ state: 'open', last_error: null });
      });
    }
  });
});

describe('a session that the provider refuses', () => {
  it('has failed, and is made anew when its buyer asks for it, by a key of its own', async () => {
    const { id: product_id } = await createProduct(service(), { price: '0.10' });
    const order = await orderWith(service(), INTENT, { product_id });
    const failed = { ...PREPARING, state: 'failed', last_error: 'session_refused' };
    await eventually(async () => expect((await holdOf(service(), order)).payment).toEqual(failed));
    const anew = () => services[1].call('POST', `/api/holds/${order.hold_id}/payment`);
    api.answerNext({
      status: 200,
      body: {
        object: 'payment_intent',
        id: unique('pi'),
        client_secret: 'a_secret',
        status: 'requires_payment_method',
      },
    });
    const answers = await inParallel(5, anew);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await opened(order)).toMatchObject({ client_secret: 'a_secret' });
    expect((await anew()).body).toMatchObject({ state: 'open', client_secret: 'a_secret' });
  });

  it('is not made anew for an order that has ended, nor for one that asked for none', async () => {
    const [ended, plain] = [await orderWith(service()), await createOrder(service())];
    await giveBack(service(), ended.hold_id);
    for (const { hold_id } of [ended, plain, await createHold(service())])
      expectProblem(await service().call('POST', `/api/holds/${hold_id}/payment`), 'PAYMENT_NOT_POSSIBLE');
    const unknown = '019a0000-0000-7000-8000-000000000000';
    expectProblem(await service().call('POST', `/api/holds/${unknown}/payment`), 'HOLD_NOT_FOUND');
  });
});

describe('an instance that is killed', () => {
  it('between making a session and noting it leaves it to another one, which gets the same', async () => {
    await Promise.all(services.map((one) => one.stop()));
    const settings = { ...stripeSettings(api), PAYMENT_DEADLINE_CRON: 'off' };
    const child = await startChild(settings);
    const other = await startService({ ...settings, ROLES: 'api' });
    let isMade = false;
    api.during('POST /v1/payment_intents', 'after', () => {
      child.kill('SIGKILL');
      isMade = true;
    });
    const order = await orderWith(other);
    await eventually(() => expect(isMade).toBe(true));
    await child.exited;
    expect(intentsOf(order)).toHaveLength(1);
    expect((await holdOf(other, order)).payment).toEqual(PREPARING);
    const worker = await startService({ ...settings, ROLES: 'worker,scheduler' });
    await eventually(async () => {
      await passWait(order);
      expect((await holdOf(other, order)).payment).toMatchObject({ state: 'open' });
    });
    const [intent] = intentsOf(order);
    expect(intentsOf(order)).toHaveLength(1);
    expect((await holdOf(other, order)).payment).toMatchObject({ client_secret: intent!.client_secret });
    await Promise.all([worker.stop(), other.stop()]);
  });
});

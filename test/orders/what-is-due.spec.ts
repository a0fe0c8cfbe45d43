import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';
import { type Event, eventsUntil, newestEvent } from '../support/events.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, expectRefusal, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createKey,
  createOrder,
  createProduct,
  hex,
  keyHeaders,
  noticeOf,
  notify,
  type Order,
  refundsOf,
  requestOrder,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { type Answer, type Service, startService } from '../support/service.js';
import { StripeApi } from '../support/stripe-api.js';
import { INTENT, stripeSettings } from '../support/stripe-sales.js';

/** What an order costs beside its units is said by the shop, and by nobody else. */
let service: Service;
/** It has sessions made at the stand-in of Stripe. */
let withSessions: Service;
let api: StripeApi;
/** Of a key that may sell, for a customer. */
let shop: Record<string, string>;

beforeAll(async () => {
  api = await StripeApi.start();
  const settings = { ...stripeSettings(api), ROLES: 'api,worker,scheduler' };
  [service, withSessions] = await Promise.all([startService(), startService(settings)]);
  shop = { ...keyHeaders(await createKey(service, ['sell'])), 'on-behalf-of': 'c_42' };
});

afterAll(() => api.stop());

const SHIPPING = { kind: 'shipping', label: 'Parcel', amount: '4.90' };
const DISCOUNT = { kind: 'discount', label: 'Ten off', amount: '-10.00' };
const TAX = { kind: 'tax', label: '=VAT "19 %"', amount: '0.95' };

const order = (hold_id: string, fields: object = {}, headers = shop, to = service): Promise<Answer> =>
  to.call('POST', '/api/orders', { hold_id, ...fields }, headers);

/** A hold of two units of 10.00. */
async function holdOfTwo(headers?: Record<string, string>) {
  const { id } = await createProduct(service, { price: '10.00' });
  return createHold(service, { product_id: id, quantity: 2 }, headers);
}

async function orderOfTwo(adjustments: object[]): Promise<Order> {
  const { hold_id } = await holdOfTwo(shop);
  return taken<Order>(await order(hold_id, { adjustments }), 201);
}

const detail = async ({ order_id }: Order) =>
  taken<Record<string, unknown>>(
    await service.call('GET', `/api/admin/orders/${order_id}`, undefined, adminHeaders(service)),
    200,
  );

const DUE = {
  subtotal: '20.00',
  adjustments: [SHIPPING, DISCOUNT, TAX],
  amount: '15.85',
  currency: 'EUR',
  items: [{ quantity: 2, unit_price: '10.00', amount: '20.00' }],
};

describe('an order with adjustments', () => {
  it('is told with them, to its buyer, to operators and in its events', async () => {
    const after = await newestEvent(service);
    const made = await orderOfTwo([SHIPPING, DISCOUNT, TAX]);
    expect(made).toMatchObject({ ...DUE, status: 'pending_payment' });
    const read = await service.call('GET', `/api/holds/${made.hold_id}`, undefined, shop);
    expect(taken(read, 200)).toMatchObject({ amount: '20.00', order: DUE });
    expect(await detail(made)).toMatchObject(DUE);
    const created = await eventsOf(made, after, 1);
    expect(created).toMatchObject([{ type: 'order.created', data: { ...DUE, order_id: made.order_id } }]);
    const csv = await service.call('GET', `/api/admin/orders?hold_id=${made.hold_id}`, undefined, {
      ...adminHeaders(service),
      accept: 'text/csv',
    });
    const [head, line] = csv.text.split('\r\n');
    expect(head).toMatch(/,amount,currency,.*,subtotal,adjustments,/);
    expect(line).toContain(',15.85,EUR,');
    expect(line).toContain(',20.00,"[{');
    expect(line).toContain('""amount"":""-10.00""');
  });

  it('is paid by what is due, and by nothing else', async () => {
    const made = await orderOfTwo([SHIPPING]);
    const price = await notify(service, noticeOf(made, { amount: '20.00', currency: 'EUR' }));
    expect(taken(price, 200)).toMatchObject({ result: 'review', order_status: 'pending_payment' });
    const due = await notify(service, noticeOf(made, { amount: '24.9', currency: 'EUR' }));
    expect(taken(due, 200)).toMatchObject({ result: 'applied', order_status: 'paid' });
    await expectStockIdentity(made.product_id);
  });

  it('has a session over what is due', async () => {
    const { hold_id } = await holdOfTwo(shop);
    const made = taken<Order>(
      await order(hold_id, { adjustments: [SHIPPING], payment: INTENT }, shop, withSessions),
      201,
    );
    const isOfIt = ({ metadata }: { metadata: Readonly<Record<string, string>> }) =>
      metadata.payment_reference === made.payment_reference;
    await eventuallyMade(isOfIt);
    expect(api.intents.find(isOfIt)).toMatchObject({ amount: 2490, currency: 'eur' });
  });

  it('gives back what was paid for it, and never more', async () => {
    const returnOne = async (made: Order, fields: object = {}) => {
      const path = `/api/admin/orders/${made.order_id}/return`;
      return service.call('POST', path, { quantity: 1, restock: true, ...fields }, adminHeaders(service));
    };
    const dearer = await orderOfTwo([SHIPPING]);
    taken(await notify(service, noticeOf(dearer)), 200);
    taken(await returnOne(dearer), 200);
    taken(await returnOne(dearer), 200);
    expect(await refundsOf(dearer.order_id)).toMatchObject([{ amount: '10.000' }, { amount: '14.900' }]);
    const cheaper = await orderOfTwo([{ ...DISCOUNT, amount: '-15.00' }]);
    taken(await notify(service, noticeOf(cheaper)), 200);
    expectProblem(await returnOne(cheaper, { amount: '5.01' }), 'VALIDATION_FAILED');
    taken(await returnOne(cheaper), 200);
    taken(await returnOne(cheaper), 200);
    expect(await refundsOf(cheaper.order_id)).toMatchObject([{ amount: '5.000' }]);
    expect(await detail(cheaper)).toMatchObject({ status: 'refund_due', quantity_sold: 0 });
    await expectStockIdentity(cheaper.product_id);
  });

  it('is what its key asked for, and nothing else', async () => {
    const { hold_id } = await holdOfTwo(shop);
    const headers = { ...shop, 'idempotency-key': unique('due') };
    const first = taken(await order(hold_id, { adjustments: [SHIPPING] }, headers), 201);
    expect(taken(await order(hold_id, { adjustments: [SHIPPING] }, headers), 201)).toEqual(first);
    for (const fields of [{}, { adjustments: [DISCOUNT] }, { adjustments: [{ ...SHIPPING, label: 'Post' }] }])
      expectProblem(await order(hold_id, fields, headers), 'IDEMPOTENCY_KEY_REUSED');
  });
});

/** The first events of an order, as many as are wanted. */
async function eventsOf({ order_id }: Order, after: number, count: number) {
  const ofIt = (events: readonly Event[]) => events.filter(({ data }) => data.order_id === order_id);
  return ofIt(await eventsUntil(service, after, (events) => ofIt(events).length >= count));
}

async function eventuallyMade(isOfIt: (intent: StripeApi['intents'][number]) => boolean): Promise<void> {
  await eventually(() => expect(api.intents.some(isOfIt)).toBe(true));
}

describe('adjustments', () => {
  it.each([['sell'], ['orders']])('are taken from a key with the scope %s', async (scope) => {
    const { hold_id } = await holdOfTwo();
    const headers = keyHeaders(await createKey(service, [scope]));
    const made = taken(await order(hold_id, { adjustments: [SHIPPING], reference: 'A-1' }, headers), 201);
    expect(made).toMatchObject({ amount: '24.90', reference_by: 'shop' });
  });

  it('are taken from who has the admin token', async () => {
    const { hold_id } = await holdOfTwo();
    expect(taken(await order(hold_id, { adjustments: [DISCOUNT] }, adminHeaders(service)), 201)).toMatchObject({
      amount: '10.00',
    });
  });

  it('are not taken from anybody else', async () => {
    const { hold_id } = await holdOfTwo();
    await expectRefusal('ADJUSTMENTS_NOT_TRUSTED', () => order(hold_id, { adjustments: [DISCOUNT] }, {}));
    const other = keyHeaders(await createKey(service, ['products', 'refunds']));
    await expectRefusal('SCOPE_MISSING', () => order(hold_id, { adjustments: [DISCOUNT] }, other));
    for (const adjustments of [[], null])
      expect((await order((await holdOfTwo()).hold_id, { adjustments }, {})).status).toBe(201);
  });

  it.each([
    ['come to less than 0', [{ ...DISCOUNT, amount: '-20.01' }], 'adjustments'],
    ['come to more than the column takes', [{ ...SHIPPING, amount: '999999999980' }], 'adjustments'],
    ['have more decimals than the currency', [SHIPPING, { ...TAX, amount: '0.951' }], 'adjustments.1.amount'],
    ['are nine', Array.from({ length: 9 }, () => SHIPPING), 'adjustments'],
    ['are of another kind', [{ ...SHIPPING, kind: 'tip' }], 'adjustments.0.kind'],
    ['have a label of 81 characters', [{ ...SHIPPING, label: 'x'.repeat(81) }], 'adjustments.0.label'],
    ['have a label with a line break', [{ ...SHIPPING, label: 'a\nb' }], 'adjustments.0.label'],
    ['have no amount', [{ kind: 'tax', label: 'VAT' }], 'adjustments.0.amount'],
    ['have an amount that is a number', [{ ...SHIPPING, amount: 4.9 }], 'adjustments.0.amount'],
    ['have an amount with a plus', [{ ...SHIPPING, amount: '+4.90' }], 'adjustments.0.amount'],
    ['have another field', [{ ...SHIPPING, rate: '19' }], 'adjustments.0.rate'],
    ['are no list', SHIPPING, 'adjustments'],
  ])('that %s are refused, and the hold stays', async (_what, adjustments, field) => {
    const { hold_id } = await holdOfTwo(shop);
    const refused = await expectRefusal('VALIDATION_FAILED', () => order(hold_id, { adjustments }));
    expect(refused.body.errors).toEqual([{ field, message: expect.any(String) }]);
    expect((await order(hold_id)).status).toBe(201);
  });

  it('may be eight, each with 80 characters of any script, and of nothing', async () => {
    const adjustments = Array.from({ length: 8 }, () => ({ kind: 'fee', label: '😀'.repeat(80), amount: '-0.00' }));
    const { hold_id } = await holdOfTwo(shop);
    const made = taken(await order(hold_id, { adjustments }), 201);
    const shown = adjustments.map((adjustment) => ({ ...adjustment, amount: '0.00' }));
    expect(made).toMatchObject({ adjustments: shown, subtotal: '20.00', amount: '20.00' });
  });
});

describe('an order that comes to 0', () => {
  const GIFT = { kind: 'discount', label: 'A gift', amount: '-20' };

  it('is paid as it is made, and waits for nothing', async () => {
    const after = await newestEvent(service);
    const { hold_id, product_id } = await holdOfTwo(shop);
    const made = taken<Order>(await order(hold_id, { adjustments: [GIFT], payment: INTENT }, shop, withSessions), 201);
    const free = { subtotal: '20.00', amount: '0.00', status: 'paid', payment_due_at: null };
    expect(made).toMatchObject({ ...free, payment: null, adjustments: [{ ...GIFT, amount: '-20.00' }] });
    const read = await service.call('GET', `/api/holds/${hold_id}`, undefined, shop);
    expect(taken(read, 200)).toMatchObject({ status: 'used', order: free, payment: null });
    expect(await stockOf(product_id)).toMatchObject({ stock_held: 0, stock_sold: 2, available: 8 });
    await expectStockIdentity(product_id);
    const sessions = await query('SELECT 1 FROM payment_sessions WHERE hold_id = UNHEX(?)', [hex(hold_id)]);
    expect(sessions).toEqual([]);
    expect(await eventsOf(made, after, 2)).toMatchObject([
      { type: 'order.created', version: 1, data: { order_id: made.order_id } },
      { type: 'order.paid', version: 2, data: { ...free, order_id: made.order_id, transaction_id: null } },
    ]);
  });

  it('can be returned: there is nothing to refund, and it stays paid', async () => {
    const made = await orderOfTwo([GIFT]);
    const path = `/api/admin/orders/${made.order_id}/return`;
    const ask = (body: object) => service.call('POST', path, body, adminHeaders(service));
    expectProblem(await ask({ amount: '1.00', restock: true }), 'VALIDATION_FAILED');
    expect(taken(await ask({ quantity: 1, restock: true }), 200)).toMatchObject({ status: 'paid', quantity_sold: 1 });
    const last = taken(await ask({ restock: false }), 200);
    expect(last).toMatchObject({ status: 'paid', quantity_sold: 0, refunds: [], payment: null });
    expect(await stockOf(made.product_id)).toMatchObject({ stock_total: 9, stock_sold: 0, available: 9 });
    await expectStockIdentity(made.product_id);
  });

  it('is made in one batch with orders that wait for their payment', async () => {
    const { id } = await createProduct(service, { price: '10.00', stock_total: 20 });
    const holds = await Promise.all(Array.from({ length: 10 }, () => createHold(service, { product_id: id }, shop)));
    const free = [{ ...GIFT, amount: '-10.00' }];
    const answers = await Promise.all(
      holds.map(({ hold_id }, n) => order(hold_id, n % 2 === 0 ? { adjustments: free } : {})),
    );
    const states = answers.map((answer) => taken<Order>(answer, 201).status);
    expect(states).toEqual(holds.map((_, n) => (n % 2 === 0 ? 'paid' : 'pending_payment')));
    expect(await stockOf(id)).toMatchObject({ stock_held: 5, stock_sold: 5 });
    await expectStockIdentity(id);
  });
});

it('a plain order is what it was: its price is due, and it has no adjustments', async () => {
  const made = await createOrder(service);
  expect(made).toMatchObject({ subtotal: '99.99', adjustments: [], amount: '99.99', status: 'pending_payment' });
  expect(made.payment_due_at).toEqual(expect.any(String));
  expectProblem(await requestOrder(service, made.hold_id), 'HOLD_ALREADY_USED');
});

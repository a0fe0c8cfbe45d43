import { beforeAll, describe, expect, it } from '@jest/globals';
import { paymentReferenceOf } from '../../src/payment-providers/payment-reference.js';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { countRows, execute } from '../support/database.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  expireHolds,
  giveBack,
  hex,
  type Hold,
  noticeOf,
  notify,
  type Order,
  orderOf,
  refundsOf,
  requestHold,
  requestOrder,
  stockOf,
  taken,
  unique,
  UNKNOWN_HOLD_ID,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

describe('an order that costs nothing', () => {
  it('is paid when it is made, and its units are sold', async () => {
    const { id } = await createProduct(service, { price: '0.00', stock_total: 5 });
    const hold = await createHold(service, { product_id: id, quantity: 2 });
    const headers = { 'idempotency-key': unique('key') };
    const answers = await Promise.all(
      [1, 2, 3].map(() => service.call('POST', '/api/orders', { hold_id: hold.hold_id }, headers)),
    );
    for (const answer of answers) {
      expect(taken(answer, 201)).toMatchObject({ amount: '0.00', status: 'paid', payment_due_at: null });
    }
    expect(await stockOf(id)).toMatchObject({ stock_held: 0, stock_sold: 2, available: 3 });
    expect((await service.call('GET', `/api/products/${id}`)).body).toMatchObject({ available_stock: 3 });
    expectProblem(await giveBack(service, hold.hold_id), 'ORDER_ALREADY_PAID');
    await service.app.get(Cancelling).cancelDueOrders();
    expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'paid' }]);
    await expectStockIdentity(id);
  });
});

describe('a shop in another currency (CURRENCY)', () => {
  it('asks its buyers for it, and is paid in no other', async () => {
    const shop = await startService({ CURRENCY: 'USD' });
    const { id } = await createProduct(shop, { price: '10.00' });
    const inDollars = { currency: 'USD', amount: '20.00' };
    const hold = taken<Hold>(await requestHold(shop, id, 2), 201);
    expect(hold).toMatchObject(inDollars);
    const order = taken<Order>(await requestOrder(shop, hold.hold_id), 201);
    expect(order).toMatchObject(inDollars);
    expect((await shop.call('GET', `/api/holds/${hold.hold_id}`)).body).toMatchObject(inDollars);
    const inEuros = noticeOf(order, { amount: '20.00', currency: 'EUR' });
    expect(taken(await notify(shop, inEuros), 200)).toMatchObject({ result: 'review' });
    expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    const right = noticeOf(order, { amount: '20.00', currency: 'USD' });
    expect(taken(await notify(shop, right), 200)).toMatchObject({ result: 'applied', order_status: 'paid' });
    // Nothing is said of a currency: it is the shop's.
    taken(await notify(shop, noticeOf(order)), 200);
    expect(await refundsOf(order.order_id)).toMatchObject([{ currency: 'USD' }]);
    await expectStockIdentity(id);
    await shop.stop();
  });
});

describe('POST /api/orders', () => {
  it('turns a hold into an unpaid order over its amount, due in ORDER_PAYMENT_TTL_SECONDS', async () => {
    const { id } = await createProduct(service, { price: '19.99', stock_total: 10 });
    const hold = await createHold(service, { product_id: id, quantity: 3 });
    const before = Date.now();
    const answer = await requestOrder(service, hold.hold_id);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      order_id: expect.any(Number),
      payment_reference: paymentReferenceOf(answer.body.order_id as number, hold.hold_id),
      hold_id: hold.hold_id,
      product_id: id,
      quantity: 3,
      ...{ subtotal: '59.97', adjustments: [] },
      amount: '59.97',
      currency: 'EUR',
      items: [{ product_id: id, sku: null, quantity: 3, unit_price: '19.99', amount: '59.97' }],
      status: 'pending_payment',
      payment_due_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ...{ reference: null, reference_by: null, metadata: null, payment: null },
    });
    const due = Date.parse(answer.body.payment_due_at as string) - 900_000;
    expect(due).toBeGreaterThan(before - 5000);
    expect(due).toBeLessThan(Date.now() + 5000);
    await expectStockIdentity(id);
  });

  it('keeps the units held until the order is settled', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await createOrder(service, { product_id: id, quantity: 4 });
    expect(await stockOf(id)).toMatchObject({ stock_held: 4, stock_sold: 0, available: 6 });
    await expectStockIdentity(id);
  });

  it('fixes the amount: a later price is for later orders', async () => {
    const { id } = await createProduct(service, { price: '10.00' });
    const order = await createOrder(service, { product_id: id });
    await service.call('PATCH', `/api/admin/products/${id}`, { price: '20.00' }, adminHeaders(service));
    const hold = await service.call('GET', `/api/holds/${order.hold_id}`);
    expect(hold.body).toMatchObject({ order: { amount: '10.00' } });
    expect(await createOrder(service, { product_id: id })).toMatchObject({ amount: '20.00' });
  });

  it('answers HOLD_ALREADY_USED with the number of the order, however often it is asked again', async () => {
    const order = await createOrder(service);
    for (let time = 0; time < 2; time++) {
      const answer = await requestOrder(service, order.hold_id);
      expectProblem(answer, 'HOLD_ALREADY_USED');
      expect(answer.body).toMatchObject({ order_id: order.order_id });
    }
    expect(await orderOf(order.hold_id)).toHaveLength(1);
    await expectStockIdentity(order.product_id);
  });

  it('answers HOLD_ALREADY_USED after the order was paid', async () => {
    const order = await createPaidOrder(service);
    expectProblem(await requestOrder(service, order.hold_id), 'HOLD_ALREADY_USED');
  });

  it('answers HOLD_ALREADY_USED after the order was cancelled: its units are somebody else’s to take', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const order = await createOrder(service, { product_id: id });
    await notify(service, noticeOf(order, { status: 'failed' }));
    expectProblem(await requestOrder(service, order.hold_id), 'HOLD_ALREADY_USED');
    expect(await stockOf(id)).toMatchObject({ stock_held: 0, available: 1 });
    await expectStockIdentity(id);
  });

  it('answers HOLD_EXPIRED when the time of the hold is over, and sells nothing', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const hold = await createHold(service, { product_id: id });
    await expireHolds(hold.hold_id);
    expectProblem(await requestOrder(service, hold.hold_id), 'HOLD_EXPIRED');
    expect(await orderOf(hold.hold_id)).toEqual([]);
    await expectStockIdentity(id);
  });

  it('answers HOLD_EXPIRED for an expired hold whose unit was sold on', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const late = await createHold(service, { product_id: id });
    await expireHolds(late.hold_id);
    const next = await createOrder(service, { product_id: id });
    expectProblem(await requestOrder(service, late.hold_id), 'HOLD_EXPIRED');
    expect(await orderOf(next.hold_id)).toHaveLength(1);
    await expectStockIdentity(id);
  });

  it('answers HOLD_EXPIRED for a hold that was given back', async () => {
    const hold = await createHold(service);
    await giveBack(service, hold.hold_id);
    expectProblem(await requestOrder(service, hold.hold_id), 'HOLD_EXPIRED');
    await expectStockIdentity(hold.product_id);
  });

  it('answers HOLD_NOT_FOUND for an id that nobody has', async () => {
    const before = await countRows();
    expectProblem(await requestOrder(service, UNKNOWN_HOLD_ID), 'HOLD_NOT_FOUND');
    expect(await countRows()).toEqual(before);
  });

  it('decides each of many orders made together by itself', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const [good, expired, used] = [
      await createHold(service, { product_id: id }),
      await createHold(service, { product_id: id }),
      await createOrder(service, { product_id: id }),
    ];
    await expireHolds(expired.hold_id);
    const ids = [good.hold_id, expired.hold_id, used.hold_id, UNKNOWN_HOLD_ID, good.hold_id.toUpperCase()];
    const answers = await Promise.all(ids.map((holdId) => requestOrder(service, holdId)));
    const [first, ...others] = answers.map(({ status }) => status);
    // Two want the same one, and either may be read first.
    const second = others.pop();
    expect([first, second].sort()).toEqual([201, 409]);
    expect(others).toEqual([410, 409, 404]);
    await expectStockIdentity(id);
  });

  it('answers a hold that costs more than an order can say, and the others of its batch get theirs', async () => {
    // Only of holds that were made before their price was kept; now such a hold is refused.
    // The price was allowed while one unit was the most that could be held.
    const strict = await startService({ HOLD_QUANTITY_MAX: '1' });
    const { id } = await createProduct(strict, { price: '999999999999.99', stock_total: 10 });
    await strict.stop();
    const tooMany = await requestHold(service, id, 2);
    expectProblem(tooMany, 'VALIDATION_FAILED');
    expect(tooMany.body.errors).toEqual([{ field: 'quantity', message: expect.stringMatching(/cost more than/) }]);
    const holds = [];
    for (let n = 0; n < 3; n++) holds.push(await createHold(service, { product_id: id }));
    await execute('UPDATE holds SET unit_price = NULL WHERE product_id = ?', [id]);
    await execute('UPDATE holds SET qty = 2 WHERE id = UNHEX(?)', [hex(holds[1]!.hold_id)]);
    await execute('UPDATE products SET stock_held = 4 WHERE id = ?', [id]);
    const [first, tooDear, last] = await Promise.all(holds.map(({ hold_id }) => requestOrder(service, hold_id)));
    for (const answer of [first!, last!]) {
      expect(answer).toMatchObject({ status: 201, body: { amount: '999999999999.99' } });
    }
    expectProblem(tooDear!, 'VALIDATION_FAILED');
    expect(tooDear!.body.errors).toEqual([{ field: 'hold_id', message: expect.stringMatching(/costs more than/) }]);
    expect(await orderOf(holds[1]!.hold_id)).toEqual([]);
    await giveBack(service, holds[1]!.hold_id);
    await expectStockIdentity(id);
  });
});

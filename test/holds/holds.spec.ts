import { beforeAll, describe, expect, it } from '@jest/globals';
import { countRows, execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
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
  orderOf,
  requestHold,
  requestOrder,
  stockOf,
  taken,
  UNKNOWN_HOLD_ID,
  UNKNOWN_ID,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

async function getHold(holdId: string) {
  return taken(await service.call('GET', `/api/holds/${holdId}`), 200);
}

describe('POST /api/holds', () => {
  it('reserves units for HOLD_TTL_SECONDS and tells where the hold is', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const askedAt = performance.now();
    const answer = await requestHold(service, id, 3);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      hold_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      product_id: id,
      sku: null,
      quantity: 3,
      unit_price: '99.99',
      amount: '299.97',
      currency: 'EUR',
      items: [{ product_id: id, sku: null, quantity: 3, unit_price: '99.99', amount: '299.97' }],
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      extensions_left: 1,
      sale_id: null,
      status: 'active',
    });
    expect(answer.headers.get('location')).toBe(`/api/holds/${answer.body.hold_id as string}`);
    const [{ now }] = (await query<{ now: string }>('SELECT NOW(3) AS now')) as [{ now: string }];
    const secondsLeft = (Date.parse(answer.body.expires_at as string) - Date.parse(`${now.replace(' ', 'T')}Z`)) / 1000;
    expect(secondsLeft).toBeGreaterThan(115 - (performance.now() - askedAt) / 1000);
    expect(secondsLeft).toBeLessThanOrEqual(120);
    expect(await stockOf(id)).toMatchObject({ stock_held: 3, stock_sold: 0, available: 7 });
    await expectStockIdentity(id);
  });

  it('fixes the price when the hold is made, whatever the operator does to it afterwards', async () => {
    const { id } = await createProduct(service, { price: '10.00' });
    const hold = taken<Hold>(await requestHold(service, id, 2), 201);
    const raised = await service.call('PATCH', `/api/admin/products/${id}`, { price: '12.50' }, adminHeaders(service));
    expect(raised.body).toMatchObject({ price: '12.50' });
    expect(await getHold(hold.hold_id)).toMatchObject({ unit_price: '10.00', amount: '20.00', currency: 'EUR' });
    expect((await requestOrder(service, hold.hold_id)).body).toMatchObject({ amount: '20.00', currency: 'EUR' });
    expect((await requestHold(service, id, 2)).body).toMatchObject({ unit_price: '12.50', amount: '25.00' });
    await expectStockIdentity(id);
  });

  it('prices a hold by its product that was made before prices were kept', async () => {
    const { id } = await createProduct(service, { price: '10.00' });
    const hold = await createHold(service, { product_id: id });
    await execute('UPDATE holds SET unit_price = NULL WHERE id = UNHEX(?)', [hex(hold.hold_id)]);
    await execute("UPDATE products SET price = '11.00' WHERE id = ?", [id]);
    expect(await getHold(hold.hold_id)).toMatchObject({ unit_price: '11.00', amount: '11.00' });
    expect((await requestOrder(service, hold.hold_id)).body).toMatchObject({ amount: '11.00' });
  });

  it('answers at the Location what it answered to the request', async () => {
    const { id } = await createProduct(service);
    const answer = await requestHold(service, id);
    const followed = await service.call('GET', answer.headers.get('location')!);
    expect(followed.body).toEqual({ ...answer.body, order: null, payment: null });
  });

  it('takes qty for another name of quantity, and both when they agree', async () => {
    const { id } = await createProduct(service);
    const byQty = await service.call('POST', '/api/holds', { product_id: id, qty: 2 });
    expect(taken<Hold>(byQty, 201).quantity).toBe(2);
    const byBoth = await service.call('POST', '/api/holds', { product_id: id, qty: 3, quantity: 3 });
    expect(taken<Hold>(byBoth, 201).quantity).toBe(3);
    expect(await stockOf(id)).toMatchObject({ stock_held: 5 });
  });

  it('refuses quantity and qty that disagree, and names the field', async () => {
    const { id } = await createProduct(service);
    const answer = await service.call('POST', '/api/holds', { product_id: id, quantity: 1, qty: 2 });
    expectProblem(answer, 'VALIDATION_FAILED');
    expect(answer.body.errors).toEqual([
      { field: 'quantity', message: 'must equal its other name when both are given' },
    ]);
    expect(await stockOf(id)).toMatchObject({ stock_held: 0 });
  });

  it('grants HOLD_QUANTITY_MAX units and refuses one more', async () => {
    const { id } = await createProduct(service, { stock_total: 100 });
    taken(await requestHold(service, id, 10), 201);
    const answer = await requestHold(service, id, 11);
    expectProblem(answer, 'VALIDATION_FAILED');
    expect(answer.body.errors).toEqual([{ field: 'quantity', message: 'must be at most 10' }]);
    expect(await stockOf(id)).toMatchObject({ stock_held: 10 });
  });

  it('answers PRODUCT_NOT_FOUND for a product that is not on sale', async () => {
    const before = await countRows();
    expectProblem(await requestHold(service, UNKNOWN_ID), 'PRODUCT_NOT_FOUND');
    expect(await countRows()).toEqual(before);
  });

  it('answers INSUFFICIENT_STOCK with what is available, and grants what fits', async () => {
    const { id } = await createProduct(service, { stock_total: 3 });
    await createHold(service, { product_id: id, quantity: 2 });
    const answer = await requestHold(service, id, 2);
    expectProblem(answer, 'INSUFFICIENT_STOCK');
    expect(answer.body).toMatchObject({ available_stock: 1 });
    taken(await requestHold(service, id, 1), 201);
    const soldOut = await requestHold(service, id, 1);
    expectProblem(soldOut, 'INSUFFICIENT_STOCK');
    expect(soldOut.body).toMatchObject({ available_stock: 0 });
    await expectStockIdentity(id);
  });

  it('grants the last units although somebody before wanted more than there were', async () => {
    const { id } = await createProduct(service, { stock_total: 2 });
    const answers = await Promise.all([requestHold(service, id, 3), requestHold(service, id, 2)]);
    expect(answers.map(({ status }) => status)).toEqual([409, 201]);
    await expectStockIdentity(id);
  });

  it('sells an expired unit in the same instant when stock is short', async () => {
    const { id } = await createProduct(service, { stock_total: 2 });
    const [one, other] = [await createHold(service, { product_id: id }), await createHold(service, { product_id: id })];
    await expireHolds(one.hold_id);
    const next = await createHold(service, { product_id: id });
    expect(next.status).toBe('active');
    expect(await getHold(one.hold_id)).toMatchObject({ status: 'released' });
    expect(await getHold(other.hold_id)).toMatchObject({ status: 'active' });
    expectProblem(await requestHold(service, id), 'INSUFFICIENT_STOCK');
    await expectStockIdentity(id);
  });

  it('takes as many expired holds back as the request needs', async () => {
    const { id } = await createProduct(service, { stock_total: 6 });
    const holds = [];
    for (let n = 0; n < 3; n++) holds.push(await createHold(service, { product_id: id, quantity: 2 }));
    await expireHolds(...holds.map(({ hold_id }) => hold_id));
    taken(await requestHold(service, id, 5), 201);
    expect(await stockOf(id)).toMatchObject({ stock_held: 5, available: 1 });
    await expectStockIdentity(id);
  });

  it('never takes back an expired hold of which an order was made', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const order = await createOrder(service, { product_id: id });
    await expireHolds(order.hold_id);
    expectProblem(await requestHold(service, id), 'INSUFFICIENT_STOCK');
    expect(await getHold(order.hold_id)).toMatchObject({ status: 'used' });
    await expectStockIdentity(id);
  });

  it('lets a hold end by itself after HOLD_TTL_SECONDS', async () => {
    const brief = await startService({ HOLD_TTL_SECONDS: '3' });
    const { id } = await createProduct(brief, { stock_total: 1 });
    const hold = await createHold(brief, { product_id: id });
    expectProblem(await requestHold(brief, id), 'INSUFFICIENT_STOCK');
    await eventually(async () => taken(await requestHold(brief, id), 201));
    expect(await getHold(hold.hold_id)).toMatchObject({ status: 'released' });
    expectProblem(await requestOrder(brief, hold.hold_id), 'HOLD_EXPIRED');
    await expectStockIdentity(id);
  });
});

describe('GET /api/holds/{hold_id}', () => {
  it('tells an active hold, whose order is null', async () => {
    const hold = await createHold(service);
    expect(await getHold(hold.hold_id)).toEqual({ ...hold, order: null, payment: null });
  });

  it('tells a used hold together with its order', async () => {
    const { id } = await createProduct(service, { price: '10.50' });
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    expect(await getHold(order.hold_id)).toMatchObject({
      status: 'used',
      order: {
        order_id: order.order_id,
        status: 'pending_payment',
        cancel_reason: null,
        amount: '21.00',
        payment_due_at: order.payment_due_at,
      },
    });
  });

  it('calls a hold released from the instant of its expiry', async () => {
    const hold = await createHold(service);
    await expireHolds(hold.hold_id);
    expect(await getHold(hold.hold_id)).toMatchObject({ status: 'released', order: null });
  });

  it('takes the id in upper case too', async () => {
    const hold = await createHold(service);
    expect(await getHold(hold.hold_id.toUpperCase())).toMatchObject({ hold_id: hold.hold_id });
  });

  it('answers HOLD_NOT_FOUND for an id that nobody has', async () => {
    expectProblem(await service.call('GET', `/api/holds/${UNKNOWN_HOLD_ID}`), 'HOLD_NOT_FOUND');
  });
});

describe('DELETE /api/holds/{hold_id}', () => {
  it('makes the units available again and answers 204 without a body', async () => {
    const { id } = await createProduct(service, { stock_total: 5 });
    const hold = await createHold(service, { product_id: id, quantity: 5 });
    const answer = await giveBack(service, hold.hold_id);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await getHold(hold.hold_id)).toMatchObject({ status: 'released', order: null });
    expect(await stockOf(id)).toMatchObject({ stock_held: 0, available: 5 });
    taken(await requestHold(service, id, 5), 201);
    await expectStockIdentity(id);
  });

  it('does nothing the second time, and answers 204 again', async () => {
    const { id } = await createProduct(service, { stock_total: 5 });
    const hold = await createHold(service, { product_id: id, quantity: 2 });
    await createHold(service, { product_id: id, quantity: 1 });
    for (let time = 0; time < 3; time++) expect((await giveBack(service, hold.hold_id)).status).toBe(204);
    expect(await stockOf(id)).toMatchObject({ stock_held: 1, available: 4 });
    await expectStockIdentity(id);
  });

  it('cancels the unpaid order of the hold, for the buyer', async () => {
    const { id } = await createProduct(service, { stock_total: 5 });
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    for (let time = 0; time < 2; time++) expect((await giveBack(service, order.hold_id)).status).toBe(204);
    expect(await orderOf(order.hold_id)).toEqual([{ id: order.order_id, status: 'cancelled', cancel_reason: 'buyer' }]);
    expect(await getHold(order.hold_id)).toMatchObject({ status: 'released', order: { status: 'cancelled' } });
    expect(await stockOf(id)).toMatchObject({ stock_held: 0, available: 5 });
    await expectStockIdentity(id);
  });

  it('answers ORDER_ALREADY_PAID when the units are sold, and keeps them sold', async () => {
    const { id } = await createProduct(service, { stock_total: 5 });
    const order = await createPaidOrder(service, { product_id: id, quantity: 2 });
    expectProblem(await giveBack(service, order.hold_id), 'ORDER_ALREADY_PAID');
    expect(await getHold(order.hold_id)).toMatchObject({ status: 'used', order: { status: 'paid' } });
    expect(await stockOf(id)).toMatchObject({ stock_sold: 2, available: 3 });
    await expectStockIdentity(id);
  });

  it('gives an expired hold back once, whoever asks', async () => {
    const { id } = await createProduct(service, { stock_total: 2 });
    const hold = await createHold(service, { product_id: id, quantity: 2 });
    await expireHolds(hold.hold_id);
    const answers = await Promise.all([
      giveBack(service, hold.hold_id),
      requestHold(service, id, 2),
      giveBack(service, hold.hold_id),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([204, 201, 204]);
    expect(await stockOf(id)).toMatchObject({ stock_held: 2 });
    await expectStockIdentity(id);
  });

  it('answers HOLD_NOT_FOUND for an id that nobody has', async () => {
    expectProblem(await giveBack(service, UNKNOWN_HOLD_ID), 'HOLD_NOT_FOUND');
  });
});

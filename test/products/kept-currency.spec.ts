import { beforeAll, describe, expect, it } from '@jest/globals';
import { execute } from '../support/database.js';
import { newestEvent, eventsUntil } from '../support/events.js';
import { expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  hex,
  noticeOf,
  notify,
  refundsOf,
  requestOrder,
  taken,
  unique,
} from '../support/factories.js';
import { forgetProducts, type Service, startService } from '../support/service.js';

/** Two services on one database: the shop changes CURRENCY, or a product's, while buyers are under way. */
let inEuros: Service;
let inYen: Service;
beforeAll(async () => {
  [inEuros, inYen] = await Promise.all([startService(), startService({ CURRENCY: 'JPY' })]);
});

const EUROS = { amount: '199.98', currency: 'EUR' };
const two = async (price = '99.99') => ({ product_id: (await createProduct(inEuros, { price })).id, quantity: 2 });
const read = async (service: Service, holdId: string) =>
  taken<Record<string, unknown>>(await service.call('GET', `/api/holds/${holdId}`), 200);

describe('what a buyer was shown, when the shop has another currency since', () => {
  it('is what his hold, its order and its events go on to show', async () => {
    const after = await newestEvent(inEuros);
    const hold = await createHold(inEuros, await two());
    expect(await read(inYen, hold.hold_id)).toMatchObject({ ...EUROS, unit_price: '99.99', order: null });
    const order = taken<{ order_id: number }>(await requestOrder(inYen, hold.hold_id), 201);
    expect(order).toMatchObject({ ...EUROS, items: [{ unit_price: '99.99', amount: '199.98' }] });
    expect(await read(inYen, hold.hold_id)).toMatchObject({ ...EUROS, order: EUROS });
    const isOfIt = ({ data }: { data: object }) => 'hold_id' in data && data.hold_id === hold.hold_id;
    const events = await eventsUntil(inYen, after, (seen) => seen.some(isOfIt));
    expect(events.find(isOfIt)).toMatchObject({ type: 'order.created', data: EUROS });
    const path = `/api/admin/orders/${order.order_id}`;
    const shown = await inYen.call('GET', path, undefined, adminHeaders(inYen));
    expect(taken(shown, 200)).toMatchObject({ ...EUROS, items: [{ unit_price: '99.99' }] });
  });

  it('is what a repeated request is answered', async () => {
    const [wanted, key] = [await two(), { 'idempotency-key': unique('kept') }];
    const ask = (service: Service) => service.call('POST', '/api/holds', wanted, key);
    const first = taken(await ask(inEuros), 201);
    expect(taken(await ask(inYen), 201)).toEqual(first);
  });

  it('is what his payment is compared with', async () => {
    const order = await createOrder(inEuros, await two('100.00'));
    const inOther = await notify(inYen, noticeOf(order, { amount: '200', currency: 'JPY' }));
    expect(taken(inOther, 200)).toMatchObject({ result: 'review', order_status: 'pending_payment' });
    const right = await notify(inYen, noticeOf(order, { amount: '200.00', currency: 'EUR' }));
    expect(taken(right, 200)).toMatchObject({ result: 'applied', order_status: 'paid' });
  });

  it('is what is owed back', async () => {
    const order = await createPaidOrder(inEuros, await two());
    const giveBack = (amount: string) =>
      inYen.call(
        'POST',
        `/api/admin/orders/${order.order_id}/return`,
        { quantity: 1, amount, restock: true },
        adminHeaders(inYen),
      );
    const tooFine = await giveBack('9.995');
    expectProblem(tooFine, 'VALIDATION_FAILED');
    expect(tooFine.body.detail).toContain('as EUR has');
    taken(await giveBack('9.99'), 200);
    expect(await refundsOf(order.order_id)).toMatchObject([{ amount: '9.990', currency: 'EUR' }]);
  });

  it('is its price, as long as nobody sets another one', async () => {
    const product = await createProduct(inEuros, { price: '99.99' });
    const path = `/api/products/${product.id}`;
    expect(taken(await inYen.call('GET', path), 200)).toMatchObject({ price: '99.99', currency: 'EUR' });
    const change = { price: '4.5' };
    const answer = await inYen.call('PATCH', `/api/admin/products/${product.id}`, change, adminHeaders(inYen));
    expect(taken(answer, 200)).toMatchObject({ price: '4.50', currency: 'EUR' });
    const hold = await createHold(inYen, { product_id: product.id, quantity: 2 });
    expect(hold).toMatchObject({ unit_price: '4.50', amount: '9.00', currency: 'EUR' });
  });
});

it("a product's currency at the instant of the hold is the hold's, whatever it is later", async () => {
  const wanted = await two();
  const before = await createHold(inEuros, wanted);
  await execute("UPDATE products SET currency = 'USD', stock_version = stock_version + 1 WHERE id = ?", [
    wanted.product_id,
  ]);
  forgetProducts([wanted.product_id]);
  expect(await createHold(inEuros, wanted)).toMatchObject({ currency: 'USD' });
  expect(taken(await requestOrder(inEuros, before.hold_id), 201)).toMatchObject(EUROS);
});

it('a hold and an order of before currencies were kept are in CURRENCY', async () => {
  const { hold_id } = await createOrder(inEuros, await two('100.00'));
  for (const [table, column] of [
    ['holds', 'id'],
    ['orders', 'hold_id'],
  ]) {
    await execute(`UPDATE ${table} SET currency = NULL WHERE ${column} = UNHEX(?)`, [hex(hold_id)]);
  }
  expect(await read(inYen, hold_id)).toMatchObject({ amount: '200', currency: 'JPY', order: { currency: 'JPY' } });
});

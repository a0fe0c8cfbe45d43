import { beforeAll, describe, expect, it } from '@jest/globals';
import { StockAuditService } from '../../src/operations/stock-audit.service.js';
import { bearer, KeyFile, shopKey, signedToken } from '../support/buyers.js';
import { query } from '../support/database.js';
import { countByStatus, expectProblem, expectRefusal, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createOrder,
  createPaidOrder,
  createProduct,
  giveBack,
  type Hold,
  noticeOf,
  notify,
  type Order,
  requestHold,
  stockOf,
  taken,
  unique,
  UNKNOWN_ID,
} from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

const KEY = shopKey('HS256');

let service: Service;
let neighbour: Service;

beforeAll(async () => {
  const env = new KeyFile([KEY]).env('optional', { ROLES: 'api' });
  [service, neighbour] = await Promise.all([startService(env), startService(env)]);
});

interface Refund {
  cause: string;
  amount: string;
  status: string;
}

interface AdminOrder extends Order {
  quantity_sold: number;
  payment: { amount: string; amount_refunded: string };
  refunds: Refund[];
}

function giveUnitsBack(id: number, body: Record<string, unknown>, key?: string, at = service): Promise<Answer> {
  const headers = { ...adminHeaders(at), ...(key && { 'idempotency-key': key }) };
  return at.call('POST', `/api/admin/orders/${id}/return`, body, headers);
}

async function returned(id: number, body: Record<string, unknown> = { restock: true }): Promise<AdminOrder> {
  return taken<AdminOrder>(await giveUnitsBack(id, body), 200);
}

/** A paid order of so many units of 10.00, of ten. */
async function paidOrder(quantity = 3): Promise<Order> {
  const { id } = await createProduct(service, { price: '10.00', stock_total: 10 });
  return createPaidOrder(service, { product_id: id, quantity });
}

async function confirm(orderId: number): Promise<void> {
  const due = await query<{ id: number }>("SELECT id FROM refunds WHERE order_id = ? AND status <> 'confirmed'", [
    orderId,
  ]);
  for (const { id } of due) {
    taken(await service.call('POST', `/api/admin/refunds/${id}/confirm`, undefined, adminHeaders(service)), 200);
  }
}

async function expectNoDrift(productId: number): Promise<void> {
  await expectStockIdentity(productId);
  const [proof] = await service.app.get(StockAuditService).auditStock(productId);
  expect([proof!.proven_held, proof!.proven_sold]).toEqual([proof!.stock_held, proof!.stock_sold]);
}

describe('units of a paid order that come back', () => {
  it('are available again at once, with a refund of all that was paid', async () => {
    const order = await paidOrder();
    const after = await returned(order.order_id);
    expect(after).toMatchObject({
      status: 'refund_due',
      quantity_sold: 0,
      refunds: [{ cause: 'returned', amount: '30.00' }],
    });
    expect(await stockOf(order.product_id)).toEqual({ stock_total: 10, stock_held: 0, stock_sold: 0, available: 10 });
    const { body } = await service.call('GET', `/api/products/${order.product_id}`);
    expect(body).toMatchObject({ stock_total: 10, available_stock: 10 });
    await expectNoDrift(order.product_id);
  });

  it('leave the stock without restock: nobody can buy what is broken', async () => {
    const order = await paidOrder();
    await returned(order.order_id, { quantity: 2, restock: false });
    expect(await stockOf(order.product_id)).toEqual({ stock_total: 8, stock_held: 0, stock_sold: 1, available: 7 });
    await expectNoDrift(order.product_id);
  });

  it('come one after the other, each with its own refund, and the last with all that is left', async () => {
    const order = await paidOrder();
    await returned(order.order_id, { quantity: 1, restock: true });
    const second = await returned(order.order_id, { quantity: 1, amount: '4.00', restock: false });
    expect(second).toMatchObject({ status: 'paid', quantity_sold: 1 });
    const last = await returned(order.order_id);
    expect(last).toMatchObject({ status: 'refund_due', quantity_sold: 0 });
    expect(last.refunds.map(({ cause, amount }) => [cause, amount])).toEqual([
      ['returned', '10.00'],
      ['returned', '4.00'],
      ['returned', '16.00'],
    ]);
    const references = await query('SELECT cause_ref FROM refunds WHERE order_id = ? ORDER BY id', [order.order_id]);
    expect(references).toEqual([{ cause_ref: '1' }, { cause_ref: '2' }, { cause_ref: '3' }]);
    await confirm(order.order_id);
    const { body } = await service.call('GET', `/api/admin/orders/${order.order_id}`, undefined, adminHeaders(service));
    expect(body).toMatchObject({ status: 'refunded', payment: { amount: '30.00', amount_refunded: '30.00' } });
    expect(await stockOf(order.product_id)).toMatchObject({ stock_total: 9, stock_sold: 0 });
    await expectNoDrift(order.product_id);
  });

  it('can be those of an order whose money is back already: then nothing is owed', async () => {
    const order = await paidOrder();
    await returned(order.order_id, { quantity: 0, amount: '30.00', restock: true });
    await confirm(order.order_id);
    const after = await returned(order.order_id, { quantity: 2, restock: true });
    expect(after).toMatchObject({ status: 'refunded', quantity_sold: 1 });
    expect(after.refunds).toHaveLength(1);
    expectProblem(await giveUnitsBack(order.order_id, { quantity: 2, restock: true }), 'QUANTITY_NOT_RETURNABLE');
    await expectNoDrift(order.product_id);
  });

  it('can be those of an order that cost nothing', async () => {
    const { id } = await createProduct(service, { price: '0.00', stock_total: 5 });
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    expect(await returned(order.order_id)).toMatchObject({ status: 'paid', quantity_sold: 0, refunds: [] });
    expectProblem(await giveUnitsBack(order.order_id, { restock: true }), 'NOTHING_TO_RETURN');
    expect(await stockOf(id)).toMatchObject({ stock_sold: 0, available: 5 });
    await expectNoDrift(id);
  });

  it('count in the limit of their customer no more', async () => {
    const { id } = await createProduct(service, { stock_total: 9, max_per_customer: 2 });
    const headers = bearer(await signedToken(KEY, { sub: unique('c') }));
    const { hold_id } = taken<Hold>(await requestHold(service, id, 2, headers), 201);
    const order = taken<Order>(await service.call('POST', '/api/orders', { hold_id }, headers), 201);
    taken(await notify(service, noticeOf(order)), 200);
    expectProblem(await requestHold(service, id, 1, headers), 'CUSTOMER_LIMIT_REACHED');
    await returned(order.order_id, { quantity: 1, restock: true });
    const units = await query('SELECT units FROM customer_holds WHERE hold_id = UNHEX(?)', [
      hold_id.replaceAll('-', ''),
    ]);
    expect(units).toEqual([{ units: 1 }]);
    taken(await requestHold(service, id, 1, headers), 201);
    expectProblem(await requestHold(service, id, 1, headers), 'CUSTOMER_LIMIT_REACHED');
  });
});

describe('a refund without a return', () => {
  it('moves no unit, and is never above what is not refunded', async () => {
    const order = await paidOrder();
    const money = (amount: string) => ({ quantity: 0, amount, restock: false });
    expect(await returned(order.order_id, money('12.50'))).toMatchObject({ status: 'paid', quantity_sold: 3 });
    expectProblem(await giveUnitsBack(order.order_id, money('17.51')), 'VALIDATION_FAILED');
    expect(await returned(order.order_id, money('17.50'))).toMatchObject({ status: 'refund_due', quantity_sold: 3 });
    expect(await stockOf(order.product_id)).toMatchObject({ stock_total: 10, stock_sold: 3 });
    await expectNoDrift(order.product_id);
  });
});

describe('a return is refused', () => {
  const ONE = { quantity: 1, restock: true };

  it('for an order that waits for its payment, was cancelled, or is not there', async () => {
    const order = await createOrder(service);
    await expectRefusal('ORDER_NOT_PAID', () => giveUnitsBack(order.order_id, ONE));
    await giveBack(service, order.hold_id);
    await expectRefusal('ORDER_NOT_PAID', () => giveUnitsBack(order.order_id, ONE));
    await expectRefusal('ORDER_NOT_FOUND', () => giveUnitsBack(UNKNOWN_ID, ONE));
  });

  it('for money that came when the units were gone: it was never paid', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const order = await createOrder(service, { product_id: id });
    await giveBack(service, order.hold_id);
    taken(await requestHold(service, id), 201);
    taken(await notify(service, noticeOf(order)), 200);
    await expectRefusal('ORDER_NOT_PAID', () => giveUnitsBack(order.order_id, ONE));
  });

  it('for more units than are left, which it tells', async () => {
    const order = await paidOrder();
    const answer = await expectRefusal('QUANTITY_NOT_RETURNABLE', () =>
      giveUnitsBack(order.order_id, { quantity: 4, restock: true }),
    );
    expect(answer.body).toMatchObject({ returnable: 3 });
  });

  it.each([
    ['without a word on restock', { quantity: 1 }],
    ['with a negative quantity', { quantity: -1, restock: true }],
    ['with half a unit', { quantity: 0.5, restock: true }],
    ['with a sum that is a number', { amount: 5, restock: true }],
    ['with a sum below 0', { amount: '-5.00', restock: true }],
    ['with more decimals than the currency has', { quantity: 1, amount: '1.005', restock: true }],
    ['with no unit and no sum', { quantity: 0, restock: true }],
    ['with a field that is not known', { quantity: 1, restock: true, reason: 'broken' }],
    ['with a quantity that is null', { quantity: null, restock: true }],
  ])('%s', async (_what, body) => {
    const { order_id } = await paidOrder();
    await expectRefusal('VALIDATION_FAILED', () => giveUnitsBack(order_id, body));
  });
});

describe('a return that is asked for again', () => {
  it('returns once with its key, at any instance, and again without one', async () => {
    const { order_id, product_id } = await paidOrder(5);
    const key = unique('key');
    const one = { quantity: 1, restock: true };
    const answers = await inParallel(6, (n) => giveUnitsBack(order_id, one, key, n % 2 ? service : neighbour));
    expect(countByStatus(answers)).toEqual({ 200: 6 });
    expect(await returned(order_id, { quantity: 1, restock: true })).toMatchObject({ quantity_sold: 3 });
    expectProblem(await giveUnitsBack(order_id, { ...one, restock: false }, key), 'IDEMPOTENCY_KEY_REUSED');
    const other = await paidOrder();
    expectProblem(await giveUnitsBack(other.order_id, one, key), 'IDEMPOTENCY_KEY_REUSED');
    await expectNoDrift(product_id);
  });

  it('is the same with the same sum, however many decimals say it', async () => {
    const { order_id } = await paidOrder(2);
    const key = unique('key');
    const give = (amount: string): Promise<Answer> =>
      giveUnitsBack(order_id, { quantity: 1, restock: true, amount }, key);
    const answers = [await give('5'), await give('5.00'), await give('5.0')];
    expect(answers.map((answer) => taken<AdminOrder>(answer, 200).quantity_sold)).toEqual([1, 1, 1]);
    expectProblem(await give('5.01'), 'IDEMPOTENCY_KEY_REUSED');
  });

  it('is not more than was bought, when many ask at once', async () => {
    const { order_id, product_id } = await paidOrder(3);
    const answers = await inParallel(8, (n) =>
      giveUnitsBack(order_id, { quantity: 1, restock: true }, undefined, n % 2 ? service : neighbour),
    );
    expect(countByStatus(answers)).toEqual({ 200: 3, 409: 5 });
    const [sum] = await query<{ sum: string }>('SELECT SUM(amount) AS sum FROM refunds WHERE order_id = ?', [order_id]);
    expect(sum!.sum).toBe('30.000');
    await expectNoDrift(product_id);
  });
});

describe('what payment providers tell afterwards', () => {
  it('confirms the refunds of a return, and pays nothing again', async () => {
    const { id } = await createProduct(service, { price: '10.00' });
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    const notice = noticeOf(order);
    taken(await notify(service, notice), 200);
    await returned(order.order_id, { quantity: 1, restock: true });
    const again = { ...notice, idempotency_key: unique('again') };
    expect(taken(await notify(service, again), 200)).toMatchObject({ result: 'ignored' });
    await confirm(order.order_id);
    expect((await returned(order.order_id)).refunds).toMatchObject([
      { amount: '10.00', status: 'confirmed' },
      { amount: '10.00', status: 'due' },
    ]);
    await expectNoDrift(id);
  });
});

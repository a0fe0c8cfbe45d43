import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { PoolConnection } from 'mysql2/promise';
import { StockLedger } from '../../src/products/stock-ledger.js';
import { HoldsRepository } from '../../src/holds/holds.repository.js';
import { Releasing } from '../../src/holds/releasing/releasing.js';
import { execute, lockingReads, query, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  expireHolds,
  giveBack,
  hex,
  noticeOf,
  notify,
  type Order,
  orderOf,
  refundsOf,
  requestHold,
  stockOf,
  unique,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
let neighbour: Service;

beforeAll(async () => {
  [service, neighbour] = await Promise.all([startService({ ROLES: 'api' }), startService({ ROLES: 'api' })]);
});

/** Two orders over the same unit, one after the other, both cancelled. */
async function cancelledOrders(productId: number): Promise<[Order, Order]> {
  const one = await createOrder(service, { product_id: productId });
  await giveBack(service, one.hold_id);
  const other = await createOrder(service, { product_id: productId });
  await giveBack(service, other.hold_id);
  return [one, other];
}

/** What must be true when the money of two cancelled orders comes in the same moment and one unit is left. */
async function letTwoLatePaymentsFight(at: readonly [Service, Service]): Promise<void> {
  const { id } = await createProduct(service, { stock_total: 1 });
  const orders = await cancelledOrders(id);
  const answers = await Promise.all(orders.map((order, n) => notify(at[n]!, noticeOf(order))));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(answers.map(({ body }) => body.order_status).sort()).toEqual(['paid', 'refund_due']);
  expect(await stockOf(id)).toMatchObject({ stock_sold: 1, stock_held: 0, available: 0 });
  const refunds = [...(await refundsOf(orders[0].order_id)), ...(await refundsOf(orders[1].order_id))];
  expect(refunds).toMatchObject([{ status: 'due', amount: '99.990' }]);
  await expectStockIdentity(id);
}

describe('two late payments that fight over one unit', () => {
  const ROUNDS = Array.from({ length: 10 }, (_, round) => round);

  it.each(ROUNDS)('end with one sale and one refund that is due (one instance, round %s)', () =>
    letTwoLatePaymentsFight([service, service]),
  );

  it.each(ROUNDS)('end with one sale and one refund that is due (two instances, round %s)', () =>
    letTwoLatePaymentsFight([service, neighbour]),
  );
});

/** Locks expired holds as a sweep does: by the index, and with them the row that follows there. */
async function beginSweep(sweep: PoolConnection, productId: number): Promise<void> {
  await sweep.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await sweep.query('START TRANSACTION');
  await sweep.query(
    `SELECT id FROM holds FORCE INDEX (holds_product_open) WHERE product_id = ? AND used = 0 AND released = 0
     AND expires_at <= NOW(3) ORDER BY expires_at FOR UPDATE`,
    [productId],
  );
}

/** A cancelled order whose unit is a hold's that has just expired. In the index a hold that was given back lies between. */
async function orderBehindExpired(productId: number): Promise<{ order: Order; holdId: string }> {
  const order = await createOrder(service, { product_id: productId });
  await giveBack(service, order.hold_id);
  await giveBack(service, (await createHold(service, { product_id: productId })).hold_id);
  const { hold_id } = await createHold(service, { product_id: productId });
  await expireHolds(hold_id);
  return { order, holdId: hold_id };
}

describe('late money while a sweep has the expired holds of its product locked', () => {
  it.each(['releases them', 'gives up'])('waits until the sweep %s, and takes the unit', async (end) => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const { order, holdId } = await orderBehindExpired(id);
    await withConnection(async (sweep) => {
      await beginSweep(sweep, id);
      const answer = notify(service, noticeOf(order));
      await eventually(async () => expect(await lockingReads()).toHaveLength(1));
      if (end === 'releases them') {
        await sweep.query('UPDATE holds SET released = 1 WHERE id = UNHEX(?)', [hex(holdId)]);
        await sweep.query('UPDATE products SET stock_held = 0, stock_version = stock_version + 1 WHERE id = ?', [id]);
        await sweep.query('COMMIT');
      } else await sweep.query('ROLLBACK');
      expect((await answer).body).toMatchObject({ result: 'applied', order_status: 'paid' });
    });
    expect(await refundsOf(order.order_id)).toEqual([]);
    await expectStockIdentity(id);
  });

  it('comes back when the sweep was quicker to lock what has expired meanwhile', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const { order } = await orderBehindExpired(id);
    // As it goes where the hold expires only after late money has looked for what there is to wait for.
    const wait = jest.spyOn(service.app.get(Releasing), 'waitForExpired').mockResolvedValueOnce(undefined);
    await withConnection(async (sweep) => {
      await beginSweep(sweep, id);
      const answer = notify(service, noticeOf(order));
      // The sweep's locks must last until it was seen that the hold can't be had, and the transaction was begun anew.
      await eventually(() => expect(wait.mock.calls.length).toBeGreaterThan(1));
      await eventually(async () => expect(await lockingReads()).toHaveLength(1));
      await sweep.query('ROLLBACK');
      expect((await answer).body).toMatchObject({ result: 'applied', order_status: 'paid' });
    });
    wait.mockRestore();
    expect(await refundsOf(order.order_id)).toEqual([]);
    await expectStockIdentity(id);
  });

  it('is owed back at once where it is short even with what the sweep has locked', async () => {
    const { id } = await createProduct(service, { stock_total: 2 });
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    await giveBack(service, order.hold_id);
    await createHold(service, { product_id: id });
    const { hold_id } = await createHold(service, { product_id: id });
    await expireHolds(hold_id);
    const wait = jest.spyOn(service.app.get(Releasing), 'waitForExpired').mockResolvedValueOnce(undefined);
    await withConnection(async (sweep) => {
      await beginSweep(sweep, id);
      // The locks last until it is answered: who tried again would wait for them.
      expect((await notify(service, noticeOf(order))).body).toMatchObject({ order_status: 'refund_due' });
      expect(wait.mock.calls).toHaveLength(1);
      await sweep.query('ROLLBACK');
    });
    wait.mockRestore();
    await expectStockIdentity(id);
  });

  it('leaves a buyer asking for as long as a sweep takes, too', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const { hold_id } = await createHold(service, { product_id: id });
    await expireHolds(hold_id);
    const looks = jest.spyOn(service.app.get(HoldsRepository), 'countExpired');
    await withConnection(async (sweep) => {
      await beginSweep(sweep, id);
      const answer = requestHold(service, id);
      // Five looks took 150 ms at most.
      await eventually(() => expect(looks.mock.calls.length).toBeGreaterThan(5));
      await sweep.query('ROLLBACK');
      expect((await answer).status).toBe(201);
    });
    looks.mockRestore();
    await expectStockIdentity(id);
  });
});

describe('without the guard of late payments', () => {
  afterEach(() => void jest.restoreAllMocks());

  /** Late money then finds units left, whatever there is. */
  const removeGuard = () => jest.spyOn(StockLedger.prototype, 'available').mockReturnValue(1);

  it('the fight ends otherwise: the database refuses the second sale, and the money has no answer', async () => {
    removeGuard();
    await expect(letTwoLatePaymentsFight([service, service])).rejects.toThrow(/500/);
  });

  it('and without the CHECK of the database too, one unit is sold twice', async () => {
    const [{ clause }] = (await query<{ clause: string }>(
      "SELECT check_clause AS clause FROM information_schema.check_constraints WHERE constraint_name = 'products_never_oversold' AND constraint_schema = DATABASE()",
    )) as [{ clause: string }];
    await execute('ALTER TABLE products DROP CONSTRAINT products_never_oversold');
    const { id } = await createProduct(service, { stock_total: 1 });
    try {
      const orders = await cancelledOrders(id);
      removeGuard();
      const answers = await Promise.all(orders.map((order) => notify(service, noticeOf(order))));
      expect(answers.map(({ body }) => body.order_status)).toEqual(['paid', 'paid']);
      expect(await stockOf(id)).toMatchObject({ stock_total: 1, stock_sold: 2 });
    } finally {
      await execute('UPDATE products SET stock_total = 2 WHERE id = ?', [id]);
      await execute(`ALTER TABLE products ADD CONSTRAINT products_never_oversold CHECK (${clause})`);
    }
  });
});

describe('late money', () => {
  it('takes units whose hold has expired, though nobody has cleared it up yet', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const order = await createOrder(service, { product_id: id });
    await giveBack(service, order.hold_id);
    const { hold_id } = await createHold(service, { product_id: id });
    await expireHolds(hold_id);
    expect((await notify(service, noticeOf(order))).body).toMatchObject({ result: 'applied', order_status: 'paid' });
    expect(await query('SELECT used, released FROM holds WHERE id = UNHEX(?)', [hex(hold_id)])).toEqual([
      { used: 0, released: 1 },
    ]);
    expect(await stockOf(id)).toMatchObject({ stock_sold: 1, stock_held: 0 });
    await expectStockIdentity(id);
  });

  it('never takes units of a hold that is active', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const order = await createOrder(service, { product_id: id });
    await giveBack(service, order.hold_id);
    const { hold_id } = await createHold(service, { product_id: id });
    expect((await notify(service, noticeOf(order))).body).toMatchObject({ order_status: 'refund_due' });
    expect(await query('SELECT used, released FROM holds WHERE id = UNHEX(?)', [hex(hold_id)])).toEqual([
      { used: 0, released: 0 },
    ]);
    await expectStockIdentity(id);
  });

  it('that turns out a repetition shows readers the units that it has set free', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const [order] = await cancelledOrders(id);
    const notice = noticeOf(order, { amount: '1.00' });
    expect((await notify(service, notice)).body).toMatchObject({ result: 'review' });
    const { hold_id } = await createHold(service, { product_id: id });
    await expireHolds(hold_id);
    const available = async (): Promise<unknown> =>
      (await service.call('GET', `/api/products/${id}`)).body.available_stock;
    expect(await available()).toBe(0);
    expect((await notify(service, notice)).body).toMatchObject({ result: 'duplicate' });
    expect(await available()).toBe(1);
    await expectStockIdentity(id);
  });

  it('shows the order paid, and no longer why it was cancelled', async () => {
    const order = await createOrder(service);
    await notify(service, noticeOf(order, { status: 'failed' }));
    await notify(service, noticeOf(order));
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'paid', cancel_reason: null }]);
  });
});

describe('a second payment', () => {
  it('of a paid order is owed back, and the order stays paid', async () => {
    const order = await createPaidOrder(service);
    const notice = noticeOf(order, { amount: order.amount, currency: 'EUR' });
    const answer = await notify(service, notice);
    expect(answer.body).toEqual({ result: 'applied', order_id: order.order_id, order_status: 'paid' });
    expect(await refundsOf(order.order_id)).toMatchObject([{ transaction_id: notice.transaction_id, status: 'due' }]);
    await expectStockIdentity(order.product_id);
  });

  it('is owed back once, under however many keys its notice comes', async () => {
    const order = await createPaidOrder(service);
    const notice = noticeOf(order);
    const answers = [];
    for (const key of ['a', 'b', 'c']) {
      answers.push(await notify(service, { ...notice, idempotency_key: unique(key) }));
    }
    expect(answers.map(({ body }) => body.result)).toEqual(['applied', 'ignored', 'ignored']);
    expect(await refundsOf(order.order_id)).toHaveLength(1);
  });

  it('is the first one again when it only comes under another key: nothing is owed', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order);
    await notify(service, { ...notice, idempotency_key: unique('one') });
    const again = await notify(service, { ...notice, idempotency_key: unique('two') });
    expect(again.body).toMatchObject({ result: 'ignored', order_status: 'paid' });
    expect(await refundsOf(order.order_id)).toEqual([]);
  });

  it('of an order whose first payment is owed back is owed back too', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const [order] = await cancelledOrders(id);
    await createHold(service, { product_id: id });
    for (let payment = 1; payment <= 2; payment++) {
      expect((await notify(service, noticeOf(order))).body).toMatchObject({ order_status: 'refund_due' });
      expect(await refundsOf(order.order_id)).toHaveLength(payment);
    }
    await expectStockIdentity(id);
  });
});

describe('with PAYMENT_FAILED_POLICY=keep', () => {
  it('a failed payment keeps the units until the deadline, and another try pays the order', async () => {
    const keeping = await startService({ ROLES: 'api', PAYMENT_FAILED_POLICY: 'keep' });
    const { id } = await createProduct(service, { stock_total: 1 });
    const order = await createOrder(keeping, { product_id: id });
    const failure = await notify(keeping, noticeOf(order, { status: 'failed' }));
    expect(failure.body).toMatchObject({ result: 'ignored', order_status: 'pending_payment' });
    expect(await stockOf(id)).toMatchObject({ stock_held: 1, available: 0 });
    expect((await notify(keeping, noticeOf(order))).body).toMatchObject({ result: 'applied', order_status: 'paid' });
    await expectStockIdentity(id);
  });
});

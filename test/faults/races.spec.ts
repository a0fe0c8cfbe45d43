import { beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  createHold,
  createOrder,
  createProduct,
  expireHolds,
  giveBack,
  keyOf,
  noticeOf,
  notify,
  type Order,
  orderOf,
  refundsOf,
  requestHold,
  requestOrder,
  stockOf,
  unique,
  UNKNOWN_ID,
} from '../support/factories.js';
import { inParallel, shuffled, withStatus } from '../support/races.js';
import { type Service, startService } from '../support/service.js';

/**
 * Every race runs against one instance and against two on the same database: what holds must not depend on
 * requests meeting in the same process.
 */
const fleets: Record<string, Service[]> = { 'one instance': [], 'two instances': [] };

beforeAll(async () => {
  const [first, second] = await Promise.all([startService(), startService()]);
  fleets['one instance']!.push(first);
  fleets['two instances']!.push(first, second);
});

describe.each(Object.keys(fleets))('%s', (fleet) => {
  /** The instance that takes call number `index`. */
  const at = (index: number): Service => fleets[fleet]![index % fleets[fleet]!.length]!;

  describe('holds', () => {
    it('grants exactly 100 of 150 parallel holds for 100 units', async () => {
      const { id } = await createProduct(at(0), { stock_total: 100 });
      const answers = await inParallel(150, (n) => requestHold(at(n), id));
      expect(countByStatus(answers)).toEqual({ 201: 100, 409: 50 });
      for (const refused of withStatus(answers, 409)) expectProblem(refused, 'INSUFFICIENT_STOCK');
      expect(new Set(withStatus(answers, 201).map(({ body }) => body.hold_id)).size).toBe(100);
      expect(await stockOf(id)).toMatchObject({ stock_held: 100, available: 0 });
      await expectStockIdentity(id);
    });

    it('gives the last unit to one of 100 buyers and an orderly no to all others', async () => {
      const { id } = await createProduct(at(0), { stock_total: 1 });
      const answers = await inParallel(100, (n) => requestHold(at(n), id));
      expect(countByStatus(answers)).toEqual({ 201: 1, 409: 99 });
      await expectStockIdentity(id);
    });

    it('sells all units, and no more, to buyers of different quantities', async () => {
      const { id } = await createProduct(at(0), { stock_total: 50 });
      const answers = await inParallel(90, (n) => requestHold(at(n), id, 1 + (n % 4)));
      expect(Object.keys(countByStatus(answers))).toEqual(['201', '409']);
      const granted = withStatus(answers, 201).reduce((sum, { body }) => sum + (body.quantity as number), 0);
      expect(granted).toBe(50);
      await expectStockIdentity(id);
    });

    it('keeps products apart: each sells its own units when all are raced for at once', async () => {
      const products = await Promise.all([3, 5, 7, 11].map((stock_total) => createProduct(at(0), { stock_total })));
      const answers = await inParallel(80, (n) => requestHold(at(n >> 2), products[n % 4]!.id));
      for (const { id, stock_total } of products) {
        expect(withStatus(answers, 201).filter(({ body }) => body.product_id === id)).toHaveLength(stock_total);
        await expectStockIdentity(id);
      }
      expect(countByStatus(answers)).toEqual({ 201: 26, 409: 54 });
    });

    it('sells expired units on exactly once', async () => {
      const { id } = await createProduct(at(0), { stock_total: 10 });
      const expiring = await inParallel(10, () => requestHold(at(0), id));
      await expireHolds(...expiring.map(({ body }) => body.hold_id as string));
      const answers = await inParallel(40, (n) => requestHold(at(n), id));
      expect(countByStatus(answers)).toEqual({ 201: 10, 409: 30 });
      await expectStockIdentity(id);
    });
  });

  describe('orders', () => {
    it('makes one order of a hold that is ordered 20 times in parallel', async () => {
      const hold = await createHold(at(0));
      const answers = await inParallel(20, (n) => requestOrder(at(n), hold.hold_id));
      expect(countByStatus(answers)).toEqual({ 201: 1, 409: 19 });
      const [made] = withStatus(answers, 201);
      for (const refused of withStatus(answers, 409)) {
        expectProblem(refused, 'HOLD_ALREADY_USED');
        expect(refused.body.order_id).toBe(made!.body.order_id);
      }
      expect(await orderOf(hold.hold_id)).toHaveLength(1);
      await expectStockIdentity(hold.product_id);
    });

    it('lets an order or a give-back win, and never half of each', async () => {
      const { id } = await createProduct(at(0), { stock_total: 40 });
      const holds = await Promise.all(Array.from({ length: 40 }, () => createHold(at(0), { product_id: id })));
      const calls = shuffled(
        holds.flatMap(({ hold_id }) => [
          (n: number) => requestOrder(at(n), hold_id),
          (n: number) => giveBack(at(n), hold_id),
        ]),
      );
      const answers = await inParallel(calls.length, (n) => calls[n]!(n));
      const counts = countByStatus(answers);
      expect(counts[204]).toBe(40);
      // An order that came first was made and then cancelled; one that came later found the hold gone.
      expect((counts[201] ?? 0) + (counts[410] ?? 0)).toBe(40);
      for (const { hold_id } of holds) {
        const [order] = await orderOf(hold_id);
        if (order !== undefined) expect(order).toMatchObject({ status: 'cancelled', cancel_reason: 'buyer' });
      }
      expect(await stockOf(id)).toMatchObject({ stock_held: 0, stock_sold: 0, available: 40 });
      await expectStockIdentity(id);
    });

    it('lets an expired hold become an order of nobody while its unit is sold on', async () => {
      const { id } = await createProduct(at(0), { stock_total: 5 });
      const holds = await Promise.all(Array.from({ length: 5 }, () => createHold(at(0), { product_id: id })));
      await expireHolds(...holds.map(({ hold_id }) => hold_id));
      const answers = await inParallel(30, (n) =>
        n < 15 ? requestOrder(at(n), holds[n % 5]!.hold_id) : requestHold(at(n), id),
      );
      expect(countByStatus(answers)).toEqual({ 201: 5, 409: 10, 410: 15 });
      await expectStockIdentity(id);
    });
  });

  describe('payments', () => {
    it('gives the same payment notice one effect when it comes 10 times in parallel', async () => {
      const { id } = await createProduct(at(0), { stock_total: 5 });
      const order = await createOrder(at(0), { product_id: id, quantity: 2 });
      const notice = noticeOf(order);
      const answers = await inParallel(10, (n) => notify(at(n), notice));
      expect(countByStatus(answers)).toEqual({ 200: 10 });
      const results = answers.map(({ body }) => body.result);
      expect(results.filter((result) => result === 'applied')).toHaveLength(1);
      expect(results.filter((result) => result === 'duplicate')).toHaveLength(9);
      expect(new Set(answers.map(({ body }) => body.order_status))).toEqual(new Set(['paid']));
      expect(await stockOf(id)).toMatchObject({ stock_sold: 2, stock_held: 0 });
      await expectStockIdentity(id);
    });

    it('takes one of 10 parallel payments of one order, and owes the others back', async () => {
      const order = await createOrder(at(0));
      const answers = await inParallel(10, (n) => notify(at(n), noticeOf(order)));
      for (const { body } of answers) expect(body).toMatchObject({ result: 'applied', order_status: 'paid' });
      expect(await stockOf(order.product_id)).toMatchObject({ stock_sold: 1, stock_held: 0 });
      expect(await refundsOf(order.order_id)).toHaveLength(9);
      await expectStockIdentity(order.product_id);
    });

    it('lets exactly one content have a key that comes with two in parallel', async () => {
      const [one, other] = [await createOrder(at(0)), await createOrder(at(0))];
      const key = unique('contested');
      const answers = await inParallel(20, (n) =>
        notify(at(n >> 1), {
          order_id: [one, other][n % 2]!.order_id,
          status: 'success',
          transaction_id: key,
          idempotency_key: key,
        }),
      );
      const winners = new Set(withStatus(answers, 200).map(({ body }) => body.order_id));
      expect(winners.size).toBe(1);
      expect(countByStatus(answers)).toEqual({ 200: 10, 422: 10 });
      const statuses = [...(await orderOf(one.hold_id)), ...(await orderOf(other.hold_id))].map(({ status }) => status);
      expect(statuses.sort()).toEqual(['paid', 'pending_payment']);
    });

    it('settles every order once when payment, failure and give-back come together', async () => {
      const { id } = await createProduct(at(0), { stock_total: 30 });
      const orders = await Promise.all(Array.from({ length: 30 }, () => createOrder(at(0), { product_id: id })));
      const calls = shuffled(
        orders.flatMap((order) => [
          (n: number) => notify(at(n), noticeOf(order)),
          (n: number) => notify(at(n), noticeOf(order, { status: 'failed' })),
          (n: number) => giveBack(at(n), order.hold_id),
        ]),
      );
      const answers = await inParallel(calls.length, (n) => calls[n]!(n));
      const expected = new Set(['200', '204', '409']);
      expect(Object.keys(countByStatus(answers)).filter((status) => !expected.has(status))).toEqual([]);
      // Money came for each, and the stock is enough for all: whatever the order of notices, all end paid.
      const states = await Promise.all(orders.map(({ hold_id }) => orderOf(hold_id)));
      expect(states.flat().map(({ status }) => status)).toEqual(Array(30).fill('paid'));
      expect(await stockOf(id)).toMatchObject({ stock_sold: 30, stock_held: 0, available: 0 });
      await expectStockIdentity(id);
    });

    it('never lets late money and new buyers have the same unit', async () => {
      const { id } = await createProduct(at(0), { stock_total: 10 });
      const orders = await Promise.all(Array.from({ length: 10 }, () => createOrder(at(0), { product_id: id })));
      await Promise.all(orders.map(({ hold_id }) => giveBack(at(0), hold_id)));
      const answers = await inParallel(30, (n) =>
        n % 3 === 0 ? notify(at(n), noticeOf(orders[n / 3]!)) : requestHold(at(n), id),
      );
      const paid = answers.filter(({ body }) => body.order_status === 'paid').length;
      const due = answers.filter(({ body }) => body.order_status === 'refund_due').length;
      const held = withStatus(answers, 201).length;
      expect([paid + due, paid + held]).toEqual([10, 10]);
      expect(await stockOf(id)).toMatchObject({ stock_sold: paid, stock_held: held, available: 0 });
      await expectStockIdentity(id);
    });

    it('keeps one notice of an order to come when it comes from two sides at once', async () => {
      for (let round = 0; round < 20; round++) {
        const notice = noticeOf({ order_id: UNKNOWN_ID });
        const answers = await inParallel(2, (n) => notify(at(n), notice));
        expect(countByStatus(answers)).toEqual({ 202: 2 });
        const kept = await query('SELECT id FROM webhook_logs WHERE idempotency_key = ?', [keyOf(notice)]);
        expect(kept).toHaveLength(1);
      }
    });

    it('applies a notice that races the making of its order', async () => {
      for (let round = 0; round < 10; round++) {
        const hold = await createHold(at(round));
        const [last] = await query<{ id: number }>('SELECT MAX(id) AS id FROM orders');
        const notice = noticeOf({ order_id: last!.id + 1 });
        const [order, answer] = await Promise.all([
          requestOrder(at(round), hold.hold_id),
          notify(at(round + 1), notice),
        ]);
        expect(order.body).toMatchObject({ order_id: notice.order_id });
        expect([200, 202]).toContain(answer.status);
        await eventually(async () => expect(await orderOf(hold.hold_id)).toMatchObject([{ status: 'paid' }]));
        await expectStockIdentity(hold.product_id);
      }
    });
  });

  it('keeps the identity through a whole sale of mixed traffic', async () => {
    const { id } = await createProduct(at(0), { stock_total: 30 });
    const buyer = async (n: number): Promise<number[]> => {
      const hold = await requestHold(at(n), id, 1 + (n % 2));
      if (hold.status !== 201) return [hold.status];
      const holdId = hold.body.hold_id as string;
      if (n % 5 === 0) return [hold.status, (await giveBack(at(n + 1), holdId)).status];
      const order = await requestOrder(at(n + 1), holdId);
      const notice = noticeOf(order.body as unknown as Order, { status: n % 3 === 0 ? 'failed' : 'success' });
      const paid = await Promise.all([notify(at(n), notice), notify(at(n + 1), notice)]);
      return [hold.status, order.status, ...paid.map(({ status }) => status)];
    };
    const statuses = (await Promise.all(Array.from({ length: 80 }, (_, n) => buyer(n)))).flat();
    expect(statuses.filter((status) => ![200, 201, 204, 409].includes(status))).toEqual([]);
    await expectStockIdentity(id);
    const { stock_sold, stock_held, available } = await stockOf(id);
    expect(stock_held).toBe(0);
    expect(stock_sold + available).toBe(30);
  });
});

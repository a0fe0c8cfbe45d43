import { beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';
import { countByStatus, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createOrder,
  createPaidOrder,
  createProduct,
  noticeOf,
  notify,
  type Order,
  orderOf,
  requestHold,
  stockOf,
  taken,
} from '../support/factories.js';
import { inParallel, withStatus } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

/** What operators do to orders while others go on, at two instances on the same rows. `RACE_ROUNDS=100` tries it longer. */
const ROUNDS = Number(process.env.RACE_ROUNDS ?? 8);
const EACH = Array.from({ length: ROUNDS }, (_, round) => round);

let fleet: Service[];

beforeAll(async () => {
  fleet = await Promise.all([startService({ ROLES: 'api' }), startService({ ROLES: 'api' })]);
});

const at = (index: number): Service => fleet[index % 2]!;

function operate(to: Service, { order_id }: Order, verb: string, body?: unknown): Promise<Answer> {
  return to.call('POST', `/api/admin/orders/${order_id}/${verb}`, body, adminHeaders(to));
}

describe('the return of the last unit against buyers who want it', () => {
  it.each(EACH)('sells it to one of them at most, and it is never lost: round %i', async (round) => {
    const { id } = await createProduct(at(0), { stock_total: 1 });
    const order = await createPaidOrder(at(0), { product_id: id });
    const restock = round % 3 !== 2;
    const [returned, ...holds] = await Promise.all([
      operate(at(round), order, 'return', { restock }),
      ...[0, 1, 2, 3].map((buyer) => requestHold(at(round + buyer), id)),
    ]);
    taken(returned, 200);
    expect(withStatus(holds, 201).length).toBeLessThanOrEqual(restock ? 1 : 0);
    expect(withStatus(holds, 409).length).toBe(4 - withStatus(holds, 201).length);
    // Once the return was answered the unit is there for who comes now, or somebody has it.
    const after = await inParallel(2, (buyer) => requestHold(at(buyer), id));
    expect(withStatus([...holds, ...after], 201)).toHaveLength(restock ? 1 : 0);
    expect(await stockOf(id)).toEqual({
      stock_total: restock ? 1 : 0,
      stock_held: restock ? 1 : 0,
      stock_sold: 0,
      available: 0,
    });
    await expectStockIdentity(id);
  });
});

describe('a cancellation against the notice that the order was paid', () => {
  it.each(EACH)('is a paid order either way, with its units: round %i', async (round) => {
    const { id } = await createProduct(at(0), { stock_total: 2 });
    const order = await createOrder(at(0), { product_id: id, quantity: 2 });
    const [cancelled, paid] = await Promise.all([
      operate(at(round), order, 'cancel'),
      notify(at(round + 1), noticeOf(order, { amount: order.amount, currency: 'EUR' })),
    ]);
    // Cancelled first, the money comes late and finds the units free.
    expect(taken(paid, 200)).toMatchObject({ result: 'applied', order_status: 'paid' });
    expect([200, 409]).toContain(cancelled.status);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'paid', cancel_reason: null }]);
    expect(await stockOf(id)).toMatchObject({ stock_held: 0, stock_sold: 2, available: 0 });
    expect(await query('SELECT id FROM refunds WHERE order_id = ?', [order.order_id])).toEqual([]);
    await expectStockIdentity(id);
  });

  it.each(EACH)('sells no unit twice when a buyer waits for them: round %i', async (round) => {
    const { id } = await createProduct(at(0), { stock_total: 1 });
    const order = await createOrder(at(0), { product_id: id });
    const [cancelled, paid, ...holds] = await Promise.all([
      operate(at(round), order, 'cancel'),
      notify(at(round + 1), noticeOf(order)),
      ...[0, 1].map((buyer) => requestHold(at(round + buyer), id)),
    ]);
    taken(paid, 200);
    const [row] = await orderOf(order.hold_id);
    const isBought = row!.status === 'paid';
    // Who got the unit is told so: the buyer who paid, or the one who held it while the order was cancelled.
    expect(isBought || row!.status === 'refund_due').toBe(true);
    expect(withStatus(holds, 201)).toHaveLength(isBought ? 0 : 1);
    if (!isBought) expect(cancelled.status).toBe(200);
    const refunds = await query('SELECT cause FROM refunds WHERE order_id = ?', [order.order_id]);
    expect(refunds).toEqual(isBought ? [] : [{ cause: 'late' }]);
    expect(await stockOf(id)).toMatchObject({ stock_sold: isBought ? 1 : 0, stock_held: isBought ? 0 : 1 });
    await expectStockIdentity(id);
  });
});

describe('returns against each other', () => {
  it.each(EACH)('take back what was bought, and owe what was paid: round %i', async (round) => {
    const { id } = await createProduct(at(0), { stock_total: 3, price: '10.00' });
    const order = await createPaidOrder(at(0), { product_id: id, quantity: 3 });
    const answers = await inParallel(5, (n) =>
      operate(at(round + n), order, 'return', { quantity: 1, restock: n % 2 === 0 }),
    );
    expect(countByStatus(answers)).toEqual({ 200: 3, 409: 2 });
    const [owed] = await query<{ sum: string }>('SELECT SUM(amount) AS sum FROM refunds WHERE order_id = ?', [
      order.order_id,
    ]);
    expect(owed!.sum).toBe('30.000');
    expect(await stockOf(id)).toMatchObject({ stock_held: 0, stock_sold: 0 });
    await expectStockIdentity(id);
  });
});

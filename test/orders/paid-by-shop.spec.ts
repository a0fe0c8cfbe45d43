import { beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';
import { type Event, eventsUntil, newestEvent } from '../support/events.js';
import { countByStatus, expectProblem, expectRefusal, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createKey,
  createOrder,
  createProduct,
  keyHeaders,
  noticeOf,
  notify,
  type Order,
  refundsOf,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { RACE_ROUNDS, withStatus } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

/** A shop that took the money itself says so when it orders; two instances on the same rows. */
let fleet: Service[];
let shop: Record<string, string>;

beforeAll(async () => {
  fleet = await Promise.all([startService(), startService({ ROLES: 'api' })]);
  shop = { ...keyHeaders(await createKey(at(0), ['sell'])), 'on-behalf-of': 'c_42' };
});

const at = (index: number): Service => fleet[index % 2]!;

const paidBy = (transaction_id: string, overrides: object = {}) => ({
  paid: { transaction_id, amount: '99.99', currency: 'EUR', ...overrides },
});

const order = (hold_id: string, fields: object, headers = shop, to = at(0)): Promise<Answer> =>
  to.call('POST', '/api/orders', { hold_id, ...fields }, headers);

const holdOf = (product_id?: number) => createHold(at(0), product_id === undefined ? {} : { product_id }, shop);

const operate = (method: string, path: string, body?: object) =>
  at(0).call(method, `/api/admin${path}`, body, adminHeaders(at(0)));

async function orderPaidBy(transaction: string): Promise<Order> {
  return taken<Order>(await order((await holdOf()).hold_id, paidBy(transaction)), 201);
}

describe('an order that comes paid', () => {
  it('is paid as it is made, with its payment, in one commit', async () => {
    const [transaction, after] = [unique('till'), await newestEvent(at(0))];
    const made = await orderPaidBy(transaction);
    const paid = { status: 'paid', amount: '99.99', payment_due_at: null };
    expect(made).toMatchObject({ ...paid, payment: null });
    const read = await at(1).call('GET', `/api/holds/${made.hold_id}`, undefined, shop);
    expect(taken(read, 200)).toMatchObject({ status: 'used', order: paid, payment: null });
    const found = taken<{ items: object[] }>(await operate('GET', `/orders?transaction_id=${transaction}`), 200);
    const payment = { provider: 'shop', transaction_id: transaction, amount: '99.99', currency: 'EUR' };
    expect(found.items).toMatchObject([
      { ...paid, quantity_sold: 1, payment: { ...payment, amount_refunded: '0.00' } },
    ]);
    expect(await stockOf(made.product_id)).toMatchObject({ stock_held: 0, stock_sold: 1 });
    await expectStockIdentity(made.product_id);
    const about = { order_id: made.order_id, transaction_id: transaction };
    const ofIt = (events: readonly Event[]) => events.filter(({ data }) => data.order_id === made.order_id);
    const events = await eventsUntil(at(0), after, (seen) => ofIt(seen).length > 1);
    expect(ofIt(events)).toMatchObject([
      { type: 'order.created', version: 1, data: { order_id: made.order_id } },
      { type: 'order.paid', version: 2, data: { ...paid, ...about } },
    ]);
  });

  it('is paid by what is due, adjustments and all', async () => {
    const adjustments = [{ kind: 'shipping', label: 'Parcel', amount: '5.00' }];
    const paid = { adjustments, ...paidBy(unique('till'), { amount: '104.990' }) };
    expect(taken(await order((await holdOf()).hold_id, paid), 201)).toMatchObject({ status: 'paid', amount: '104.99' });
  });

  it.each([
    ['another amount', { amount: '99.98' }],
    ['another currency', { currency: 'USD' }],
  ])('by %s is refused with what is due, and the hold stays', async (_what, overrides) => {
    const { hold_id } = await holdOf();
    const send = () => order(hold_id, paidBy(unique('till'), overrides));
    expect((await expectRefusal('AMOUNT_MISMATCH', send)).body.amount).toBe('99.99');
    expect((await order(hold_id, {})).status).toBe(201);
  });

  it('by a payment that is known is refused, whoever told it', async () => {
    const [first, second] = [await orderPaidBy(unique('till')), await holdOf()];
    const { payment } = taken<{ payment: { transaction_id: string } }>(
      await operate('GET', `/orders/${first.order_id}`),
      200,
    );
    await expectRefusal('PAYMENT_ALREADY_USED', () => order(second.hold_id, paidBy(payment.transaction_id)));
    const told = noticeOf(await createOrder(at(0)));
    taken(await notify(at(0), told), 200);
    await expectRefusal('PAYMENT_ALREADY_USED', () => order(second.hold_id, paidBy(told.transaction_id)));
    expect((await order(second.hold_id, {})).status).toBe(201);
  });

  it('is not believed of who may not sell', async () => {
    const { hold_id } = await createHold(at(0));
    const support = keyHeaders(await createKey(at(0), ['orders']));
    for (const headers of [{}, support]) {
      const refused = await expectRefusal('SCOPE_MISSING', () => order(hold_id, paidBy(unique('till')), headers));
      expect(refused.body.scope).toBe('sell');
    }
  });

  it.each([
    ['without a transaction', { transaction_id: undefined }, 'paid.transaction_id'],
    ['with a blank in it', { transaction_id: 'a b' }, 'paid.transaction_id'],
    ['below 0', { amount: '-99.99' }, 'paid.amount'],
    ['in small letters', { currency: 'eur' }, 'paid.currency'],
    ['with a provider', { provider: 'stripe' }, 'paid.provider'],
  ])('%s is refused', async (_what, overrides, field) => {
    const { hold_id } = await holdOf();
    const refused = await expectRefusal('VALIDATION_FAILED', () => order(hold_id, paidBy('till', overrides)));
    expect(refused.body.errors).toEqual([{ field, message: expect.any(String) }]);
  });

  it('is what its key asked for, and nothing else', async () => {
    const [{ hold_id }, transaction] = [await holdOf(), unique('till')];
    const headers = { ...shop, 'idempotency-key': unique('paid') };
    const first = taken(await order(hold_id, paidBy(transaction), headers), 201);
    expect(taken(await order(hold_id, paidBy(transaction), headers, at(1)), 201)).toEqual(first);
    for (const fields of [{}, paidBy(unique('till'))])
      expectProblem(await order(hold_id, fields, headers), 'IDEMPOTENCY_KEY_REUSED');
  });

  it('that costs nothing takes no payment: its transaction stays free', async () => {
    const { id } = await createProduct(at(0), { price: '0.00' });
    const paid = paidBy(unique('till'), { amount: '0.00' });
    expect(taken(await order((await holdOf(id)).hold_id, paid), 201)).toMatchObject({ status: 'paid' });
    expect(await query('SELECT 1 FROM payments WHERE transaction_id = ?', [paid.paid.transaction_id])).toEqual([]);
  });

  it('has one payment, also where its gateway tells the same one', async () => {
    const transaction_id = unique('till');
    const made = await orderPaidBy(transaction_id);
    const told = noticeOf(made, { transaction_id, amount: '99.99', currency: 'EUR' });
    expect(taken(await notify(at(1), told), 200)).toMatchObject({ result: 'ignored', order_status: 'paid' });
    const found = taken<{ items: object[] }>(await operate('GET', `/orders?transaction_id=${transaction_id}`), 200);
    expect(found.items).toHaveLength(1);
    taken(await operate('POST', `/orders/${made.order_id}/return`, { restock: true }), 200);
    const refunds = await refundsOf(made.order_id);
    expect(refunds).toHaveLength(1);
    taken(await operate('POST', `/refunds/${refunds[0]!.id}/confirm`), 200);
    expect(taken(await operate('GET', `/orders/${made.order_id}`), 200)).toMatchObject({ status: 'refunded' });
  });

  it('owes a second payment back, and is given back as any other', async () => {
    const made = await orderPaidBy(unique('till'));
    const again = await notify(at(0), noticeOf(made, { amount: '99.99', currency: 'EUR' }));
    expect(taken(again, 200)).toMatchObject({ result: 'applied', order_status: 'paid' });
    taken(await operate('POST', `/orders/${made.order_id}/return`, { restock: true }), 200);
    const refunds = await refundsOf(made.order_id);
    expect(refunds).toMatchObject([{ amount: '99.990' }, { amount: '99.990' }]);
    expectProblem(await operate('POST', `/refunds/${refunds[1]!.id}/send`), 'REFUND_NOT_SENDABLE');
    for (const { id } of refunds) {
      taken(await operate('POST', `/refunds/${id}/mark-sent`), 200);
      taken(await operate('POST', `/refunds/${id}/confirm`), 200);
    }
    expect(taken(await operate('GET', `/orders/${made.order_id}`), 200)).toMatchObject({ status: 'refunded' });
    await expectStockIdentity(made.product_id);
  });
});

describe('two orders by one payment at the same moment', () => {
  it.each(Array.from({ length: RACE_ROUNDS }, (_, round) => round))('are one: round %i', async (round) => {
    const { id } = await createProduct(at(0), { stock_total: 2 });
    const holds = [await holdOf(id), await holdOf(id)];
    const transaction = unique('till');
    // In every other round through two instances, so that no batch sees both.
    const answers = await Promise.all(
      holds.map(({ hold_id }, n) => order(hold_id, paidBy(transaction), shop, at(round % 2 === 0 ? n : 0))),
    );
    expect(countByStatus(answers)).toEqual({ 201: 1, 409: 1 });
    expectProblem(withStatus(answers, 409)[0]!, 'PAYMENT_ALREADY_USED');
    const [payment] = await query<{ order_id: number }>('SELECT order_id FROM payments WHERE transaction_id = ?', [
      transaction,
    ]);
    expect(payment).toEqual({ order_id: withStatus(answers, 201)[0]!.body.order_id });
    expect(await stockOf(id)).toMatchObject({ stock_held: 1, stock_sold: 1 });
    const loser = holds[answers.findIndex(({ status }) => status === 409)]!;
    expect((await order(loser.hold_id, {})).status).toBe(201);
    await expectStockIdentity(id);
  });
});

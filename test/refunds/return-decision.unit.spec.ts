import { describe, expect, it } from '@jest/globals';
import { ORDER_STATUSES, type ReturnableOrderRow } from '../../src/orders/orders.types.js';
import { decideReturn, type WantedReturn } from '../../src/refunds/return-decision.js';

/** A paid order of three units of 10.00. */
function orderRow(overrides: Partial<ReturnableOrderRow> = {}): ReturnableOrderRow {
  return {
    id: 7,
    hold_id: '019a0000-0000-7000-8000-000000000001',
    status: 'paid',
    cancel_reason: null,
    amount: '30.00',
    currency: 'EUR',
    payment_due_at: '2026-01-01 00:15:00.000',
    due_at: '2026-01-01 00:15:00.000',
    processing_seconds: 0,
    processing_at: null,
    created_at: '2026-01-01 00:00:00.000',
    paid_transaction_id: 'txn_1',
    payment_provider: null,
    version: 2,
    product_id: 1,
    qty: 3,
    customer_id: null,
    quantity_sold: 3,
    unit_price: '10.00',
    return_count: 0,
    ...overrides,
  };
}

function decide(wanted: Partial<WantedReturn>, left = 30_000, order: Partial<ReturnableOrderRow> = {}) {
  return decideReturn(orderRow(order), { quantity: null, amount: null, restock: true, ...wanted }, left);
}

describe('what a return comes to', () => {
  it.each<[string, Partial<WantedReturn>, number, Partial<ReturnableOrderRow>, ReturnType<typeof decideReturn>]>([
    ['all, without a word', {}, 30_000, {}, { quantity: 3, amount: '30.00' }],
    ['one unit at its price', { quantity: 1 }, 30_000, {}, { quantity: 1, amount: '10.00' }],
    ['the last one with all that is left', {}, 9_990, { quantity_sold: 1 }, { quantity: 1, amount: '9.99' }],
    ['more than its price with the last one', {}, 12_000, { quantity_sold: 1 }, { quantity: 1, amount: '12.00' }],
    ['never above what is left', { quantity: 2 }, 15_000, {}, { quantity: 2, amount: '15.00' }],
    ['nothing where nothing is left', { quantity: 1 }, 0, {}, { quantity: 1, amount: null }],
    ['what is asked for', { quantity: 1, amount: '4.50' }, 30_000, {}, { quantity: 1, amount: '4.50' }],
    ['no money, when that is asked for', { quantity: 1, amount: '0' }, 30_000, {}, { quantity: 1, amount: null }],
    ['money alone', { quantity: 0, amount: '5.00' }, 30_000, {}, { quantity: 0, amount: '5.00' }],
    ['units of a refunded order', {}, 0, { status: 'refunded' }, { quantity: 3, amount: null }],
    [
      'units that cost nothing',
      {},
      0,
      { paid_transaction_id: null, unit_price: '0.00' },
      { quantity: 3, amount: null },
    ],
    ['three decimals', { quantity: 1 }, 30_000, { unit_price: '1.255' }, { quantity: 1, amount: '1.255' }],
  ])('%s', (_what, wanted, left, order, decided) => {
    expect(decide(wanted, left, order)).toEqual(decided);
  });

  it.each(ORDER_STATUSES.filter((status) => status !== 'paid'))(
    'is refused for an order that is %s and was never paid, whatever is asked for',
    (status) => {
      const order = { status, paid_transaction_id: null, quantity_sold: 0 };
      for (const quantity of [null, 0, 9]) {
        expect(() => decide({ quantity }, 0, order)).toThrow(expect.objectContaining({ code: 'ORDER_NOT_PAID' }));
      }
    },
  );

  it('is refused once all units have come back, also of money alone', () => {
    for (const wanted of [{}, { quantity: 1 }, { quantity: 0, amount: '1.00' }]) {
      const order = { quantity_sold: 0 };
      expect(() => decide(wanted, 9_000, order)).toThrow(expect.objectContaining({ code: 'NOTHING_TO_RETURN' }));
    }
  });

  it('is refused for more units than are left, which it tells', () => {
    expect(() => decide({ quantity: 3 }, 9_000, { quantity_sold: 2 })).toThrow(
      expect.objectContaining({ code: 'QUANTITY_NOT_RETURNABLE', extensions: { returnable: 2 } }),
    );
  });

  it.each([
    ['no unit and no sum', { quantity: 0 }],
    ['no unit and a sum of 0', { quantity: 0, amount: '0.00' }],
    ['more than is left', { quantity: 1, amount: '30.01' }],
  ])('is not valid with %s', (_what, wanted) => {
    expect(() => decide(wanted)).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });
});

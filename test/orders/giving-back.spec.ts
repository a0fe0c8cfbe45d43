import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ANONYMOUS } from '../../src/access/caller.js';
import { Transaction } from '../../src/database/transactions.js';
import { GivingBack } from '../../src/orders/settling/giving-back.js';
import { expectStockIdentity } from '../support/expectations.js';
import { createHold, createOrder, orderOf, stockOf } from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('holds that are given back together', () => {
  it('move the units of all their products with one statement, with an order or without', async () => {
    // The order's product has the higher number: written after the hold's, and not before it with the orders.
    const hold = await createHold(service);
    const order = await createOrder(service);
    const written = jest.spyOn(Transaction.prototype, 'write');
    const givingBack = service.app.get(GivingBack);
    await Promise.all([givingBack.giveBack(order.hold_id, ANONYMOUS), givingBack.giveBack(hold.hold_id, ANONYMOUS)]);
    const moves = written.mock.calls.filter(([sql]) => sql.startsWith('UPDATE products'));
    expect(moves).toEqual([[expect.stringContaining(`IN (${hold.product_id},${order.product_id})`), 2]]);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'cancelled', cancel_reason: 'buyer' }]);
    for (const { product_id } of [hold, order]) {
      expect(await stockOf(product_id)).toMatchObject({ stock_held: 0 });
      await expectStockIdentity(product_id);
    }
  });
});

import { beforeAll, describe, expect, it } from '@jest/globals';
import { Releasing } from '../../src/holds/releasing/releasing.js';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import {
  createHold,
  createOrder,
  createProduct,
  hex,
  noticeOf,
  notify,
  requestHold,
  requestOrder,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

const ROUNDS = 2000;
const ROUNDS_AT_ONCE = 25;

/** The identity of all products at once: no row means that every counter is what the tables prove. */
async function findDrift(): Promise<object[]> {
  return query(`SELECT p.id FROM products p LEFT JOIN (
      SELECT h.product_id, SUM(IF(h.released = 0 AND COALESCE(o.status, 'pending_payment') = 'pending_payment', h.qty, 0)) AS held,
        SUM(o.quantity_sold) AS sold
      FROM holds h LEFT JOIN orders o ON o.hold_id = h.id GROUP BY h.product_id) c ON c.product_id = p.id
    WHERE p.stock_held <> COALESCE(c.held, 0) OR p.stock_sold <> COALESCE(c.sold, 0)`);
}

/** Runs the rounds, some at once, with the identity checked after each lot, and counts their results. */
async function runRounds(round: () => Promise<string>): Promise<Record<string, number>> {
  const results: Record<string, number> = {};
  for (let done = 0; done < ROUNDS; done += ROUNDS_AT_ONCE) {
    for (const result of await Promise.all(Array.from({ length: ROUNDS_AT_ONCE }, round))) {
      results[result] = (results[result] ?? 0) + 1;
    }
    expect(await findDrift()).toEqual([]);
  }
  return results;
}

describe('two thousand rounds in the same instant', () => {
  let service: Service;

  beforeAll(async () => {
    service = await startService();
  });

  it('of an order against expiry have one winner each', async () => {
    const { id } = await createProduct(service, { stock_total: 10 * ROUNDS_AT_ONCE });
    const results = await runRounds(async () => {
      const { hold_id } = await createHold(service, { product_id: id });
      await execute('UPDATE holds SET expires_at = NOW(3) + INTERVAL ? MICROSECOND WHERE id = UNHEX(?)', [
        Math.round(Math.random() * 60_000),
        hex(hold_id),
      ]);
      const [answer] = await Promise.all([
        requestOrder(service, hold_id),
        service.app.get(Releasing).releaseExpiredHolds(id),
      ]);
      await service.app.get(Releasing).releaseExpiredHolds(id);
      const [hold] = await query<{ used: number; released: number }>(
        'SELECT used, released FROM holds WHERE id = UNHEX(?)',
        [hex(hold_id)],
      );
      // The order won: the hold is used. The expiry won: it is not, and the answer said so.
      if (answer.status === 201) {
        expect(hold).toMatchObject({ used: 1, released: 0 });
        await service.call('DELETE', `/api/holds/${hold_id}`);
        return 'ordered';
      }
      expect(answer.body).toMatchObject({ code: 'HOLD_EXPIRED' });
      expect(hold).toMatchObject({ used: 0 });
      return 'expired';
    });
    expect((results.ordered ?? 0) + (results.expired ?? 0)).toBe(ROUNDS);
    expect(Math.min(results.ordered ?? 0, results.expired ?? 0)).toBeGreaterThan(0);
  });

  it('of a payment against cancellation and a rival for the unit have one winner each', async () => {
    const results = await runRounds(async () => {
      const { id } = await createProduct(service, { stock_total: 1 });
      const order = await createOrder(service, { product_id: id });
      // Against the cancellations of other rounds this statement of ours may lose a deadlock.
      await eventually(() =>
        execute('UPDATE orders SET payment_due_at = NOW(3), due_at = payment_due_at WHERE id = ?', [order.order_id]),
      );
      const [payment, , rival] = await Promise.all([
        notify(service, noticeOf(order)),
        service.app.get(Cancelling).cancelDueOrders(),
        requestHold(service, id),
      ]);
      expect(payment.status).toBe(200);
      // The unit is the payer's, or it went to the rival and the payer's money is owed back.
      const rivalHasIt = rival.status === 201;
      expect(payment.body).toMatchObject({ order_status: rivalHasIt ? 'refund_due' : 'paid' });
      return rivalHasIt ? 'rival' : 'payer';
    });
    expect((results.payer ?? 0) + (results.rival ?? 0)).toBe(ROUNDS);
  });
});

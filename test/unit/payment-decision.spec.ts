import { describe, expect, it } from '@jest/globals';
import { ORDER_TRANSITIONS, type OrderStatus, type StockedOrderRow } from '../../src/orders/orders.types.js';
import { unitsMovedBy } from '../../src/orders/orders.service.js';
import { decidePayment } from '../../src/webhooks/payment-decision.js';

function orderRow(status: OrderStatus): StockedOrderRow {
  return {
    id: 5,
    hold_id: '019a0000-0000-7000-8000-000000000000',
    status,
    cancel_reason: null,
    amount: '19.98',
    payment_due_at: '2026-01-01 00:00:00.000',
    product_id: 1,
    qty: 2,
  };
}

function decide(event: 'success' | 'failed', status: OrderStatus, available: number) {
  const payment = { key: 'k', orderId: 5, status: event, transactionId: 't', amount: null, currency: null };
  return decidePayment(payment, orderRow(status), () => available);
}

describe('decidePayment', () => {
  it.each([
    ['success', 'pending_payment', 0, 'applied', 'paid'],
    ['success', 'cancelled', 2, 'applied', 'paid'],
    ['success', 'cancelled', 1, 'applied', 'refund_due'],
    ['success', 'paid', 9, 'ignored', 'paid'],
    ['success', 'refund_due', 9, 'ignored', 'refund_due'],
    ['failed', 'pending_payment', 0, 'applied', 'cancelled'],
    ['failed', 'cancelled', 0, 'ignored', 'cancelled'],
    ['failed', 'paid', 0, 'ignored', 'paid'],
    ['failed', 'refund_due', 0, 'ignored', 'refund_due'],
  ] as const)(
    '%s for an order %s with %s units left is %s and leaves it %s',
    (event, status, available, result, to) => {
      const decision = decide(event, status, available);
      expect(decision).toMatchObject({ result, orderStatus: to });
      expect(decision.reason === null).toBe(result === 'applied');
      expect(decision.settlement?.to ?? status).toBe(to);
      // Every decision is a way that the table of transitions knows.
      if (to !== status) expect(ORDER_TRANSITIONS[status]).toContain(to);
    },
  );

  it('asks for available units only when money comes late', () => {
    const asked: string[] = [];
    for (const status of ['pending_payment', 'paid', 'refund_due', 'cancelled'] as const) {
      decidePayment(
        { key: 'k', orderId: 5, status: 'success', transactionId: 't', amount: null, currency: null },
        orderRow(status),
        () => asked.push(status),
      );
    }
    expect(asked).toEqual(['cancelled']);
  });
});

describe('unitsMovedBy', () => {
  it.each([
    ['pending_payment', 'paid', { productId: 1, held: -2, sold: 2 }],
    ['pending_payment', 'cancelled', { productId: 1, held: -2, sold: 0 }],
    ['cancelled', 'paid', { productId: 1, held: 0, sold: 2 }],
    ['cancelled', 'refund_due', { productId: 1, held: 0, sold: 0 }],
  ] as const)('%s to %s moves exactly the units of the order', (from, to, move) => {
    expect(unitsMovedBy({ order: orderRow(from), to })).toEqual(move);
  });
});

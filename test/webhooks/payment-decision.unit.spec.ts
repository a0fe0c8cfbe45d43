import { describe, expect, it } from '@jest/globals';
import { unitsMovedBy } from '../../src/orders/orders.service.js';
import {
  ORDER_TRANSITIONS,
  type OrderStatus,
  type SettledState,
  type StockedOrderRow,
} from '../../src/orders/orders.types.js';
import type { PaymentEvent } from '../../src/payment-providers/payment-provider.js';
import { RefundLedger } from '../../src/refunds/refund-ledger.js';
import { REFUND_TRANSITIONS, type RefundRow, type RefundStatus } from '../../src/refunds/refunds.types.js';
import { decidePayment, type PaymentPolicy } from '../../src/webhooks/deciding/payment-decision.js';

const POLICY: PaymentPolicy = { currency: 'EUR', failedPolicy: 'release' };

/** An order of two units; when it is paid, by `txn-first`. */
function orderRow(status: OrderStatus): StockedOrderRow {
  return {
    id: 5,
    hold_id: '019a0000-0000-7000-8000-000000000000',
    status,
    cancel_reason: null,
    amount: '19.98',
    payment_due_at: '2026-01-01 00:15:00.000',
    created_at: '2026-01-01 00:00:00.000',
    paid_transaction_id: status === 'paid' ? 'txn-first' : null,
    product_id: 1,
    qty: 2,
  };
}

function paymentEvent(status: PaymentEvent['status'], overrides: Partial<PaymentEvent> = {}): PaymentEvent {
  return {
    provider: 'generic',
    eventId: 'k',
    type: status,
    status,
    orderId: 5,
    transactionId: 'txn-other',
    amount: null,
    currency: null,
    occurredAt: null,
    ...overrides,
  };
}

function refundOf(transactionId: string, status: RefundStatus): RefundRow {
  const money = { amount: '19.98', currency: 'EUR', reason: null, providerRefundId: null, attempt: 1 };
  const times = { createdAt: '2026-01-01 00:00:00.000', updatedAt: '2026-01-01 00:00:00.000' };
  return { id: 1, orderId: 5, provider: 'generic', transactionId, status, ...money, ...times };
}

interface Situation {
  readonly status: OrderStatus;
  readonly available?: number;
  readonly refund?: RefundRow;
  readonly policy?: PaymentPolicy;
}

function decide(event: PaymentEvent, { status, available = 0, refund, policy = POLICY }: Situation) {
  const refunds = new RefundLedger(refund === undefined ? [] : [refund]);
  return decidePayment(event, policy, { order: orderRow(status), refunds, available: () => available });
}

describe('a payment event', () => {
  it.each([
    ['success', 'pending_payment', 0, 'applied', 'paid', null],
    ['success', 'cancelled', 2, 'applied', 'paid', null],
    ['success', 'cancelled', 1, 'applied', 'refund_due', 'owe'],
    ['success', 'paid', 9, 'applied', 'paid', 'owe'],
    ['success', 'refund_due', 9, 'applied', 'refund_due', 'owe'],
    ['failed', 'pending_payment', 0, 'applied', 'cancelled', null],
    ['failed', 'cancelled', 0, 'ignored', 'cancelled', null],
    ['failed', 'paid', 0, 'ignored', 'paid', null],
    ['failed', 'refund_due', 0, 'ignored', 'refund_due', null],
    ['refunded', 'paid', 0, 'review', 'paid', null],
    ['refunded', 'pending_payment', 0, 'review', 'pending_payment', null],
    ['unhandled', 'paid', 0, 'ignored', 'paid', null],
  ] as const)(
    '%s of another payment, order %s, %s units left: %s, order %s, refund %s',
    (event, status, available, result, to, refund) => {
      const decision = decide(paymentEvent(event), { status, available });
      expect(decision).toMatchObject({ result, orderStatus: to, refund });
      expect(decision.settlement?.to ?? status).toBe(to);
      // Every decision is a way that the table of transitions knows; what did not do what it says tells why.
      if (to !== status) expect(ORDER_TRANSITIONS[status]).toContain(to);
      expect(decision.reason === null).toBe(result === 'applied' && refund === null);
      expect(decision.reason?.length ?? 0).toBeLessThanOrEqual(60);
    },
  );

  it('of the payment that paid the order changes nothing, under whatever key', () => {
    const decision = decide(paymentEvent('success', { transactionId: 'txn-first' }), { status: 'paid' });
    expect(decision).toMatchObject({ result: 'ignored', settlement: null, refund: null });
    expect(decide(paymentEvent('refunded', { transactionId: 'txn-first' }), { status: 'paid' }).result).toBe('ignored');
  });

  it.each(['cancelled', 'paid', 'refund_due'] as const)(
    'of a payment that is owed back already changes nothing (%s)',
    (status) => {
      const decision = decide(paymentEvent('success'), { status, available: 9, refund: refundOf('txn-other', 'sent') });
      expect(decision).toMatchObject({ result: 'ignored', settlement: null, refund: null });
    },
  );

  it.each([
    { amount: '19.97' },
    { amount: '199.8' },
    { amount: '19.985' },
    { currency: 'USD' },
    { amount: '19.98', currency: 'JPY' },
  ])('over %j is for the operator to look at, whatever the order’s state', (money) => {
    for (const status of ['pending_payment', 'cancelled', 'paid', 'refund_due'] as const) {
      const decision = decide(paymentEvent('success', money), { status, available: 9 });
      expect(decision).toMatchObject({ result: 'review', orderStatus: status, settlement: null, refund: null });
    }
  });

  it.each([{ amount: '19.98' }, { amount: '19.98', currency: 'EUR' }, { currency: 'EUR' }, {}])(
    'over %j is what is due',
    (money) => expect(decide(paymentEvent('success', money), { status: 'pending_payment' }).orderStatus).toBe('paid'),
  );

  it('that failed keeps the units until the deadline where the policy says so', () => {
    const policy = { ...POLICY, failedPolicy: 'keep' } as const;
    const decision = decide(paymentEvent('failed'), { status: 'pending_payment', policy });
    expect(decision).toMatchObject({ result: 'ignored', orderStatus: 'pending_payment', settlement: null });
  });

  it.each(['due', 'sent', 'failed'] as const)('that money went back confirms its refund when it is %s', (status) => {
    const refund = refundOf('txn-other', status);
    expect(decide(paymentEvent('refunded'), { status: 'refund_due', refund })).toMatchObject({ refund: 'confirm' });
    expect(REFUND_TRANSITIONS[status]).toContain('confirmed');
  });

  it('that less money went back than is owed confirms nothing', () => {
    const refund = refundOf('txn-other', 'sent');
    const decision = decide(paymentEvent('refunded', { amount: '10.00' }), { status: 'refund_due', refund });
    expect(decision).toMatchObject({ result: 'review', refund: null });
  });

  it('asks for available units only when money comes late', () => {
    const asked: string[] = [];
    for (const status of ['pending_payment', 'paid', 'refund_due', 'cancelled'] as const) {
      const context = { order: orderRow(status), refunds: new RefundLedger([]), available: () => asked.push(status) };
      decidePayment(paymentEvent('success'), POLICY, context);
    }
    expect(asked).toEqual(['cancelled']);
  });
});

describe('unitsMovedBy', () => {
  const CASES: [OrderStatus, SettledState, object][] = [
    ['pending_payment', { to: 'paid', transactionId: 't' }, { productId: 1, held: -2, sold: 2 }],
    ['pending_payment', { to: 'cancelled', reason: 'payment_failed' }, { productId: 1, held: -2, sold: 0 }],
    ['cancelled', { to: 'paid', transactionId: 't' }, { productId: 1, held: 0, sold: 2 }],
    ['cancelled', { to: 'refund_due' }, { productId: 1, held: 0, sold: 0 }],
  ];

  it.each(CASES)('moves exactly the units of the order from %s to %j', (from, state, move) => {
    expect(unitsMovedBy({ order: orderRow(from), ...state })).toEqual(move);
  });
});

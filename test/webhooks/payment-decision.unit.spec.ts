import { describe, expect, it } from '@jest/globals';
import type { OrderStatus, SettledState, StockedOrderRow } from '../../src/orders/orders.types.js';
import { ORDER_TRANSITIONS, unitsMovedBy } from '../../src/orders/settling/settlement.js';
import type { PaymentEvent } from '../../src/payment-providers/payment-provider.js';
import {
  decidePayment,
  type PaymentContext,
  type PaymentPolicy,
} from '../../src/webhooks/deciding/payment-decision.js';

const POLICY: PaymentPolicy = { failedPolicy: 'release' };

/** An order of two units; when it is paid, by `txn-first`. */
function orderRow(status: OrderStatus): StockedOrderRow {
  return {
    id: 5,
    hold_id: '019a0000-0000-7000-8000-000000000000',
    status,
    cancel_reason: null,
    amount: '19.98',
    currency: 'EUR',
    payment_due_at: '2026-01-01 00:15:00.000',
    due_at: '2026-01-01 00:15:00.000',
    processing_seconds: 0,
    processing_at: null,
    created_at: '2026-01-01 00:00:00.000',
    paid_transaction_id: status === 'paid' || status === 'refunded' ? 'txn-first' : null,
    product_id: 1,
    qty: 2,
    version: 1,
    customer_id: null,
    payment_provider: null,
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

interface Situation {
  readonly status: OrderStatus;
  readonly available?: number;
  readonly isWithinLimit?: boolean;
  readonly payment?: PaymentContext['payment'];
  readonly isAccepted?: boolean;
  readonly isUnderReview?: boolean;
  readonly policy?: PaymentPolicy;
  /** For how long the order is kept for a payment that takes days, and since when one is under way. */
  readonly processing?: Partial<Pick<StockedOrderRow, 'processing_seconds' | 'processing_at'>>;
}

function decide(event: PaymentEvent, situation: Situation) {
  const { status, available = 0, isWithinLimit = true, payment, isAccepted = false, policy = POLICY } = situation;
  const { isUnderReview = false } = situation;
  const rest = { available: () => available, isWithinLimit: () => isWithinLimit, isUnderReview: () => isUnderReview };
  const order = { ...orderRow(status), ...situation.processing };
  return decidePayment(event, policy, {
    order,
    payment,
    amountPaid: event.amount ?? order.amount,
    isAccepted,
    ...rest,
  });
}

describe('a payment event', () => {
  it.each([
    ['success', 'pending_payment', 0, 'applied', 'paid', null],
    ['success', 'cancelled', 2, 'applied', 'paid', null],
    ['success', 'cancelled', 1, 'applied', 'refund_due', 'late'],
    ['success', 'paid', 9, 'applied', 'paid', 'duplicate'],
    ['success', 'refund_due', 9, 'applied', 'refund_due', 'late'],
    ['success', 'refunded', 9, 'applied', 'refund_due', 'duplicate'],
    ['failed', 'pending_payment', 0, 'applied', 'cancelled', null],
    ['failed', 'cancelled', 0, 'ignored', 'cancelled', null],
    ['failed', 'paid', 0, 'ignored', 'paid', null],
    ['failed', 'refund_due', 0, 'ignored', 'refund_due', null],
    ['failed', 'refunded', 0, 'ignored', 'refunded', null],
    ['unhandled', 'paid', 0, 'ignored', 'paid', null],
  ] as const)(
    '%s of another payment, order %s, %s units left: %s, order %s, owed back as %s',
    (event, status, available, result, to, owed) => {
      const decision = decide(paymentEvent(event), { status, available });
      expect(decision).toMatchObject({ result, orderStatus: to, owed });
      expect(decision.settlement?.to ?? status).toBe(to);
      // Every decision is a way that the table of transitions knows; what did not do what it says tells why.
      if (to !== status) expect(ORDER_TRANSITIONS[status]).toContain(to);
      expect(decision.reason === null).toBe(result === 'applied' && owed === null);
      expect(decision.reason?.length ?? 0).toBeLessThanOrEqual(60);
    },
  );

  it('of the payment that paid the order changes nothing, under whatever key', () => {
    const decision = decide(paymentEvent('success', { transactionId: 'txn-first' }), { status: 'paid' });
    expect(decision).toMatchObject({ result: 'ignored', settlement: null, owed: null });
  });

  it.each(['cancelled', 'paid', 'refund_due'] as const)(
    'of a payment that is owed back already changes nothing (%s)',
    (status) => {
      const payment = { orderId: 5, amountRefunded: '0.00', isOwed: true };
      const decision = decide(paymentEvent('success'), { status, available: 9, payment });
      expect(decision).toMatchObject({ result: 'ignored', settlement: null, owed: null });
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
      expect(decision).toMatchObject({ result: 'review', orderStatus: status, settlement: null, owed: null });
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

  it.each(['pending_payment', 'cancelled', 'paid'] as const)(
    'of a payment that is another order’s is for review, accepted or not (%s)',
    (status) => {
      for (const isAccepted of [false, true]) {
        const payment = { orderId: 6, amountRefunded: '0.00', isOwed: false };
        const decision = decide(paymentEvent('success'), { status, available: 9, payment, isAccepted });
        expect(decision).toMatchObject({ result: 'review', orderStatus: status, settlement: null, owed: null });
      }
    },
  );

  it.each([
    ['19.98', false, 'ignored', 'pending_payment'],
    ['19.98', true, 'ignored', 'pending_payment'],
    ['5.00', false, 'review', 'pending_payment'],
    ['5.00', true, 'applied', 'paid'],
    ['0.000', false, 'applied', 'paid'],
  ] as const)('of which %s went back before (accepted: %s): %s, order %s', (amountRefunded, isAccepted, result, to) => {
    const payment = { orderId: null, amountRefunded, isOwed: false };
    const decision = decide(paymentEvent('success'), { status: 'pending_payment', payment, isAccepted });
    expect(decision).toMatchObject({ result, orderStatus: to, owed: null });
  });

  it('that comes late for more than its customer may have is owed back for that, whatever is left', () => {
    for (const available of [0, 9]) {
      const decision = decide(paymentEvent('success'), { status: 'cancelled', available, isWithinLimit: false });
      expect(decision).toMatchObject({ result: 'applied', orderStatus: 'refund_due', owed: 'customer_limit' });
    }
    const inTime = decide(paymentEvent('success'), { status: 'pending_payment', isWithinLimit: false });
    expect(inTime).toMatchObject({ orderStatus: 'paid', owed: null });
  });

  it.each([
    ['pending_payment', 0, null, 'ignored', false],
    ['pending_payment', null, null, 'ignored', false],
    ['pending_payment', 600, null, 'applied', true],
    ['pending_payment', 600, '2026-01-01 00:01:00.000', 'ignored', false],
    ['cancelled', 600, null, 'ignored', false],
    ['paid', 600, null, 'ignored', false],
  ] as const)(
    'that is under way, order %s, kept for %s s, since %s: %s, kept: %s',
    (status, processing_seconds, processing_at, result, isProcessing) => {
      const decision = decide(paymentEvent('processing'), {
        status,
        processing: { processing_seconds, processing_at },
      });
      expect(decision).toMatchObject({ result, isProcessing, orderStatus: status, settlement: null, owed: null });
    },
  );

  it('that is under way, but of another order or over another amount, keeps nothing', () => {
    const situation = { status: 'pending_payment', processing: { processing_seconds: 600 } } as const;
    const payment = { orderId: 6, amountRefunded: '0.00', isOwed: false };
    for (const decision of [
      decide(paymentEvent('processing'), { ...situation, payment }),
      decide(paymentEvent('processing', { amount: '1.00' }), situation),
    ])
      expect(decision).toMatchObject({ result: 'ignored', isProcessing: false });
  });

  it.each([
    ['declined', null, '2026-01-04T00:00:00.000Z', 'pending_payment'],
    ['declined', '2026-01-01 00:01:00.000', '2026-01-04T00:00:00.000Z', 'cancelled'],
    ['declined', '2026-01-01 00:01:00.000', '2026-01-01T00:01:00.000Z', 'pending_payment'],
    ['failed', '2026-01-01 00:01:00.000', null, 'cancelled'],
    ['failed', null, null, 'pending_payment'],
  ] as const)('that %s, under way since %s, told of %s: order %s', (status, processing_at, occurredAt, to) => {
    const policy = { ...POLICY, failedPolicy: 'keep' } as const;
    const event = paymentEvent(status, { occurredAt });
    const processing = { processing_seconds: 600, processing_at };
    expect(decide(event, { status: 'pending_payment', policy, processing }).orderStatus).toBe(to);
  });

  it.each(['failed', 'declined', 'canceled', 'expired'] as const)(
    'that %s ends no order of which other money is in review',
    (status) => {
      const decision = decide(paymentEvent(status), { status: 'pending_payment', isUnderReview: true });
      expect(decision).toMatchObject({ result: 'ignored', settlement: null });
    },
  );

  it('that a page has expired ends no order whose payment is under way by another one', () => {
    const processing = { processing_seconds: 600, processing_at: '2026-01-01 00:00:00.000' };
    expect(decide(paymentEvent('expired'), { status: 'pending_payment', processing }).settlement).toBeNull();
  });

  it('asks for available units and the limit only when money comes late', () => {
    const asked: string[] = [];
    const isUnderReview = () => false;
    for (const status of ['pending_payment', 'paid', 'refund_due', 'cancelled'] as const) {
      const available = () => asked.push(status);
      const isWithinLimit = () => asked.push(status) > 0;
      const order = orderRow(status);
      const money = { payment: undefined, amountPaid: order.amount, isAccepted: false };
      const context = { order, ...money, available, isWithinLimit, isUnderReview };
      decidePayment(paymentEvent('success'), POLICY, context);
    }
    expect(asked).toEqual(['cancelled', 'cancelled']);
  });
});

describe('unitsMovedBy', () => {
  const CASES: [OrderStatus, SettledState, object][] = [
    ['pending_payment', { to: 'paid', transactionId: 't' }, { productId: 1, held: -2, sold: 2 }],
    ['pending_payment', { to: 'cancelled', reason: 'payment_failed' }, { productId: 1, held: -2, sold: 0 }],
    ['cancelled', { to: 'paid', transactionId: 't' }, { productId: 1, held: 0, sold: 2 }],
    ['cancelled', { to: 'refund_due' }, { productId: 1, held: 0, sold: 0 }],
    ['paid', { to: 'refund_due' }, { productId: 1, held: 0, sold: 0 }],
    ['paid', { to: 'refunded' }, { productId: 1, held: 0, sold: 0 }],
  ];

  it.each(CASES)('moves exactly the units of the order from %s to %j', (from, state, move) => {
    expect(unitsMovedBy({ order: orderRow(from), ...state })).toEqual(move);
  });
});

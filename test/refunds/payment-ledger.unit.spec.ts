import { describe, expect, it } from '@jest/globals';
import { PaymentLedger } from '../../src/refunds/payment-ledger.js';
import type { PaymentRow, RefundRow } from '../../src/refunds/refunds.types.js';

const PAYMENT = { provider: 'stripe', transactionId: 'pi_1' };
const MONEY = { orderId: 5, amount: '99.99', currency: 'EUR' };
const [EARLIER, AT, LATER] = ['2026-01-01 09:00:00.000', '2026-01-01 10:00:00.000', '2026-01-01 11:00:00.000'] as const;

function paymentRow(overrides: Partial<PaymentRow> = {}): PaymentRow {
  return { id: 1, ...PAYMENT, ...MONEY, amountRefunded: '0.000', refundFailedAt: null, ...overrides };
}

function refundRow(id: number, overrides: Partial<RefundRow> = {}): RefundRow {
  const state = { cause: 'late', status: 'sent', reason: null, providerRefundId: `re_${id}`, attempt: 1 } as const;
  return { id, ...PAYMENT, ...MONEY, ...state, createdAt: AT, updatedAt: AT, ...overrides };
}

const statesOf = (ledger: PaymentLedger) => ledger.changedRefunds().map(({ row, to }) => [row.id, to]);

const returned = { refundId: 're_1', ownId: null, amount: '99.99', reason: 'bank', at: AT };

describe('what is owed of a payment', () => {
  it('is never more than has not gone back and is not owed', () => {
    const ledger = new PaymentLedger([paymentRow({ amountRefunded: '40.000' })], [refundRow(1, { amount: '20.00' })]);
    expect(ledger.owe({ ...PAYMENT, ...MONEY, cause: 'operator' })).toBe(true);
    expect(ledger.newRefunds()).toMatchObject([{ refund: { amount: '39.99', cause: 'operator' }, status: 'due' }]);
    expect(ledger.owe({ ...PAYMENT, ...MONEY, cause: 'duplicate' })).toBe(false);
  });

  it('is owed once for each cause', () => {
    const ledger = new PaymentLedger([], []);
    const refund = { ...PAYMENT, ...MONEY, amount: '10.00', cause: 'late' } as const;
    expect([ledger.owe(refund), ledger.owe(refund)]).toEqual([true, false]);
  });
});

describe('a figure of what went back', () => {
  it('confirms the refund that it covers, and all of them once all is back', () => {
    const refunds = [refundRow(1, { amount: '20.00', status: 'due' }), refundRow(2, { amount: '79.99' })];
    const ledger = new PaymentLedger([paymentRow()], refunds);
    expect(ledger.goBack(PAYMENT, '20.00', AT)).toBe('confirmed');
    expect(statesOf(ledger)).toEqual([[1, 'confirmed']]);
    expect(ledger.goBack(PAYMENT, '50.00', LATER)).toBe('part');
    expect(ledger.goBack(PAYMENT, '99.99', LATER)).toBe('confirmed');
    expect(statesOf(ledger)).toEqual([
      [1, 'confirmed'],
      [2, 'confirmed'],
    ]);
    expect(ledger.find(PAYMENT)).toMatchObject({ amountRefunded: '99.99' });
    expect(ledger.goBack(PAYMENT, '99.99', LATER)).toBe('all confirmed');
  });

  it('is never above what was paid, nor below what was known', () => {
    const ledger = new PaymentLedger([paymentRow()], []);
    ledger.goBack(PAYMENT, '120.00', AT);
    expect(ledger.find(PAYMENT)).toMatchObject({ amountRefunded: '99.99' });
    ledger.goBack(PAYMENT, '50.00', LATER);
    expect(ledger.find(PAYMENT)).toMatchObject({ amountRefunded: '99.99' });
  });

  it('of a payment that nobody has told of is kept, and cut to what was paid when that is told', () => {
    const ledger = new PaymentLedger([], []);
    expect([ledger.goBack(PAYMENT, '120.00', AT), ledger.goBack(PAYMENT, '120.00', AT)]).toEqual(['kept', 'kept']);
    ledger.take({ ...PAYMENT, ...MONEY });
    expect(ledger.changedPayments()).toEqual([
      { id: null, ...PAYMENT, ...MONEY, amountRefunded: '99.99', refundFailedAt: null },
    ]);
  });

  it('of before a refund came back is outdated', () => {
    const ledger = new PaymentLedger(
      [paymentRow({ amountRefunded: '99.990' })],
      [refundRow(1, { status: 'confirmed' })],
    );
    expect(ledger.returnRefund(PAYMENT, returned)).toBe(true);
    expect(ledger.find(PAYMENT)).toMatchObject({ amountRefunded: '0.00', refundFailedAt: AT });
    expect(ledger.goBack(PAYMENT, '99.99', EARLIER)).toBe('outdated');
    expect(ledger.goBack(PAYMENT, '99.99', LATER)).toBe('confirmed');
  });
});

describe('a refund that comes back', () => {
  it.each(['due', 'sent', 'confirmed'] as const)('has failed when it was %s, and is told once', (status) => {
    const ledger = new PaymentLedger([paymentRow()], [refundRow(1, { status })]);
    expect(ledger.returnRefund(PAYMENT, returned)).toBe(true);
    expect(statesOf(ledger)).toEqual([[1, 'failed']]);
    expect(ledger.returnRefund(PAYMENT, returned)).toBe(false);
  });

  it('is the one with its number, or with ours, or one over the same sum that has none', () => {
    const refunds = [
      refundRow(1, { amount: '10.00' }),
      refundRow(2, { amount: '20.00', providerRefundId: null }),
      refundRow(3, { amount: '30.00', providerRefundId: null }),
    ];
    const ledger = new PaymentLedger([paymentRow()], refunds);
    const told = { ...returned, at: null };
    expect(ledger.returnRefund(PAYMENT, { ...told, refundId: 're_9', ownId: 3, amount: '30.00' })).toBe(true);
    expect(ledger.returnRefund(PAYMENT, { ...told, refundId: 're_8', ownId: null, amount: '20.00' })).toBe(true);
    expect(ledger.returnRefund(PAYMENT, { ...told, refundId: 're_7', ownId: null, amount: '10.00' })).toBe(false);
    expect(statesOf(ledger)).toEqual([
      [2, 'failed'],
      [3, 'failed'],
    ]);
  });
});

describe('the money of an order', () => {
  const other = { ...paymentRow({ id: 2, transactionId: 'pi_2' }) };
  const owed = refundRow(1);

  it.each([
    ['stays', [paymentRow()], [], null],
    ['is owed', [paymentRow()], [owed], 'refund_due'],
    ['is owed as far as it is not back', [paymentRow({ amountRefunded: '40.000' })], [owed], 'refund_due'],
    ['is back', [paymentRow({ amountRefunded: '99.990' })], [], 'refunded'],
    ['is back but for another payment', [paymentRow({ amountRefunded: '99.990' }), other], [], null],
    ['is not known', [], [], null],
  ] as const)('that %s', (_, payments, refunds, state) => {
    expect(new PaymentLedger(payments, refunds).stateOf(5, 'pi_1')).toBe(state);
  });

  it('is not known as long as the payment that paid it has no row', () => {
    expect(new PaymentLedger([paymentRow({ amountRefunded: '99.990' })], []).stateOf(5, 'pi_0')).toBeNull();
  });
});

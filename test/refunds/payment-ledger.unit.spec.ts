import { describe, expect, it } from '@jest/globals';
import { PaymentLedger } from '../../src/refunds/payment-ledger.js';
import type { PaymentRow, RefundRow } from '../../src/refunds/refunds.types.js';

const PAYMENT = { provider: 'stripe', transactionId: 'pi_1' };
const MONEY = { orderId: 5, amount: '99.99', currency: 'EUR' };
const [EARLIER, AT, LATER] = ['2026-01-01 09:00:00.000', '2026-01-01 10:00:00.000', '2026-01-01 11:00:00.000'] as const;

function paymentRow(overrides: Partial<PaymentRow> = {}): PaymentRow {
  return {
    id: 1,
    ...PAYMENT,
    ...MONEY,
    amountRefunded: '0.000',
    refundFailedAt: null,
    dispute: null,
    ...overrides,
  };
}

function refundRow(id: number, overrides: Partial<RefundRow> = {}): RefundRow {
  const state = { cause: 'late', causeRef: '', status: 'sent', reason: null, isCounted: false, attempt: 1 } as const;
  return {
    id,
    ...PAYMENT,
    ...MONEY,
    ...state,
    providerRefundId: `re_${id}`,
    createdAt: AT,
    updatedAt: AT,
    ...overrides,
  };
}

const statesOf = (ledger: PaymentLedger) => ledger.changedRefunds().map(({ row, to }) => [row.id, to]);

const returned = { refundId: 're_1', ownId: null, amount: '99.99', currency: 'EUR', reason: 'bank', at: AT };

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
      {
        id: null,
        ...PAYMENT,
        ...MONEY,
        amountRefunded: '99.99',
        refundFailedAt: null,
        dispute: null,
        isUnread: true,
      },
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

const OPEN = { id: 'dp_1', status: 'open', reason: 'fraudulent' } as const;

describe('a dispute', () => {
  it('is told once of the order whose payment it is, and of one that is told later with that', () => {
    const known = new PaymentLedger([paymentRow()], []);
    expect([known.dispute(PAYMENT, OPEN), known.dispute(PAYMENT, OPEN)]).toEqual(['disputed', 'disputed before']);
    expect(known.newlyDisputed()).toEqual([MONEY.orderId]);
    const before = new PaymentLedger([paymentRow({ dispute: OPEN })], []);
    expect([before.dispute(PAYMENT, OPEN), before.newlyDisputed()]).toEqual(['disputed before', []]);
    const early = new PaymentLedger([], []);
    expect([early.dispute(PAYMENT, OPEN), early.newlyDisputed()]).toEqual(['kept', []]);
    const late = new PaymentLedger([paymentRow({ orderId: null, amount: null, dispute: OPEN })], []);
    late.take({ ...PAYMENT, ...MONEY });
    expect(late.newlyDisputed()).toEqual([MONEY.orderId]);
  });

  const ANOTHER = { ...OPEN, id: 'dp_2' };
  const [WON, LOST] = [{ ...OPEN, status: 'won' } as const, { ...ANOTHER, status: 'lost' } as const];
  it.each([
    ['ends once, whatever is told of its beginning after that', [OPEN, WON, OPEN, WON], WON],
    ['is told by its end alone', [WON, OPEN], WON],
    ['that was noted before disputes had numbers ends', [{ ...OPEN, id: null }, WON], WON],
    ['is followed by another one of the same payment', [OPEN, WON, ANOTHER, LOST], LOST],
    ['that is open is not ended by the end of one before it', [OPEN, ANOTHER, WON], ANOTHER],
  ])('%s', (_, told, stands) => {
    const ledger = new PaymentLedger([paymentRow()], []);
    for (const dispute of told) ledger.dispute(PAYMENT, dispute);
    expect(ledger.find(PAYMENT)?.dispute).toEqual(stands);
    expect(ledger.newlyDisputed()).toEqual([MONEY.orderId]);
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

describe('a refund that the provider has made', () => {
  const made = (refundId: string, amount: string, ownId: number | null = null) => ({
    refundId,
    ownId,
    amount,
    currency: 'EUR',
  });
  const outside = { cause: 'outside', causeRef: 're_9', amount: '40.00' } as const;

  it('began outside where nothing is owed, and is told once', () => {
    const ledger = new PaymentLedger([paymentRow()], []);
    expect(ledger.noteMade(PAYMENT, made('re_9', '40.00'), AT)).toBe('outside');
    expect(ledger.noteMade(PAYMENT, made('re_9', '40.00'), LATER)).toBe('known');
    expect(ledger.newRefunds()).toMatchObject([{ refund: outside, status: 'confirmed', providerRefundId: 're_9' }]);
    expect(ledger.find(PAYMENT)).toMatchObject({ amountRefunded: '40.00' });
    expect([ledger.isOwed(PAYMENT), ledger.stateOf(5, 'pi_1')]).toEqual([false, null]);
    expect(ledger.noteMade(PAYMENT, made('re_8', '59.99'), LATER)).toBe('outside');
    expect(ledger.stateOf(5, 'pi_1')).toBe('refunded');
  });

  it.each([
    ['the figure', (ledger: PaymentLedger) => ledger.goBack(PAYMENT, '40.00', AT), true],
    ['the refund', (ledger: PaymentLedger) => ledger.noteMade(PAYMENT, made('re_9', '40.00'), AT), false],
  ])('is counted once when %s is told first, and by the list, too', (_, first, isUnread) => {
    const ledger = new PaymentLedger([paymentRow()], []);
    first(ledger);
    ledger.goBack(PAYMENT, '40.00', AT);
    for (const at of [AT, null]) ledger.noteMade(PAYMENT, made('re_9', '40.00'), at);
    expect(ledger.newRefunds()).toMatchObject([{ refund: outside }]);
    expect(ledger.changedPayments()).toMatchObject([{ amountRefunded: '40.00', isUnread }]);
  });

  it('is asked for when more went back than the refunds with a number tell, also what was told before one came back', () => {
    const refunds = [refundRow(1, { amount: '40.00' })];
    const failed = new PaymentLedger([paymentRow({ refundFailedAt: LATER })], refunds);
    expect(failed.goBack(PAYMENT, '50.00', AT)).toBe('outdated');
    const [told, more] = ['40.00', '40.01'].map((total) => {
      const ledger = new PaymentLedger([paymentRow()], refunds);
      ledger.goBack(PAYMENT, total, AT);
      return ledger.changedPayments();
    });
    expect([failed.changedPayments(), told, more]).toMatchObject([
      [{ isUnread: true }],
      [{ isUnread: false }],
      [{ isUnread: true }],
    ]);
  });

  it('confirms ours by its number, or by ours where the answer to it was lost', () => {
    const refunds = [refundRow(1, { amount: '20.00' }), refundRow(2, { amount: '30.00', providerRefundId: null })];
    const ledger = new PaymentLedger([paymentRow()], refunds);
    expect(ledger.noteMade(PAYMENT, made('re_1', '20.00'), AT)).toBe('confirmed');
    expect(ledger.noteMade(PAYMENT, made('re_7', '30.00', 2), AT)).toBe('confirmed');
    expect(ledger.changedRefunds()).toMatchObject([
      { row: { id: 1 }, to: 'confirmed' },
      { row: { id: 2 }, to: 'confirmed', note: { providerRefundId: 're_7' } },
    ]);
    expect([ledger.newRefunds(), ledger.correctedRefunds()]).toEqual([[], []]);
    expect(ledger.find(PAYMENT)).toMatchObject({ amountRefunded: '50.00' });
  });

  it('confirms no refund of ours that failed since, nor one that another try has followed', () => {
    const payment = paymentRow({ refundFailedAt: LATER });
    const failed = new PaymentLedger([payment], [refundRow(1, { status: 'failed' })]);
    expect(failed.noteMade(PAYMENT, made('re_1', '99.99'), AT)).toBe('known');
    const again = new PaymentLedger([payment], [refundRow(1, { providerRefundId: 're_2' })]);
    expect(again.noteMade(PAYMENT, made('re_1', '99.99', 1), AT)).toBe('known');
    expect([...failed.changedRefunds(), ...again.changedRefunds()]).toEqual([]);
  });

  it('with our number is one more beside that which gave back what we owed, and no earlier try of ours', () => {
    const givenBack = [refundRow(1, { amount: '40.00', status: 'confirmed', providerRefundId: 're_9' })];
    const paid = { amountRefunded: '40.000' };
    const both = new PaymentLedger([paymentRow(paid)], givenBack);
    expect(both.noteMade(PAYMENT, made('re_1', '40.00', 1), AT)).toBe('outside');
    expect(both.newRefunds()).toMatchObject([{ refund: { causeRef: 're_1', amount: '40.00' } }]);
    expect(both.find(PAYMENT)).toMatchObject({ amountRefunded: '80.00' });
    const failed = new PaymentLedger([paymentRow({ ...paid, refundFailedAt: AT })], givenBack);
    expect(failed.noteMade(PAYMENT, made('re_1', '40.00', 1), AT)).toBe('known');
    const tooMuch = new PaymentLedger([paymentRow(paid)], givenBack);
    expect(tooMuch.noteMade(PAYMENT, made('re_1', '60.00', 1), AT)).toBe('known');
  });

  it('that came back before it was noted is another try that failed, told once, and not by a try before it', () => {
    const [payment, failed] = [paymentRow({ refundFailedAt: EARLIER }), refundRow(1, { status: 'failed' })];
    const ledger = new PaymentLedger([payment], [failed]);
    const next = { ...returned, refundId: 're_2', ownId: 1, at: AT };
    expect([ledger.returnRefund(PAYMENT, next), ledger.returnRefund(PAYMENT, next)]).toEqual([true, false]);
    expect(ledger.changedRefunds()).toMatchObject([{ to: 'failed', note: { providerRefundId: 're_2' } }]);
    expect(ledger.returnRefund(PAYMENT, { ...next, refundId: 're_0', at: EARLIER })).toBe(false);
  });

  it('gives back what is owed over the same sum, sent by other means before what waits', () => {
    const refunds = [
      refundRow(1, { amount: '20.00', status: 'due', providerRefundId: null }),
      refundRow(2, { amount: '20.00', status: 'sent', providerRefundId: null }),
    ];
    const ledger = new PaymentLedger([paymentRow()], refunds);
    expect(ledger.noteMade(PAYMENT, made('re_9', '20.00'), AT)).toBe('confirmed');
    expect(statesOf(ledger)).toEqual([[2, 'confirmed']]);
  });

  it('leaves no more owed than is left, and is one row with what is owed beside it', () => {
    const ledger = new PaymentLedger([paymentRow()], [refundRow(1, { status: 'due', providerRefundId: null })]);
    expect(ledger.noteMade(PAYMENT, made('re_9', '40.00'), AT)).toBe('outside');
    expect(ledger.correctedRefunds()).toMatchObject([{ row: { id: 1 }, amount: '59.99' }]);
    expect(ledger.newRefunds()).toMatchObject([{ refund: outside }]);
    expect(ledger.stateOf(5, 'pi_1')).toBe('refund_due');
    expect(ledger.noteMade(PAYMENT, made('re_8', '59.99'), AT)).toBe('confirmed');
    expect(ledger.stateOf(5, 'pi_1')).toBe('refunded');
  });

  it('may give back what is owed for several causes, and more, which all fails with it', () => {
    const refunds = [
      refundRow(1, { amount: '20.00', status: 'due', providerRefundId: null }),
      refundRow(2, { amount: '30.00', status: 'due', providerRefundId: null, cause: 'duplicate' }),
    ];
    const ledger = new PaymentLedger([paymentRow()], refunds);
    expect(ledger.noteMade(PAYMENT, made('re_9', '99.99'), AT)).toBe('outside');
    expect(ledger.noteMade(PAYMENT, made('re_9', '99.99'), null)).toBe('known');
    expect(ledger.newRefunds()).toMatchObject([{ refund: { ...outside, amount: '49.99' } }]);
    expect(ledger.correctedRefunds()).toEqual([]);
    expect(ledger.returnRefund(PAYMENT, { ...returned, refundId: 're_9', at: LATER })).toBe(true);
    expect(ledger.newRefunds()).toMatchObject([{ status: 'failed' }]);
    expect(statesOf(ledger)).toEqual([
      [1, 'failed'],
      [2, 'failed'],
    ]);
    expect(ledger.find(PAYMENT)).toMatchObject({ amountRefunded: '0.00' });
  });

  it('is the one that the figure has confirmed before', () => {
    const refunds = [refundRow(1, { status: 'due', providerRefundId: null })];
    const ledger = new PaymentLedger([paymentRow()], refunds);
    expect(ledger.goBack(PAYMENT, '99.99', AT)).toBe('confirmed');
    expect(ledger.noteMade(PAYMENT, made('re_9', '99.99'), AT)).toBe('confirmed');
    expect([ledger.newRefunds(), ledger.find(PAYMENT)]).toMatchObject([[], { amountRefunded: '99.99' }]);
    const next = new PaymentLedger(
      [paymentRow({ amountRefunded: '99.99' })],
      [refundRow(1, { status: 'confirmed', providerRefundId: null })],
    );
    next.noteMade(PAYMENT, made('re_9', '99.99'), null);
    expect(next.correctedRefunds()).toMatchObject([{ row: { id: 1 }, providerRefundId: 're_9' }]);
    expect([next.newRefunds(), next.changedRefunds()]).toEqual([[], []]);
  });

  it('and that failed before its list was read is one that failed, with the figure that had counted it', () => {
    const ledger = new PaymentLedger([paymentRow({ amountRefunded: '40.000' })], []);
    const told = { ...returned, refundId: 're_9', amount: '40.00' };
    expect([ledger.returnRefund(PAYMENT, told), ledger.returnRefund(PAYMENT, told)]).toEqual([true, false]);
    expect(ledger.newRefunds()).toMatchObject([{ refund: outside, status: 'failed', note: { reason: 'bank' } }]);
    expect(ledger.find(PAYMENT)).toMatchObject({ amountRefunded: '0.00' });
    expect([ledger.noteMade(PAYMENT, made('re_9', '40.00'), null), ledger.isOwed(PAYMENT)]).toEqual(['known', true]);
  });

  it('and that failed before any figure told of it makes that figure an old one', () => {
    const ledger = new PaymentLedger([paymentRow()], []);
    expect(ledger.returnRefund(PAYMENT, returned)).toBe(false);
    expect(ledger.goBack(PAYMENT, '99.99', EARLIER)).toBe('outdated');
    expect([ledger.stateOf(5, 'pi_1'), ledger.newRefunds()]).toEqual([null, []]);
  });

  it('and is told of after it came back, is left to the list, which has it if it stayed', () => {
    const ledger = new PaymentLedger([paymentRow({ refundFailedAt: AT })], []);
    ledger.noteMade(PAYMENT, made('re_9', '40.00'), AT);
    expect([ledger.newRefunds(), ledger.changedPayments()]).toMatchObject([[], [{ isUnread: true }]]);
    expect(ledger.noteMade(PAYMENT, made('re_9', '40.00'), null)).toBe('outside');
  });

  it('takes the room of what the figure alone has confirmed, so that both are no more than went back', () => {
    const owed = refundRow(1, { amount: '40.00', status: 'due', providerRefundId: null });
    const ledger = new PaymentLedger([paymentRow()], [owed]);
    expect(ledger.goBack(PAYMENT, '99.99', AT)).toBe('confirmed');
    for (const [number, amount] of ['33.33', '33.33', '33.33'].entries())
      ledger.noteMade(PAYMENT, made(`re_${number + 7}`, amount), AT);
    expect(ledger.correctedRefunds()).toMatchObject([{ row: { id: 1 }, amount: '33.33', providerRefundId: 're_9' }]);
    expect(ledger.newRefunds()).toMatchObject([{ refund: { amount: '33.33' } }, { refund: { amount: '33.33' } }]);
  });

  it('and that failed before its list was read takes with it what its figure has confirmed', () => {
    const owed = refundRow(1, { amount: '40.00', status: 'due', providerRefundId: null });
    const ledger = new PaymentLedger([paymentRow()], [owed]);
    ledger.goBack(PAYMENT, '99.99', AT);
    expect(ledger.returnRefund(PAYMENT, { ...returned, refundId: 're_9' })).toBe(true);
    expect(ledger.changedRefunds()).toMatchObject([{ row: { id: 1 }, to: 'failed' }]);
    expect(ledger.find(PAYMENT)).toMatchObject({ amountRefunded: '0.00' });
  });

  it('leaves nothing for one that failed before, which a figure of all does not confirm beside it', () => {
    const refunds = [refundRow(1), refundRow(2, { ...outside, status: 'failed', providerRefundId: 're_9' })];
    const ledger = new PaymentLedger([paymentRow({ refundFailedAt: EARLIER })], refunds);
    expect(ledger.goBack(PAYMENT, '99.99', AT)).toBe('confirmed');
    expect(statesOf(ledger)).toEqual([[1, 'confirmed']]);
  });

  it('that the whole list does not have came back, as did what a figure confirmed; not what went back by other means', () => {
    const confirmed = { amount: '20.00', status: 'confirmed', causeRef: 'x' } as const;
    const refunds = [
      refundRow(1, confirmed),
      refundRow(2, confirmed),
      refundRow(3, { ...confirmed, providerRefundId: null, isCounted: true }),
      refundRow(4, { ...confirmed, providerRefundId: null }),
    ];
    const ledger = new PaymentLedger([paymentRow({ amountRefunded: '99.990' })], refunds);
    ledger.noteList(PAYMENT, [made('re_2', '20.00')]);
    expect(statesOf(ledger)).toEqual([
      [1, 'failed'],
      [3, 'failed'],
    ]);
    expect(ledger.find(PAYMENT)).toMatchObject({ amountRefunded: '40.00' });
  });

  it('that the list has failed before it is told makes the figures before it outdated', () => {
    const ledger = new PaymentLedger([paymentRow()], [refundRow(1, { status: 'failed' })]);
    expect(ledger.returnRefund(PAYMENT, { ...returned, at: LATER })).toBe(false);
    expect(ledger.goBack(PAYMENT, '99.99', AT)).toBe('outdated');
  });

  it('that a figure told of and the list does not have is owed, though no refund had told of it', () => {
    const ledger = new PaymentLedger([paymentRow({ amountRefunded: '60.000' })], []);
    ledger.owe({ ...PAYMENT, ...MONEY, cause: 'late' });
    ledger.noteList(PAYMENT, []);
    expect(ledger.newRefunds().map(({ refund, status }) => [refund.cause, refund.amount, status])).toEqual([
      ['late', '39.99', 'due'],
      ['outside', '60.00', 'due'],
    ]);
    expect(ledger.stateOf(5, 'pi_1')).toBe('refund_due');
    const [, again] = ledger.newRefunds();
    expect(again!.refund.causeRef).toBe('untold 2');
  });

  it('that was sent and is not in the whole list came back, unless all is back; not what was sent by other means', () => {
    const unnamed = { amount: '20.00', providerRefundId: null, causeRef: 'x' };
    const sent = [
      refundRow(1, { amount: '20.00' }),
      refundRow(2, { ...unnamed, isCounted: true }),
      refundRow(3, unnamed),
    ];
    const ledger = new PaymentLedger([paymentRow()], sent);
    ledger.noteList(PAYMENT, []);
    expect(statesOf(ledger)).toEqual([
      [1, 'failed'],
      [2, 'failed'],
    ]);
    const back = new PaymentLedger([paymentRow()], sent);
    back.noteList(PAYMENT, [made('re_9', '99.99')]);
    expect(statesOf(back)).toEqual([
      [2, 'confirmed'],
      [3, 'confirmed'],
    ]);
  });

  it('that the list does not have is owed again, as far as so much is left', () => {
    const sent = refundRow(1, { amount: '60.00', providerRefundId: null, isCounted: true });
    const ledger = new PaymentLedger([paymentRow()], [sent]);
    ledger.noteList(PAYMENT, [made('re_9', '50.00')]);
    expect(ledger.correctedRefunds()).toMatchObject([{ row: { id: 1 }, amount: '49.99' }]);
    expect(statesOf(ledger)).toEqual([[1, 'failed']]);
  });

  it.each([
    ['without a number, since all had gone back', null, null, true, true],
    ['after one came back', 're_1', AT, false, true],
    ['before any came back', 're_1', null, false, false],
  ])(
    'that is sent %s, is looked for in the list if need be',
    (_, providerRefundId, refundFailedAt, isCounted, isUnread) => {
      const due = refundRow(1, { status: 'due', providerRefundId: null });
      const ledger = new PaymentLedger([paymentRow({ refundFailedAt })], [due]);
      ledger.move(due, 'sent', { providerRefundId }, null, true);
      expect(ledger.changedRefunds()).toMatchObject([{ to: 'sent', isCounted }]);
      // Also where it is not read for this: a list that is being read now is of before.
      expect(ledger.changedPayments()).toMatchObject([{ isUnread }]);
      const byOtherMeans = new PaymentLedger([paymentRow({ refundFailedAt })], [due]);
      byOtherMeans.move(due, 'sent', { providerRefundId: null }, null);
      expect(byOtherMeans.changedRefunds()).toMatchObject([{ to: 'sent', isCounted: false }]);
      expect(byOtherMeans.changedPayments()).toEqual([]);
    },
  );

  it('keeps its number where the figure that counts it is told in the same batch', () => {
    const failed = refundRow(1, { ...outside, status: 'failed', providerRefundId: 're_7' });
    const ledger = new PaymentLedger([paymentRow()], [failed]);
    ledger.goBack(PAYMENT, '40.00', AT);
    ledger.noteMade(PAYMENT, made('re_8', '40.00'), AT);
    expect(ledger.changedRefunds()).toMatchObject([{ to: 'confirmed', note: { providerRefundId: 're_8' } }]);
  });

  it('of one that was sent again says nothing by its first number', () => {
    const sentAgain = refundRow(1, { ...outside, providerRefundId: 're_10' });
    const ledger = new PaymentLedger([paymentRow({ refundFailedAt: AT })], [sentAgain]);
    expect(ledger.noteMade(PAYMENT, made('re_9', '40.00'), LATER)).toBe('known');
    expect(ledger.returnRefund(PAYMENT, { ...returned, refundId: 're_9', amount: '40.00', at: LATER })).toBe(false);
    expect(ledger.changedRefunds()).toEqual([]);
  });

  it('of a payment that nobody has told of is kept with the figure, and asked for once that is told', () => {
    const ledger = new PaymentLedger([], []);
    expect(ledger.noteMade(PAYMENT, made('re_9', '40.00'), AT)).toBe('kept');
    expect(ledger.changedPayments()).toMatchObject([{ amountRefunded: '40.00', isUnread: false }]);
    ledger.take({ ...PAYMENT, ...MONEY });
    expect(ledger.changedPayments()).toMatchObject([{ amountRefunded: '40.00', isUnread: true }]);
    expect(ledger.newRefunds()).toEqual([]);
  });
});

describe('a refund that came back before anybody has told of its payment', () => {
  const others = [paymentRow({ orderId: null, amount: null, currency: null, refundFailedAt: AT })];

  it('is kept with the payment, and makes no debt', () => {
    const ledger = new PaymentLedger([], []);
    expect(ledger.returnRefund(PAYMENT, { ...returned, refundId: 're_9' })).toBe(false);
    expect(ledger.changedPayments()).toMatchObject([{ orderId: null, amountRefunded: '0.00', refundFailedAt: AT }]);
    expect(ledger.newRefunds()).toEqual([]);
  });

  it('is not noted when it is told late that it was made: the list is asked for', () => {
    const ledger = new PaymentLedger(others, []);
    ledger.take({ ...PAYMENT, ...MONEY });
    expect(ledger.changedPayments()).toMatchObject([{ isUnread: true }]);
    const late = { refundId: 're_9', ownId: null, amount: '40.00', currency: 'EUR' };
    expect(ledger.noteMade(PAYMENT, late, EARLIER)).toBe('outdated');
    expect(ledger.newRefunds()).toEqual([]);
  });

  it('is owed where all of the payment had gone back, and the rest of that stays', () => {
    const ledger = new PaymentLedger([{ ...others[0]!, amountRefunded: '99.99' }], []);
    ledger.take({ ...PAYMENT, ...MONEY });
    expect(ledger.changedPayments()).toMatchObject([{ amountRefunded: '99.99', isUnread: true }]);
    ledger.noteList(PAYMENT, [{ refundId: 're_8', ownId: null, amount: '59.99', currency: 'EUR' }]);
    expect(ledger.newRefunds()).toMatchObject([
      { refund: { cause: 'outside', amount: '59.99' }, status: 'confirmed' },
      { refund: { cause: 'outside', amount: '40.00' }, status: 'due' },
    ]);
  });

  it('is nothing to keep where nobody tells when that was', () => {
    const ledger = new PaymentLedger([], []);
    ledger.returnRefund(PAYMENT, { ...returned, refundId: 're_9', at: null });
    expect(ledger.changedPayments()).toEqual([]);
  });
});

describe('a refund that was paid by other means, after a try that failed', () => {
  const failedBefore = [paymentRow({ refundFailedAt: AT })];
  const late = { refundId: 're_1', ownId: 1, amount: '99.99', currency: 'EUR' };

  it.each([
    ['sent', 'an operator', false],
    ['sent', 'its provider', true],
    ['confirmed', 'an operator', false],
  ] as const)('stays %s as %s has said, whatever is told of that try', (status, _, isCounted) => {
    const paid = refundRow(1, { status, isCounted, providerRefundId: null, attempt: 2 });
    const ledger = new PaymentLedger(failedBefore, [paid]);
    expect(ledger.returnRefund(PAYMENT, { ...returned, ...late, at: LATER })).toBe(false);
    expect(ledger.noteMade(PAYMENT, late, AT)).toBe('known');
    expect([...ledger.changedRefunds(), ...ledger.correctedRefunds(), ...ledger.newRefunds()]).toEqual([]);
    expect(ledger.changedPayments()).toMatchObject([{ isUnread: true }]);
  });

  it('fails by a refund without our number, over the same sum: it may have been paid at the provider', () => {
    const ledger = new PaymentLedger(failedBefore, [refundRow(1, { providerRefundId: null, attempt: 2 })]);
    expect(ledger.returnRefund(PAYMENT, { ...returned, refundId: 're_9', at: LATER })).toBe(true);
    expect(statesOf(ledger)).toEqual([[1, 'failed']]);
  });

  it('has no number once it is confirmed, and gets that of the try where the list has it still', () => {
    const failed = refundRow(1, { status: 'failed', attempt: 2 });
    for (const listed of [[], [late]]) {
      const ledger = new PaymentLedger([paymentRow()], [failed]);
      expect(ledger.move(failed, 'confirmed', {}, null)).toEqual({ providerRefundId: null });
      expect(ledger.changedPayments()).toMatchObject([{ amountRefunded: '99.99', isUnread: true }]);
      ledger.noteList(PAYMENT, listed);
      const note = { providerRefundId: listed[0]?.refundId ?? null };
      expect(ledger.changedRefunds()).toMatchObject([{ to: 'confirmed', note, isCounted: false }]);
      expect([ledger.find(PAYMENT), ledger.newRefunds()]).toMatchObject([{ amountRefunded: '99.99' }, []]);
    }
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

  it.each([
    ['due', 'refund_due'],
    ['sent', 'refund_due'],
    ['failed', 'refund_due'],
    ['confirmed', 'refunded'],
  ] as const)('whose amount nobody knows goes back as a whole, by a refund that is %s', (status, state) => {
    const payments = [paymentRow({ amountRefunded: '99.990' }), { ...other, amount: null }];
    const all = refundRow(2, { transactionId: 'pi_2', amount: null, status });
    expect(new PaymentLedger(payments, [all]).stateOf(5, 'pi_1')).toBe(state);
    expect(new PaymentLedger(payments, []).stateOf(5, 'pi_1')).toBeNull();
  });

  it('is not known as long as the payment that paid it has no row', () => {
    expect(new PaymentLedger([paymentRow({ amountRefunded: '99.990' })], []).stateOf(5, 'pi_0')).toBeNull();
  });
});

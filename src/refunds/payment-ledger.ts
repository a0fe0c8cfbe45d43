import { fromThousandths, toThousandths } from '../common/money.js';
import type { OrderRow } from '../orders/orders.types.js';
import type { Dispute, MadeRefund } from '../payment-providers/payment-provider.js';
import {
  type Account,
  addedTo,
  confirm,
  confirmedOf,
  coverAll,
  coveredBy,
  type Debt,
  findReturned,
  giveBack,
  type Instant,
  isBack,
  isKnown,
  isNewsOf,
  isOneMore,
  isOpen,
  isOutdated,
  isPaidOtherwise,
  latestOf,
  leastOf,
  newDebt,
  numberedOf,
  oweAgain,
  oweRest,
  oweLess,
  type PaymentFacts,
  type ReturnedRefund,
  unowedOf,
} from './payment-account.js';
import {
  keyOf,
  type NewRefund,
  type PaymentName,
  type PaymentRow,
  type RefundNote,
  type RefundRow,
  type RefundStatus,
} from './refunds.types.js';

/** Who paid how much for which order. */
export type TakenPayment = PaymentName & Pick<PaymentRow, 'orderId' | 'amount' | 'currency'>;

/** What of a payment may be given back, in thousandths. */
export type PaidMoney = PaymentName & Pick<PaymentRow, 'currency'> & { readonly left: number };

/** A payment row that is to be written: made anew, or the one with this number changed. */
export type ChangedPayment = PaymentName & PaymentFacts & { readonly id: number | null; readonly isUnread: boolean };

/** A refund that no row tells of yet. */
export type MadeDebt = Readonly<Pick<Debt, 'refund' | 'status' | 'providerRefundId' | 'note' | 'isCounted'>>;

export interface ChangedRefund {
  readonly row: RefundRow;
  readonly to: RefundStatus;
  readonly note: RefundNote;
  readonly isCounted: boolean;
}

/** A refund over another sum than its row says, mostly less, or whose number has become known. */
export interface CorrectedRefund {
  readonly row: RefundRow;
  readonly amount: string | null;
  readonly providerRefundId: string | null;
  readonly isCounted: boolean;
}

/** What became of the news that a payment went back. */
export type WentBack = 'confirmed' | 'part' | 'nothing owed' | 'all confirmed' | 'outdated' | 'kept';

/** What became of the news that a payment is disputed, or is so no more. */
export type WasDisputed = 'disputed' | 'disputed before' | 'dispute ended' | 'kept';

/** What became of the news that a refund was made: it was owed, at least in part, began outside, or was known. */
export type WasMade = 'confirmed' | 'outside' | 'known' | 'kept' | 'outdated';

const NOT_LISTED = 'The provider lists no refund by which it went back';

const UNKNOWN: PaymentFacts = {
  orderId: null,
  amount: null,
  currency: null,
  amountRefunded: '0.00',
  refundFailedAt: null,
  dispute: null,
};

/**
 * Payments and what is owed back of them while a batch is being decided: starts from the rows, takes each decision in
 * turn, and at the end tells what is to be written. Valid only as long as the rows are locked: a payment's row, which
 * whoever changes its refunds has to lock, and its order's before.
 */
export class PaymentLedger {
  private readonly accounts = new Map<string, Account>();

  constructor(payments: readonly PaymentRow[], refunds: readonly RefundRow[]) {
    for (const row of payments) {
      const account = { name: nameOf(row), row, debts: [], facts: row, isChanged: false, isUnread: false };
      this.accounts.set(keyOf(row), account);
    }
    for (const row of refunds) {
      // An instance of a version before payments had rows may have owed it.
      const { orderId, amount, currency } = row;
      const { debts } = this.accountOf(row, { ...UNKNOWN, orderId, amount, currency });
      debts.push({
        row,
        refund: row,
        status: row.status,
        providerRefundId: row.providerRefundId,
        isCounted: row.isCounted,
        note: {},
        isChanged: false,
      });
    }
  }

  /** What is known of a payment; undefined when nothing is. */
  find(name: PaymentName): PaymentFacts | undefined {
    return this.accounts.get(keyOf(name))?.facts;
  }

  /** What paid an order, and what of that has neither gone back nor is owed, in thousandths; null where nothing did. */
  paidBy({ id, paid_transaction_id }: Pick<OrderRow, 'id' | 'paid_transaction_id'>): PaidMoney | null {
    const account = [...this.accounts.values()].find(
      ({ name, facts }) => facts.orderId === id && name.transactionId === paid_transaction_id,
    );
    return account === undefined
      ? null
      : { ...account.name, currency: account.facts.currency, left: unowedOf(account) ?? 0 };
  }

  /** Whether anything of the payment is owed back, or was. */
  isOwed(name: PaymentName): boolean {
    const debts = this.accounts.get(keyOf(name))?.debts ?? [];
    return debts.some(({ refund, status }) => refund.cause !== 'outside' || status !== 'confirmed');
  }

  /** Notes for which order a payment is, and what was paid; what is known already stays. */
  take({ provider, transactionId, orderId, amount, currency }: TakenPayment): void {
    const account = this.accountOf({ provider, transactionId });
    const { facts } = account;
    const paid = facts.amount ?? amount;
    // More than was paid can't have gone back, whatever was told.
    const back = leastOf(toThousandths(facts.amountRefunded), paid === null ? null : toThousandths(paid));
    this.change(account, {
      orderId: facts.orderId ?? orderId,
      amount: paid,
      currency: facts.currency ?? currency,
      amountRefunded: fromThousandths(back),
    });
    // What went back before it was told has no refunds here, or fewer, where some of it came back.
    const isBackBefore = back > numberedOf(account) || facts.refundFailedAt !== null;
    if (facts.orderId === null && isBackBefore) account.isUnread = true;
  }

  /**
   * Owes a payment back, once a cause, as far as it has not gone back and is not owed.
   *
   * @returns whether anything of it is owed by this.
   */
  owe(refund: NewRefund): boolean {
    const account = this.accountOf(refund);
    const { cause, causeRef = '' } = refund;
    if (account.debts.some((debt) => debt.refund.cause === cause && debt.refund.causeRef === causeRef)) return false;
    const amount = refund.amount === null ? null : leastOf(toThousandths(refund.amount), unowedOf(account));
    if (amount === 0) return false;
    const owed = { ...refund, amount: amount === null ? null : fromThousandths(amount), causeRef };
    account.debts.push(newDebt(owed, 'due', null));
    return true;
  }

  /**
   * Notes that so much of a payment has gone back by now, in all, and confirms the refunds that this covers. A figure
   * that is smaller than a known one, or of before a refund came back, says nothing new. Of a payment that nobody has
   * told of yet the figure is kept. Which refunds it is the sum of it does not say: where it is more than those with a
   * number here, the provider's list is to be read.
   */
  goBack(name: PaymentName, total: string, at: Instant): WentBack {
    const account = this.accountOf(name);
    const { amount, amountRefunded } = account.facts;
    const [before, told] = [toThousandths(amountRefunded), toThousandths(total)];
    if (isKnown(account) && told > numberedOf(account)) this.readLater(account);
    if (isOutdated(account, at)) return 'outdated';
    const now = Math.max(before, leastOf(told, amount === null ? null : toThousandths(amount)));
    this.change(account, { amountRefunded: fromThousandths(now) });
    if (!isKnown(account)) return 'kept';
    const open = account.debts.filter(isOpen);
    if (open.length === 0) return now === before && account.debts.length > 0 ? 'all confirmed' : 'nothing owed';
    const isAll = amount !== null && now >= toThousandths(amount);
    const covered = isAll ? coverAll(now - confirmedOf(account), open) : coveredBy(now - before, open);
    // The number of a failed one is of a try that is over.
    for (const debt of covered) confirm(debt, debt.status === 'failed' ? null : debt.providerRefundId);
    for (const debt of covered) debt.isCounted = debt.providerRefundId === null;
    if (covered.some(({ isCounted }) => isCounted)) this.readLater(account);
    return covered.length > 0 ? 'confirmed' : 'part';
  }

  /**
   * Notes a refund that the provider has made, each once: by its number. One that we sent is confirmed. Any other gives
   * back what is owed, as far as it covers that, since operators use the provider's own pages, too; where the figure of
   * what went back has counted it before, it is one of those that were confirmed by that. The rest of it is a refund that
   * began outside, and so much less is owed.
   */
  noteMade(name: PaymentName, made: MadeRefund, at: Instant): WasMade {
    const account = this.accountOf(name);
    if (!isKnown(account)) {
      this.goBack(name, made.amount, at);
      return 'kept';
    }
    const { refundId, ownId } = made;
    const { debts } = account;
    const sum = toThousandths(made.amount);
    const own =
      debts.find(({ providerRefundId, refund }) => [providerRefundId, refund.causeRef].includes(refundId)) ??
      debts.find((debt) => debt.row !== null && debt.row.id === ownId && !isOneMore(account, debt, sum, at));
    if (own !== undefined) return this.confirmOwn(account, own, made, at);
    if (isOutdated(account, at)) {
      this.readLater(account);
      return 'outdated';
    }
    const { isOutside } = giveBack(account, made, sum);
    this.count(account);
    return isOutside ? 'outside' : 'confirmed';
  }

  /**
   * Notes all refunds that the provider has made and whose money stayed, when nothing was told since: by then no figure
   * counts others, and one that is not among them came back.
   */
  noteList(name: PaymentName, made: readonly MadeRefund[]): void {
    const account = this.accountOf(name);
    const unowed = unowedOf(account);
    for (const refund of made) this.noteMade(name, refund, null);
    if (!isKnown(account)) return;
    const kept = new Set(made.map(({ refundId }) => refundId));
    this.failGone(account, 'confirmed', kept);
    const { amount } = account.facts;
    const back = leastOf(confirmedOf(account), amount === null ? null : toThousandths(amount));
    this.change(account, { amountRefunded: fromThousandths(back) });
    // Where all is back, what was sent went back with that, by whichever refunds.
    if (amount !== null && !isBack(account)) this.failGone(account, 'sent', kept);
    oweLess(account);
    oweAgain(account, unowed);
  }

  /** Fails what is in this state and came back: its number is not among the kept ones, or none of them can be it. */
  private failGone(account: Account, state: RefundStatus, kept: ReadonlySet<string>): void {
    for (const debt of account.debts) {
      const { status, providerRefundId } = debt;
      const isGone = providerRefundId === null ? debt.isCounted : !kept.has(providerRefundId);
      if (status === state && isGone) this.fail(account, debt, { reason: NOT_LISTED }, null);
    }
  }

  /**
   * What was told before the refund failed, or of a try that another one has followed, is of no concern any more; whether
   * it was, the provider's list says.
   */
  private confirmOwn(account: Account, debt: Debt, { refundId, ownId, amount }: MadeRefund, at: Instant): WasMade {
    const { status, providerRefundId } = debt;
    const isSame = providerRefundId === refundId;
    const mayBePast = status === 'failed' || debt.isCounted || isPaidOtherwise(debt);
    const isPast = mayBePast && (at === null ? isSame : isOutdated(account, at));
    const isOfThisTry = status === 'failed' || isSame || providerRefundId === null;
    if (isPast || !isOfThisTry) {
      if (at !== null && !isSame) this.readLater(account);
      return 'known';
    }
    confirm(debt, refundId);
    // The number of one made outside may be that of several: what it gave back of each stays.
    if (debt.row !== null && debt.row.id === ownId) oweRest(account, debt, amount);
    this.count(account);
    return status === 'confirmed' ? 'known' : 'confirmed';
  }

  /**
   * Notes that a refund did not stay with the buyer. It is found by the provider's number, else by ours; else it is one
   * over the same sum that was sent by other means, which has no number here. Of a payment that nobody has told of yet it
   * is kept that one failed: what was told before that, and comes later, is as little true then.
   *
   * @returns whether one has failed by this that had not before.
   */
  returnRefund(name: PaymentName, told: ReturnedRefund): boolean {
    const account = this.accountOf(name);
    const { refundId, reason, at } = told;
    const returned = findReturned(account, told);
    // What was told before it is not true any more, also of a refund that nobody has told of yet, or that the list has failed.
    if (isKnown(account) || at !== null) this.change(account, { refundFailedAt: latestOf(account, at) });
    // So is what the provider's list said before it.
    if (isKnown(account)) this.readLater(account);
    const failing = returned.filter(
      ({ status, providerRefundId }) => status !== 'failed' || (refundId !== null && providerRefundId !== refundId),
    );
    for (const debt of failing) {
      this.fail(account, debt, { reason, ...(refundId !== null && { providerRefundId: refundId }) }, at);
    }
    return failing.length > 0;
  }

  /** Notes that the buyer wants the payment back from the bank, or how that has ended. */
  dispute(name: PaymentName, told: Dispute): WasDisputed {
    const account = this.accountOf(name);
    if (!isNewsOf(account.facts.dispute, told)) return 'disputed before';
    this.change(account, { dispute: told });
    if (!isKnown(account)) return 'kept';
    return told.status === 'open' ? 'disputed' : 'dispute ended';
  }

  /** Orders of which nobody has been told before that a payment is disputed: the dispute is new, or whose payment it is. */
  newlyDisputed(): number[] {
    const told = ({ row }: Account) => row !== null && row.dispute !== null && row.orderId !== null;
    const disputed = [...this.accounts.values()].filter((account) => account.facts.dispute !== null && !told(account));
    return disputed.flatMap(({ facts }) => facts.orderId ?? []);
  }

  /** A refund as the rows tell it. */
  findRefund(refund: RefundRow): RefundRow {
    return this.debtOf(refund).row!;
  }

  /**
   * Moves a refund as an operator or its provider's adapter says; that the state allows it is for the caller to ask.
   *
   * @param amount what it was made over; null: nobody tells.
   * @param isAnswer whether the adapter says it.
   * @returns what is noted with it.
   */
  move(refund: RefundRow, to: RefundStatus, note: RefundNote, amount: string | null, isAnswer = false): RefundNote {
    const [account, debt] = [this.accountOf(refund), this.debtOf(refund)];
    if (amount !== null) oweRest(account, debt, amount);
    if (to === 'failed') {
      this.fail(account, debt, note, null);
      return note;
    }
    if (to === 'confirmed') this.change(account, { amountRefunded: addedTo(account, debt.refund.amount) });
    const isOtherwise = to === 'confirmed' && debt.status === 'failed';
    // The number is of a try that failed. Where only an operator said that it did, the list may have it still.
    if (isOtherwise) this.readLater(account);
    const noted = isOtherwise ? { ...note, providerRefundId: null } : note;
    const { providerRefundId = debt.providerRefundId } = noted;
    const isSentThere = to === 'sent' && isAnswer && account.row !== null;
    if (isSentThere) this.checkLater(account, providerRefundId);
    const isCounted = isSentThere && providerRefundId === null;
    Object.assign(debt, { status: to, note: noted, providerRefundId, isCounted, isChanged: true });
    return noted;
  }

  /**
   * What the provider has sent may have come back before that is noted, as may that by which others had given all of it
   * back, and nobody tells a second time. A list that is being read now may be of before it was sent.
   */
  private checkLater(account: Account, providerRefundId: string | null): void {
    if (providerRefundId === null || account.facts.refundFailedAt !== null) this.readLater(account);
    else account.isChanged = true;
  }

  /** Payments that are new or have changed, in the order in which everybody writes them. */
  changedPayments(): ChangedPayment[] {
    return [...this.accounts.entries()]
      .filter(([, { isChanged }]) => isChanged)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, { name, row, facts, isUnread }]) => ({ ...facts, ...name, id: row?.id ?? null, isUnread }));
  }

  /** Refunds that no row tells of yet, each with the state it has by now. */
  newRefunds(): MadeDebt[] {
    return this.debts().filter(({ row }) => row === null);
  }

  /** To be written before the refunds that have changed, which are found by the state of their rows. */
  correctedRefunds(): CorrectedRefund[] {
    return this.debts().flatMap(({ row, refund: { amount }, providerRefundId, isCounted, isChanged }) => {
      const isCorrected = amount !== row?.amount || (!isChanged && providerRefundId !== row.providerRefundId);
      return row !== null && isCorrected ? [{ row, amount, providerRefundId, isCounted }] : [];
    });
  }

  changedRefunds(): ChangedRefund[] {
    return this.debts().flatMap(({ row, status, note, isCounted, isChanged }) =>
      row !== null && isChanged ? [{ row, to: status, note, isCounted }] : [],
    );
  }

  /**
   * What the money of an order has come to, once all of its payments are here: `refunded` when all of them went back,
   * `refund_due` when what has not is owed; null while a payment of it stays, or none is known.
   */
  stateOf(orderId: number, paidBy: string | null): 'refund_due' | 'refunded' | null {
    const accounts = [...this.accounts.values()].filter(({ facts }) => facts.orderId === orderId);
    // What paid it may have no row: an instance of a version before has taken it.
    const isWhole = paidBy === null || accounts.some(({ name }) => name.transactionId === paidBy);
    if (accounts.length === 0 || !isWhole || accounts.some((account) => unowedOf(account) !== 0)) return null;
    return accounts.every(isBack) ? 'refunded' : 'refund_due';
  }

  /** What the confirmed refunds come to has gone back, whatever figure was told; what is left may be less than is owed. */
  private count(account: Account): void {
    const back = Math.max(toThousandths(account.facts.amountRefunded), confirmedOf(account));
    const { amount } = account.facts;
    this.change(account, {
      amountRefunded: fromThousandths(leastOf(back, amount === null ? null : toThousandths(amount))),
    });
    oweLess(account);
  }

  /** The provider's list of the payment's refunds is to be read, and again by who is reading it now. */
  private readLater(account: Account): void {
    Object.assign(account, { isUnread: true, isChanged: true });
  }

  private fail(account: Account, debt: Debt, note: RefundNote, at: Instant): void {
    const { amountRefunded } = account.facts;
    const wasBack = debt.status === 'confirmed' ? toThousandths(debt.refund.amount ?? amountRefunded) : 0;
    this.change(account, {
      amountRefunded: fromThousandths(Math.max(0, toThousandths(amountRefunded) - wasBack)),
      refundFailedAt: latestOf(account, at),
    });
    const { providerRefundId = debt.providerRefundId } = note;
    Object.assign(debt, { status: 'failed', note, providerRefundId, isCounted: false, isChanged: true });
  }

  private debtOf(refund: RefundRow): Debt {
    return this.accountOf(refund).debts.find(({ row }) => row?.id === refund.id)!;
  }

  private debts(): Debt[] {
    return [...this.accounts.values()].flatMap(({ debts }) => debts);
  }

  private accountOf(name: PaymentName, facts: PaymentFacts = UNKNOWN): Account {
    const text = keyOf(name);
    const unknown = { name: nameOf(name), row: null, debts: [], facts, isChanged: false, isUnread: false };
    const account = this.accounts.get(text) ?? unknown;
    this.accounts.set(text, account);
    return account;
  }

  private change(account: Account, change: Partial<PaymentFacts>): void {
    account.facts = { ...account.facts, ...change };
    account.isChanged = true;
  }
}

function nameOf({ provider, transactionId }: PaymentName): PaymentName {
  return { provider, transactionId };
}

import { fromThousandths, toThousandths } from '../common/money.js';
import type { NewRefund, PaymentName, PaymentRow, RefundNote, RefundRow, RefundStatus } from './refunds.types.js';

/** A payment as the decisions so far have left it. */
export type PaymentFacts = Omit<PaymentRow, 'id' | 'provider' | 'transactionId'>;

/** Who paid how much for which order. */
export type TakenPayment = PaymentName & Pick<PaymentRow, 'orderId' | 'amount' | 'currency'>;

interface Debt {
  readonly row: RefundRow | null;
  readonly refund: NewRefund;
  status: RefundStatus;
  providerRefundId: string | null;
  note: RefundNote;
  isChanged: boolean;
}

interface Account {
  readonly name: PaymentName;
  readonly row: PaymentRow | null;
  readonly debts: Debt[];
  facts: PaymentFacts;
  isChanged: boolean;
}

/** A payment row that is to be written: made anew, or the one with this number changed. */
export type ChangedPayment = PaymentName & PaymentFacts & { readonly id: number | null };

export interface ChangedRefund {
  readonly row: RefundRow;
  readonly to: RefundStatus;
  readonly note: RefundNote;
}

/** What became of the news that a payment went back. */
export type WentBack = 'confirmed' | 'part' | 'nothing owed' | 'all confirmed' | 'outdated' | 'kept';

/** What the provider says of a refund that did not stay with the buyer. */
export interface ReturnedRefund {
  /** The provider's number of it, and ours where the provider has that. */
  readonly refundId: string | null;
  readonly ownId: number | null;
  readonly amount: string | null;
  readonly reason: string | null;
  /** When, by the provider's clock; null when it does not tell. */
  readonly at: string | null;
}

const UNKNOWN: PaymentFacts = {
  orderId: null,
  amount: null,
  currency: null,
  amountRefunded: '0.00',
  refundFailedAt: null,
};

/**
 * Payments and what is owed back of them while a batch is being decided: starts from the rows, takes each decision in
 * turn, and at the end tells what is to be written. Valid only as long as the rows are locked: a payment's row, which
 * whoever changes its refunds has to lock, and its order's before.
 */
export class PaymentLedger {
  private readonly accounts = new Map<string, Account>();

  constructor(payments: readonly PaymentRow[], refunds: readonly RefundRow[]) {
    for (const row of payments)
      this.accounts.set(textOf(row), { name: nameOf(row), row, debts: [], facts: row, isChanged: false });
    for (const row of refunds) {
      // An instance of a version before payments had rows may have owed it.
      const { orderId, amount, currency } = row;
      const { debts } = this.accountOf(row, { ...UNKNOWN, orderId, amount, currency });
      debts.push({
        row,
        refund: row,
        status: row.status,
        providerRefundId: row.providerRefundId,
        note: {},
        isChanged: false,
      });
    }
  }

  /** What is known of a payment; undefined when nothing is. */
  find(name: PaymentName): PaymentFacts | undefined {
    return this.accounts.get(textOf(name))?.facts;
  }

  /** Whether anything of the payment is owed back, or was. */
  isOwed(name: PaymentName): boolean {
    return (this.accounts.get(textOf(name))?.debts.length ?? 0) > 0;
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
  }

  /**
   * Owes a payment back, once a cause, as far as it has not gone back and is not owed.
   *
   * @returns whether anything of it is owed by this.
   */
  owe(refund: NewRefund): boolean {
    const account = this.accountOf(refund);
    if (account.debts.some(({ refund: { cause } }) => cause === refund.cause)) return false;
    const amount = refund.amount === null ? null : leastOf(toThousandths(refund.amount), unowedOf(account));
    if (amount === 0) return false;
    const owed = { ...refund, amount: amount === null ? null : fromThousandths(amount) };
    account.debts.push({ row: null, refund: owed, status: 'due', providerRefundId: null, note: {}, isChanged: false });
    return true;
  }

  /**
   * Notes that so much of a payment has gone back by now, in all, and confirms the refunds that this covers. A figure
   * that is smaller than a known one, or of before a refund came back, says nothing new. Of a payment that nobody has
   * told of yet the figure is kept.
   */
  goBack(name: PaymentName, total: string, at: string | null): WentBack {
    const account = this.accountOf(name);
    const isKnown = account.facts.orderId !== null || account.debts.length > 0;
    const { amount, amountRefunded, refundFailedAt } = account.facts;
    if (at !== null && refundFailedAt !== null && at <= refundFailedAt) return 'outdated';
    const [before, told] = [toThousandths(amountRefunded), toThousandths(total)];
    const now = Math.max(before, amount === null ? told : Math.min(told, toThousandths(amount)));
    this.change(account, { amountRefunded: fromThousandths(now) });
    if (!isKnown) return 'kept';
    const open = account.debts.filter(({ status }) => status !== 'confirmed');
    if (open.length === 0) return account.debts.length > 0 ? 'all confirmed' : 'nothing owed';
    const covered = coveredBy(now - before, amount !== null && now >= toThousandths(amount), open);
    for (const debt of covered) Object.assign(debt, { status: 'confirmed', note: {}, isChanged: true });
    return covered.length > 0 ? 'confirmed' : 'part';
  }

  /**
   * Notes that a refund did not stay with the buyer. It is found by the provider's number, else by ours; else it is one
   * over the same sum that was sent by other means, which has no number here.
   *
   * @returns whether one has failed by this that had not before.
   */
  returnRefund(name: PaymentName, { refundId, ownId, amount, reason, at }: ReturnedRefund): boolean {
    const account = this.accounts.get(textOf(name));
    if (account === undefined) return false;
    const { debts, facts } = account;
    const unnumbered = debts.filter(({ providerRefundId }) => providerRefundId === null);
    const isRepeated = at !== null && facts.refundFailedAt !== null && at <= facts.refundFailedAt;
    const debt =
      debts.find(({ providerRefundId }) => refundId !== null && providerRefundId === refundId) ??
      unnumbered.find(({ row }) => row !== null && row.id === ownId) ??
      (isRepeated ? undefined : unnumbered.find((candidate) => isSent(candidate) && isOver(candidate, amount)));
    if (debt === undefined || debt.status === 'failed') return false;
    this.fail(account, debt, { reason, ...(refundId !== null && { providerRefundId: refundId }) }, at);
    return true;
  }

  /** A refund as the rows tell it. */
  findRefund(refund: RefundRow): RefundRow {
    return this.debtOf(refund).row!;
  }

  /** Moves a refund as an operator or its provider's adapter says; that the state allows it is for the caller to ask. */
  move(refund: RefundRow, to: RefundStatus, note: RefundNote): void {
    const [account, debt] = [this.accountOf(refund), this.debtOf(refund)];
    if (to === 'failed') return this.fail(account, debt, note, null);
    if (to === 'confirmed') this.change(account, { amountRefunded: addedTo(account, debt.refund.amount) });
    Object.assign(debt, { status: to, note, isChanged: true });
  }

  /** Payments that are new or have changed, in the order in which everybody writes them. */
  changedPayments(): ChangedPayment[] {
    return [...this.accounts.entries()]
      .filter(([, { isChanged }]) => isChanged)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, { name, row, facts }]) => ({ ...facts, ...name, id: row?.id ?? null }));
  }

  /** Refunds that no row tells of yet, each with the state it has by now. */
  newRefunds(): { refund: NewRefund; status: RefundStatus }[] {
    return this.debts().filter(({ row }) => row === null);
  }

  changedRefunds(): ChangedRefund[] {
    return this.debts().flatMap(({ row, status, note, isChanged }) =>
      row !== null && isChanged ? [{ row, to: status, note }] : [],
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

  private fail(account: Account, debt: Debt, note: RefundNote, at: string | null): void {
    const { amountRefunded, refundFailedAt } = account.facts;
    const wasBack = debt.status === 'confirmed' ? toThousandths(debt.refund.amount ?? amountRefunded) : 0;
    this.change(account, {
      amountRefunded: fromThousandths(Math.max(0, toThousandths(amountRefunded) - wasBack)),
      refundFailedAt: at !== null && (refundFailedAt === null || at > refundFailedAt) ? at : refundFailedAt,
    });
    const { providerRefundId = debt.providerRefundId } = note;
    Object.assign(debt, { status: 'failed', note, providerRefundId, isChanged: true });
  }

  private debtOf(refund: RefundRow): Debt {
    return this.accountOf(refund).debts.find(({ row }) => row?.id === refund.id)!;
  }

  private debts(): Debt[] {
    return [...this.accounts.values()].flatMap(({ debts }) => debts);
  }

  private accountOf(name: PaymentName, facts: PaymentFacts = UNKNOWN): Account {
    const text = textOf(name);
    const account = this.accounts.get(text) ?? { name: nameOf(name), row: null, debts: [], facts, isChanged: false };
    this.accounts.set(text, account);
    return account;
  }

  private change(account: Account, change: Partial<PaymentFacts>): void {
    account.facts = { ...account.facts, ...change };
    account.isChanged = true;
  }
}

/** Refunds that a rise of the figure covers, those first that were sent; all of them, when all has gone back. */
function coveredBy(rise: number, isAll: boolean, open: readonly Debt[]): Debt[] {
  let left = rise;
  return [...open]
    .sort((one, other) => Number(isSent(other)) - Number(isSent(one)))
    .filter(({ refund: { amount } }) => {
      const wanted = amount === null ? 0 : toThousandths(amount);
      if (!isAll && wanted > left) return false;
      left -= wanted;
      return true;
    });
}

/** What of a payment has neither gone back nor is owed, in thousandths; null when nobody knows what was paid. */
function unowedOf({ facts: { amount, amountRefunded }, debts }: Account): number | null {
  if (amount === null) return null;
  const open = debts.filter(({ status }) => status !== 'confirmed');
  if (open.some(({ refund }) => refund.amount === null)) return 0;
  const owed = open.reduce((sum, { refund }) => sum + toThousandths(refund.amount!), 0);
  return Math.max(0, toThousandths(amount) - toThousandths(amountRefunded) - owed);
}

function isBack({ facts: { amount, amountRefunded } }: Account): boolean {
  return amount !== null && toThousandths(amountRefunded) >= toThousandths(amount);
}

/** What has gone back with this refund, and never more than was paid. */
function addedTo({ facts: { amount, amountRefunded } }: Account, refunded: string | null): string {
  const sum = toThousandths(amountRefunded) + toThousandths(refunded ?? amount ?? '0');
  return fromThousandths(leastOf(sum, amount === null ? null : toThousandths(amount)));
}

function leastOf(one: number, other: number | null): number {
  return other === null ? one : Math.min(one, other);
}

function isSent({ status }: Debt): boolean {
  return status === 'sent' || status === 'confirmed';
}

function isOver({ refund }: Debt, amount: string | null): boolean {
  return amount === null || refund.amount === null || toThousandths(amount) === toThousandths(refund.amount);
}

function nameOf({ provider, transactionId }: PaymentName): PaymentName {
  return { provider, transactionId };
}

function textOf({ provider, transactionId }: PaymentName): string {
  return `${provider} ${transactionId}`;
}

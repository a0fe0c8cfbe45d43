import { fromThousandths, toThousandths } from '../common/money.js';
import type { Dispute, MadeRefund } from '../payment-providers/payment-provider.js';
import type { NewRefund, PaymentName, PaymentRow, RefundNote, RefundRow, RefundStatus } from './refunds.types.js';

/** What the rows of one payment come to while a batch is being decided; all that is decided about them is in its ledger. */

/** A payment as the decisions so far have left it. */
export type PaymentFacts = Omit<PaymentRow, 'id' | 'provider' | 'transactionId'>;

/** When something was, by the provider's clock; null when it does not tell. */
export type Instant = string | null;

/** What the provider says of a refund that did not stay with the buyer. */
export interface ReturnedRefund {
  /** The provider's number of it, and ours where the provider has that. */
  readonly refundId: string | null;
  readonly ownId: number | null;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly reason: string | null;
  readonly at: Instant;
}

/** A refund as the decisions so far have left it. */
export interface Debt {
  readonly row: RefundRow | null;
  /** As it is owed by now: what goes back outside may leave less of it. */
  refund: NewRefund & Pick<RefundRow, 'causeRef'>;
  status: RefundStatus;
  providerRefundId: string | null;
  /**
   * Whether the figure of what went back has confirmed it, and no refund with a number, or it is sent and its provider says
   * that it was given back before: a guess, until the list is read.
   */
  isCounted: boolean;
  note: RefundNote;
  isChanged: boolean;
}

/** A payment with its refunds. */
export interface Account {
  readonly name: PaymentName;
  readonly row: PaymentRow | null;
  readonly debts: Debt[];
  facts: PaymentFacts;
  isChanged: boolean;
  /** Whether more of it went back than the refunds with a number tell: the provider's list has the others. */
  isUnread: boolean;
}

/**
 * The refunds that did not stay: told by their number, else by ours; else one over the same sum that was sent by other
 * means, which has no number here. One number may be that of several: somebody gave back at once what was owed for several
 * causes.
 */
export function findReturned(account: Account, told: ReturnedRefund): Debt[] {
  const { refundId, ownId, amount, at } = told;
  const { debts } = account;
  if (refundId !== null) {
    const numbered = debts.filter(({ providerRefundId }) => providerRefundId === refundId);
    // Of one that was sent again since, the first number says nothing.
    if (numbered.length > 0 || debts.some(({ refund }) => refund.causeRef === refundId)) return numbered;
  }
  const unnumbered = debts.filter(({ providerRefundId }) => providerRefundId === null);
  // Of one that failed the number is of the try before; the one after it may come back before anybody has noted that it was made.
  const mayBeNext = ({ status }: Debt): boolean => status === 'failed' && refundId !== null && !isOutdated(account, at);
  const isOwn = ({ row }: Debt): boolean => row !== null && row.id === ownId;
  const own = unnumbered.find(isOwn) ?? debts.find((debt) => isOwn(debt) && mayBeNext(debt));
  // A refund with our number is not that other money.
  if (own !== undefined && refundId !== null && isPaidOtherwise(own)) return [];
  if (own !== undefined || isOutdated(account, at)) return own === undefined ? [] : [own];
  const sent = unnumbered.find((candidate) => isSent(candidate) && isOver(candidate, amount));
  return sent === undefined ? findCounted(account, told) : [sent];
}

/** What was confirmed by a refund that only the figure of what went back has told of so far, and the rest of that refund. */
function findCounted(account: Account, { refundId, amount, currency }: ReturnedRefund): Debt[] {
  if (refundId === null || amount === null || currency === null || !isKnown(account)) return [];
  const sum = toThousandths(amount);
  return sum > 0 && isCounted(account, sum) ? giveBack(account, { refundId, currency }, sum).debts : [];
}

/** Whether the figure of what went back has counted a refund over so much, whose number is not known. */
function isCounted(account: Account, sum: number): boolean {
  return numberedOf(account) + sum <= toThousandths(account.facts.amountRefunded);
}

/**
 * Gives back, by one refund of the provider's, what is owed, as far as it covers that; where the figure of what went back
 * has counted it before, it is one of those that were confirmed by that. The rest of it is a refund that began outside.
 */
export function giveBack(
  account: Account,
  made: Pick<MadeRefund, 'refundId' | 'currency'>,
  sum: number,
): { readonly debts: Debt[]; readonly isOutside: boolean } {
  const { facts, debts } = account;
  const wasCounted = isCounted(account, sum);
  const most = wasCounted ? facts.amountRefunded : facts.amount;
  const taken = coveredBy(
    sum,
    debts.filter((debt) => isFree(debt) && isOpen(debt) !== wasCounted),
  );
  for (const debt of taken) confirm(debt, made.refundId);
  const back = taken.reduce((total, debt) => total + (debt.refund.amount === null ? sum : amountOf(debt)), 0);
  const given = most === null ? [] : giveWay(account, made.refundId, sum - back, toThousandths(most));
  const rest = sum - back - given.reduce((total, debt) => total + amountOf(debt), 0);
  const outside = rest > 0 ? [madeOutside(account, made, rest)] : [];
  debts.push(...outside);
  return { debts: [...taken, ...given, ...outside], isOutside: outside.length > 0 };
}

/**
 * What the figure has confirmed is a guess at which refunds it is the sum of: it makes room for one that is known by its
 * number, so that the refunds together are not above what went back.
 *
 * @returns those of which nothing would be left: it is the rest of this refund that has given them back.
 */
function giveWay({ debts }: Account, refundId: string, sum: number, most: number): Debt[] {
  const given: Debt[] = [];
  let rest = sum;
  let over = confirmedOf({ debts }) + rest - most;
  for (const debt of debts.filter((one) => one.isCounted && !isOpen(one))) {
    const amount = amountOf(debt);
    if (over <= 0) break;
    if (over < amount) oweAsMade(debt, fromThousandths(amount - over));
    else if (rest > 0) {
      oweAsMade(debt, fromThousandths(Math.min(amount, rest)));
      rest -= amountOf(debt);
      confirm(debt, refundId);
      given.push(debt);
    }
    over -= amount;
  }
  return given;
}

/** Refunds that so much covers: the one over this very sum before others, and those that were sent before others. */
export function coveredBy(sum: number, refunds: readonly Debt[]): Debt[] {
  let left = sum;
  return likeliestFirst(sum, refunds).filter((debt) => {
    const wanted = amountOf(debt);
    if (wanted > left) return false;
    left -= wanted;
    return true;
  });
}

/** All has gone back, and so have these refunds: the last one over less than was owed where no more was left for it. */
export function coverAll(sum: number, refunds: readonly Debt[]): Debt[] {
  let left = sum;
  return likeliestFirst(sum, refunds).filter((debt) => {
    const wanted = amountOf(debt);
    if (wanted > 0 && left <= 0) return false;
    if (wanted > left) oweAsMade(debt, fromThousandths(left));
    left -= wanted;
    return true;
  });
}

function likeliestFirst(sum: number, refunds: readonly Debt[]): Debt[] {
  const rank = (debt: Debt): number =>
    (debt.refund.amount !== null && amountOf(debt) === sum ? 2 : 0) + Number(isSent(debt));
  return [...refunds].sort((one, other) => rank(other) - rank(one));
}

/** What of the payment its confirmed refunds have given back, in thousandths. */
export function confirmedOf({ debts }: Pick<Account, 'debts'>): number {
  return debts.reduce((sum, debt) => sum + (isOpen(debt) ? 0 : amountOf(debt)), 0);
}

/** What went back, or is under way, by refunds whose number at the provider is known, in thousandths. */
export function numberedOf({ debts }: Account): number {
  return debts.reduce((sum, debt) => sum + (isFree(debt) ? 0 : amountOf(debt)), 0);
}

/**
 * What is owed and was not sent is at most what its other refunds leave of the payment, so that all together are never above
 * it. A figure that no refund tells of counts for nothing here: what it is the sum of may come back, and nobody would owe it.
 */
export function oweLess(account: Account): void {
  const { facts, debts } = account;
  if (facts.amount === null) return;
  const underWay = debts.filter(({ status }) => status === 'sent').reduce((sum, debt) => sum + amountOf(debt), 0);
  let left = toThousandths(facts.amount) - confirmedOf(account) - underWay;
  for (const debt of debts.filter(({ status }) => status === 'due' || status === 'failed')) {
    const less = Math.min(amountOf(debt), left);
    if (less > 0 && less < amountOf(debt)) debt.refund = { ...debt.refund, amount: fromThousandths(less) };
    left -= Math.max(0, less);
  }
}

/** The provider gives back less than was owed where no more was left: what others gave back there is told by its own refund. */
function oweAsMade(debt: Debt, amount: string): void {
  const { refund } = debt;
  if (refund.amount !== null && toThousandths(refund.amount) !== toThousandths(amount))
    debt.refund = { ...refund, amount };
}

/**
 * Our refund was made over less than was owed: no more was left at the provider, where others have given the rest back. Until
 * that is told it is owed, since they may come back before.
 */
export function oweRest({ debts }: Account, debt: Debt, amount: string): void {
  const { refund, row } = debt;
  const rest = refund.amount === null ? 0 : toThousandths(refund.amount) - toThousandths(amount);
  oweAsMade(debt, amount);
  if (rest <= 0) return;
  const causeRef = `${refund.causeRef} rest of ${row?.attempt ?? 1}`.trim();
  debts.push(newDebt({ ...refund, amount: fromThousandths(rest), causeRef }, 'due', null));
}

/**
 * What a figure had told of came back before any refund told of it, so that nobody owes it: it is owed, as is what came back of a
 * refund that began outside.
 *
 * @param before what of the payment had neither gone back nor was owed, as the figure had it.
 */
export function oweAgain(account: Account, before: number | null): void {
  const { name, facts, debts } = account;
  const again = (unowedOf(account) ?? 0) - (before ?? Infinity);
  if (again <= 0 || facts.currency === null) return;
  const refund = { ...name, orderId: facts.orderId, amount: fromThousandths(again), currency: facts.currency };
  debts.push(newDebt({ ...refund, cause: 'outside', causeRef: `untold ${debts.length + 1}` }, 'due', null));
}

/** A refund that somebody made at the provider, over so many thousandths. */
function madeOutside(
  { name, facts }: Account,
  { refundId, currency }: Pick<MadeRefund, 'refundId' | 'currency'>,
  sum: number,
): Debt {
  const { orderId } = facts;
  const money = { amount: fromThousandths(sum), currency: facts.currency ?? currency };
  const refund: Debt['refund'] = { ...name, orderId, ...money, cause: 'outside', causeRef: refundId };
  return newDebt(refund, 'confirmed', refundId);
}

/** A debt that no row tells of yet. */
export function newDebt(refund: Debt['refund'], status: RefundStatus, providerRefundId: string | null): Debt {
  return { row: null, refund, status, providerRefundId, isCounted: false, note: {}, isChanged: false };
}

/** The buyer has the money, by the refund with this number; null where the number is not known. */
export function confirm(debt: Debt, providerRefundId: string | null): void {
  Object.assign(debt, { providerRefundId, isCounted: false });
  if (isOpen(debt) || debt.isChanged)
    Object.assign(debt, { status: 'confirmed', note: { providerRefundId }, isChanged: true });
}

/**
 * What of a payment has neither gone back nor is owed, in thousandths; null when nobody knows what was paid, unless a refund
 * is over all of it.
 */
export function unowedOf({ facts: { amount, amountRefunded }, debts }: Account): number | null {
  if (amount === null) return debts.some(isOverAll) ? 0 : null;
  const open = debts.filter(isOpen);
  if (open.some(isOverAll)) return 0;
  const owed = open.reduce((sum, debt) => sum + amountOf(debt), 0);
  return Math.max(0, toThousandths(amount) - toThousandths(amountRefunded) - owed);
}

/** Whether all of a payment went back; of an unknown amount no figure tells, and the refund over all of it does. */
export function isBack({ facts: { amount, amountRefunded }, debts }: Account): boolean {
  if (amount === null) return debts.some((debt) => isOverAll(debt) && !isOpen(debt));
  return toThousandths(amountRefunded) >= toThousandths(amount);
}

/** Whether it is over all that was paid, however much that was. */
function isOverAll({ refund }: Debt): boolean {
  return refund.amount === null;
}

/**
 * Whether a refund with our number is one more, beside the one by which somebody has given back what was owed: both were
 * made at once, and fit into the payment. News of an earlier try that failed is not.
 */
export function isOneMore(account: Account, { status, providerRefundId }: Debt, sum: number, at: Instant): boolean {
  const { amount } = account.facts;
  if (status !== 'confirmed' || providerRefundId === null || isOutdated(account, at)) return false;
  return amount !== null && numberedOf(account) + sum <= toThousandths(amount);
}

/** What has gone back with this refund, and never more than was paid. */
export function addedTo({ facts: { amount, amountRefunded } }: Account, refunded: string | null): string {
  const sum = toThousandths(amountRefunded) + toThousandths(refunded ?? amount ?? '0');
  return fromThousandths(leastOf(sum, amount === null ? null : toThousandths(amount)));
}

export function leastOf(one: number, other: number | null): number {
  return other === null ? one : Math.min(one, other);
}

function isSent({ status }: Debt): boolean {
  return status === 'sent' || status === 'confirmed';
}

/**
 * Whether it was paid by other means after a try that failed, as an operator has said, or its provider, where others had given
 * all of it back. What is told late of that try says nothing of the money that came after it.
 */
export function isPaidOtherwise(debt: Debt): boolean {
  const { row, providerRefundId, status, isCounted: isGuess } = debt;
  const isTold = status === 'sent' || (status === 'confirmed' && !isGuess);
  return row !== null && row.attempt > 1 && providerRefundId === null && isTold;
}

function isOver({ refund }: Debt, amount: string | null): boolean {
  return amount === null || refund.amount === null || toThousandths(amount) === toThousandths(refund.amount);
}

export function isOpen({ status }: Debt): boolean {
  return status !== 'confirmed';
}

/** Whether no number at the provider is known of it: that of a failed one is of a try that is over. */
function isFree({ status, providerRefundId }: Debt): boolean {
  return providerRefundId === null || status === 'failed';
}

/** Whether anybody has told which order the payment is for, or owes anything of it. */
export function isKnown({ facts, debts }: Account): boolean {
  return facts.orderId !== null || debts.length > 0;
}

/** Whether this was told before a refund of the payment came back, or with that. */
export function isOutdated({ facts: { refundFailedAt } }: Account, at: Instant): boolean {
  return at !== null && refundFailedAt !== null && at <= refundFailedAt;
}

/** When a refund of it last came back, with what is told of that now. */
export function latestOf({ facts: { refundFailedAt } }: Account, at: Instant): Instant {
  return at !== null && (refundFailedAt === null || at > refundFailedAt) ? at : refundFailedAt;
}

/** In thousandths; 0 where it is all that was paid, and nobody has told how much that was. */
function amountOf({ refund: { amount } }: Debt): number {
  return amount === null ? 0 : toThousandths(amount);
}

/**
 * Whether this says more of a payment's disputes than is known, in whatever order it is told: of one dispute its end after
 * its beginning, and nothing after that; another one, since a bank may ask again, and its end unless the known one is open.
 */
export function isNewsOf(known: Dispute | null, told: Dispute): boolean {
  if (known === null) return true;
  const isSame = known.id === null || told.id === null || known.id === told.id;
  if (isSame) return known.status === 'open' && told.status !== 'open';
  return told.status === 'open' || known.status !== 'open';
}

import type { Dispute, PaymentEvent } from '../../payment-providers/payment-provider.js';
import type { PaymentLedger, WasDisputed, WasMade, WentBack } from '../../refunds/payment-ledger.js';
import type { PaymentResult } from '../webhooks.types.js';

/** What is said of a payment that was made before, and so belongs to its order, whatever order the event names. */
const ABOUT_MONEY_BACK: ReadonlySet<PaymentEvent['status']> = new Set([
  'refunded',
  'refund_made',
  'refund_failed',
  'disputed',
]);

export function isAboutMoneyBack({ status, disregarded = null }: PaymentEvent): boolean {
  return ABOUT_MONEY_BACK.has(status) && disregarded === null;
}

interface MoneyBackDecision {
  readonly result: PaymentResult;
  /** Why the event did not do what it says; null when it did. */
  readonly reason: string | null;
}

const REACTIONS: Readonly<Record<WentBack | WasMade | WasDisputed, MoneyBackDecision>> = {
  confirmed: { result: 'applied', reason: null },
  part: { result: 'applied', reason: 'a part of it went back; the rest is due' },
  'nothing owed': { result: 'applied', reason: 'given back although nothing was due' },
  'all confirmed': { result: 'ignored', reason: 'the refund is confirmed' },
  outside: { result: 'applied', reason: 'given back at the provider' },
  known: { result: 'ignored', reason: 'the refund is known' },
  outdated: { result: 'ignored', reason: 'told before a refund of it came back' },
  disputed: { result: 'applied', reason: 'the buyer disputes the payment at the bank' },
  'disputed before': { result: 'ignored', reason: 'the dispute is known' },
  'dispute ended': { result: 'applied', reason: 'the dispute at the bank has ended' },
  kept: { result: 'ignored', reason: 'no such payment yet; kept until it is told' },
};

/** A dispute of which nothing else is told. */
const UNTOLD: Dispute = { id: null, status: 'open', reason: null };

/**
 * What is noted of a payment of which money went back, or came back again.
 *
 *     refunded        confirms what is owed, as far as the figure covers it; a part leaves the rest due; where nothing is
 *                     owed the shop has given a sale back by itself: noted, its units stay sold; of a payment that nobody
 *                     has told of yet: kept, so that the payment pays nothing when it is told
 *     refund_made     tells the same of one refund, by its number: confirms ours; any other confirms what is owed over the same
 *                     sum, or is a refund that began outside
 *     refund_failed   the refund has failed, also a confirmed one: banks send money back days later
 *     disputed        noted, and told once; how it ended is noted, too, and moves no money here: what the bank has taken
 *                     back is no refund of ours
 */
export function decideMoneyBack(event: PaymentEvent, payments: PaymentLedger, isOurs: boolean): MoneyBackDecision {
  const { amount, currency, occurredAt, refund } = event;
  if (event.status === 'disputed') return REACTIONS[payments.dispute(event, event.dispute ?? UNTOLD)];
  if (amount === null) {
    return { result: isOurs ? 'review' : 'ignored', reason: 'the amount or its currency can not be read' };
  }
  const at = occurredAt === null ? null : occurredAt.slice(0, 23).replace('T', ' ');
  if (event.status === 'refunded') return REACTIONS[payments.goBack(event, amount, at)];
  const { id: refundId = null, ownId = null, reason = null } = refund ?? {};
  if (event.status === 'refund_made') {
    if (refundId === null || currency === null) return { result: 'ignored', reason: 'the refund has no number' };
    return REACTIONS[payments.noteMade(event, { refundId, ownId, amount, currency }, at)];
  }
  return payments.returnRefund(event, { refundId, ownId, amount, currency, reason, at })
    ? { result: 'applied', reason: null }
    : { result: 'ignored', reason: 'no refund of ours is known by this, or it failed before' };
}

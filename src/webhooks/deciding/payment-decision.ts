import { assertUnreachable } from '../../common/assert-unreachable.js';
import { isSameAmount, toThousandths } from '../../common/money.js';
import { isoTime } from '../../database/sql.js';
import type { OrderStatus, SettledState, Settlement, StockedOrderRow } from '../../orders/orders.types.js';
import type { PaymentEvent } from '../../payment-providers/payment-provider.js';
import type { PaymentFacts } from '../../refunds/payment-account.js';
import type { RefundCause } from '../../refunds/refunds.types.js';
import type { PaymentResult } from '../webhooks.types.js';

/** What the operator has settled for all payments. */
export interface PaymentPolicy {
  /** What a failed payment does with the units: free them, or keep them until the deadline for another try. */
  readonly failedPolicy: 'release' | 'keep';
}

/** What a decision is made on, all of it locked. */
export interface PaymentContext {
  readonly order: StockedOrderRow;
  /** What is known of the payment, and whether it is owed back or was; undefined when it was not told before. */
  readonly payment: (Pick<PaymentFacts, 'orderId' | 'amountRefunded'> & { readonly isOwed: boolean }) | undefined;
  /** What was paid, as a decimal string, whatever counts as said. */
  readonly amountPaid: string;
  /** Whether an operator has looked at the money, and takes it as it is. */
  readonly isAccepted: boolean;
  /** Whether other money of the order is in review; asked for when something would end the order. */
  isUnderReview(): boolean;
  /**
   * Units of the order's product that nobody holds; asked for only when money comes for a cancelled order, whose
   * own units are gone.
   */
  available(): number;
  /** Whether its customer may have them again; asked for with the units. */
  isWithinLimit(): boolean;
}

export interface PaymentDecision {
  readonly result: PaymentResult;
  /** Why the payment event did not do what it says; null when it did. */
  readonly reason: string | null;
  readonly orderStatus: OrderStatus;
  readonly settlement: Settlement | null;
  /** Whether the payment is under way, and keeps its order. */
  readonly isProcessing: boolean;
  /** Why the payment is owed back; null when it is not. */
  readonly owed: RefundCause | null;
}

/**
 * What a payment event does to its order.
 *
 *     notice \ order  pending_payment        paid                cancelled                      refund_due, refunded
 *     success (1)     paid                   owe it back         paid if units are left and     owe it back, refund_due
 *                                                                within the limit, else
 *                                                                refund_due, owe it back
 *     failed (3)      cancelled (2)          ignored             ignored                        ignored
 *     canceled (3),   cancelled              ignored             ignored                        ignored
 *     expired
 *     declined (3)    ignored: an attempt is no end, and others may follow; cancelled where it ends a payment that was
 *                     under way
 *     processing (4)  kept                ignored             ignored                        ignored
 *
 *  1. Of the payment that paid the order, or whose refund is known, or which went back before it was told: ignored, under
 *     whatever key. Of another amount or currency than the order's, or a part of which went back before: review, and
 *     nothing is paid. Of a payment that is another order's: review, for a payment pays one order.
 *  2. With the policy `keep`: ignored, and the units stay until the payment deadline, unless a payment was under way.
 *  3. Of an unpaid order, but over another amount or currency than its own: review. While other money of the order is in
 *     review: ignored, and so is a page that expires while a payment is under way, for it is another page.
 *  4. Once, and for as long as the order's sale gives to payments that take days; where it gives nothing, or over another
 *     amount or currency: ignored.
 *
 * What is older than its order by more than a minute can't be of it: review. What says that money went back, or is to, is decided
 * by its payment, in `money-back-decision.ts`.
 */
export function decidePayment(event: PaymentEvent, policy: PaymentPolicy, context: PaymentContext): PaymentDecision {
  if (event.status !== 'unhandled' && isOlderThan(context.order, event)) {
    return review(context, 'the event is older than the order');
  }
  switch (event.status) {
    case 'success':
      return decideSuccess(event, context);
    case 'failed':
    case 'declined':
    case 'canceled':
    case 'expired':
      return decideFailure(event, policy, context);
    case 'processing':
      return decideProcessing(event, context);
    case 'refunded':
    case 'refund_made':
    case 'refund_failed':
    case 'disputed':
    case 'unhandled':
      return ignore(context, 'the type of the event is not handled');
    default:
      return assertUnreachable(event.status);
  }
}

function decideSuccess(event: PaymentEvent, context: PaymentContext): PaymentDecision {
  const { order } = context;
  const { transactionId } = event;
  const before = decideKnownPayment(event, context);
  if (before !== null) return before;
  if (!isWhatIsDue(event, order)) return review(context, 'amount or currency differs from the order');
  switch (order.status) {
    case 'pending_payment':
      return settle(order, { to: 'paid', transactionId });
    case 'cancelled':
      if (!context.isWithinLimit()) {
        const reason = 'over the limit of its customer; refund due';
        return { ...settle(order, { to: 'refund_due' }), reason, owed: 'customer_limit' };
      }
      return context.available() >= order.qty
        ? settle(order, { to: 'paid', transactionId })
        : { ...settle(order, { to: 'refund_due' }), reason: 'the units are gone; refund due', owed: 'late' };
    case 'paid':
      return { ...applied(order), reason: 'another payment paid the order; refund due', owed: 'duplicate' };
    case 'refund_due':
    case 'refunded': {
      const decision = order.status === 'refunded' ? settle(order, { to: 'refund_due' }) : applied(order);
      const owed = order.paid_transaction_id === null ? 'late' : 'duplicate';
      return { ...decision, reason: 'the order takes no money any more; refund due', owed };
    }
    default:
      return assertUnreachable(order.status);
  }
}

export const OF_ANOTHER_ORDER = 'the payment is of another order';

/** What an earlier event of the same payment has left to be decided; null: everything. */
function decideKnownPayment(event: PaymentEvent, context: PaymentContext): PaymentDecision | null {
  const { order, payment, amountPaid, isAccepted } = context;
  if (isOfAnother(order, payment)) return review(context, OF_ANOTHER_ORDER);
  if (payment?.isOwed === true) return ignore(context, 'the refund of this payment is known');
  if (order.paid_transaction_id === event.transactionId) return ignore(context, 'this payment paid the order before');
  if (payment === undefined || isSameAmount(payment.amountRefunded, '0')) return null;
  if (toThousandths(payment.amountRefunded) >= toThousandths(amountPaid)) {
    return ignore(context, 'the payment went back before it was told');
  }
  return isAccepted ? null : review(context, 'a part of the payment went back before it was told');
}

/** Whether an event says that a payment, or a try at one, has failed. */
export function isFailure(status: PaymentEvent['status']): boolean {
  return status === 'failed' || status === 'declined' || status === 'canceled' || status === 'expired';
}

/** Whether a payment is known to be of another order, which alone it can pay. */
export function isOfAnother(
  order: StockedOrderRow | undefined,
  payment: Pick<PaymentFacts, 'orderId'> | undefined,
): boolean {
  const orderId = payment?.orderId ?? null;
  return orderId !== null && orderId !== order?.id;
}

function decideProcessing(event: PaymentEvent, context: PaymentContext): PaymentDecision {
  const { order, payment } = context;
  const isKept = order.status === 'pending_payment' && order.processing_at === null;
  if (!isKept || (order.processing_seconds ?? 0) === 0) return ignore(context, 'the payment is under way');
  if (isOfAnother(order, payment) || !isWhatIsDue(event, order))
    return ignore(context, 'what is under way is not what is due');
  return { ...applied(order), isProcessing: true };
}

/** Whether a failure is the end of a payment that was under way, and not of a try before it that is told late. */
function endsProcessing({ processing_at }: StockedOrderRow, { occurredAt }: PaymentEvent): boolean {
  if (processing_at === null) return false;
  return occurredAt === null || Date.parse(occurredAt) > Date.parse(isoTime(processing_at));
}

function decideFailure(event: PaymentEvent, policy: PaymentPolicy, context: PaymentContext): PaymentDecision {
  const { order } = context;
  if (order.status !== 'pending_payment') return ignore(context, `order is ${order.status}`);
  if (!isWhatIsDue(event, order)) return review(context, 'amount or currency differs from the order');
  if (context.isUnderReview()) return ignore(context, 'other money of the order is in review');
  switch (event.status) {
    case 'canceled':
      return settle(order, { to: 'cancelled', reason: 'payment_failed' });
    case 'expired':
      return order.processing_at === null
        ? settle(order, { to: 'cancelled', reason: 'payment_expired' })
        : ignore(context, 'another payment is under way');
    case 'failed':
      return policy.failedPolicy === 'release' || endsProcessing(order, event)
        ? settle(order, { to: 'cancelled', reason: 'payment_failed' })
        : ignore(context, 'the units are kept until the payment deadline');
    default:
      return endsProcessing(order, event)
        ? settle(order, { to: 'cancelled', reason: 'payment_failed' })
        : ignore(context, 'one try failed; the units are kept until the deadline');
  }
}

/** Clocks differ, but not by more than a minute. */
const CLOCKS_DIFFER_SECONDS = 60;

function isOlderThan({ created_at }: StockedOrderRow, { occurredAt }: PaymentEvent): boolean {
  return occurredAt !== null && Date.parse(occurredAt) + CLOCKS_DIFFER_SECONDS * 1000 < Date.parse(isoTime(created_at));
}

/** What the provider does not tell counts as right. */
export function isWhatIsDue({ amount, currency }: PaymentEvent, order: StockedOrderRow): boolean {
  return (amount === null || isSameAmount(amount, order.amount)) && (currency === null || currency === order.currency);
}

function settle(order: StockedOrderRow, state: SettledState): PaymentDecision {
  return { ...applied(order), orderStatus: state.to, settlement: { order, ...state } };
}

function applied(order: StockedOrderRow): PaymentDecision {
  const nothingElse = { settlement: null, isProcessing: false, owed: null };
  return { result: 'applied', reason: null, orderStatus: order.status, ...nothingElse };
}

function ignore({ order }: PaymentContext, reason: string): PaymentDecision {
  return { ...applied(order), result: 'ignored', reason };
}

function review({ order }: PaymentContext, reason: string): PaymentDecision {
  return { ...applied(order), result: 'review', reason };
}

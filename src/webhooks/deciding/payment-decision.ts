import { assertUnreachable } from '../../common/assert-unreachable.js';
import { isSameAmount } from '../../common/money.js';
import { isoTime } from '../../database/sql.js';
import type { OrderStatus, SettledState, Settlement, StockedOrderRow } from '../../orders/orders.types.js';
import type { PaymentEvent } from '../../payment-providers/payment-provider.js';
import type { RefundLedger } from '../../refunds/refund-ledger.js';
import type { PaymentResult } from '../webhooks.types.js';

/** What the operator has settled for all payments. */
export interface PaymentPolicy {
  /** ISO 4217 code of all prices. */
  readonly currency: string;
  /** What a failed payment does with the units: free them, or keep them until the deadline for another try. */
  readonly failedPolicy: 'release' | 'keep';
}

/** What a decision is made on, all of it locked. */
export interface PaymentContext {
  readonly order: StockedOrderRow;
  readonly refunds: Pick<RefundLedger, 'statusOf' | 'amountOf'>;
  /**
   * Units of the order's product that nobody holds; asked for only when money comes for a cancelled order, whose
   * own units are gone.
   */
  available(): number;
}

export interface PaymentDecision {
  readonly result: PaymentResult;
  /** Why the payment event did not do what it says; null when it did. */
  readonly reason: string | null;
  readonly orderStatus: OrderStatus;
  readonly settlement: Settlement | null;
  /** What becomes of the refund of this payment. */
  readonly refund: 'owe' | 'confirm' | null;
}

/**
 * What a payment event does to its order.
 *
 *     notice \ order  pending_payment        paid                cancelled                      refund_due
 *     success (1)     paid                   owe it back         paid if units are left,        owe it back
 *                                                                else refund_due, owe it back
 *     failed (4)      cancelled (2)          ignored             ignored                        ignored
 *     canceled (4),   cancelled              ignored             ignored                        ignored
 *     expired
 *     declined (4),   ignored: an attempt is no end, and others may follow
 *     processing
 *     refunded        confirms the refund of that payment, if one is owed; else review (3)
 *
 *  1. Of the payment that paid the order, or whose refund is known: ignored, under whatever key. Of another
 *     amount or currency than the order's: review, and nothing is paid.
 *  2. With the policy `keep`: ignored, and the units stay until the payment deadline.
 *  3. A smaller sum than is owed, or money of which nobody knew that it should go back; but when it is the
 *     payment that paid the order, the shop has taken a sale back by itself: ignored.
 *  4. Of an unpaid order, but over another amount or currency than its own: review.
 *
 * What is older than its order by more than a minute can't be of it: review.
 */
export function decidePayment(event: PaymentEvent, policy: PaymentPolicy, context: PaymentContext): PaymentDecision {
  if (event.status !== 'unhandled' && isOlderThan(context.order, event)) {
    return review(context, 'the event is older than the order');
  }
  switch (event.status) {
    case 'success':
      return decideSuccess(event, policy, context);
    case 'failed':
    case 'declined':
    case 'canceled':
    case 'expired':
      return decideFailure(event, policy, context);
    case 'processing':
      return ignore(context, 'the payment is under way');
    case 'refunded':
      return decideRefund(event, context);
    case 'unhandled':
      return ignore(context, 'the type of the event is not handled');
    default:
      return assertUnreachable(event.status);
  }
}

function decideSuccess(event: PaymentEvent, policy: PaymentPolicy, context: PaymentContext): PaymentDecision {
  const { order, refunds } = context;
  const { transactionId } = event;
  if (refunds.statusOf({ orderId: order.id, transactionId }) !== undefined) {
    return ignore(context, 'the refund of this payment is known');
  }
  if (order.status === 'paid' && order.paid_transaction_id === transactionId) {
    return ignore(context, 'this payment paid the order before');
  }
  if (!isWhatIsDue(event, policy, order)) return review(context, 'amount or currency differs from the order');
  switch (order.status) {
    case 'pending_payment':
      return settle(order, { to: 'paid', transactionId });
    case 'cancelled':
      return context.available() >= order.qty
        ? settle(order, { to: 'paid', transactionId })
        : { ...settle(order, { to: 'refund_due' }), reason: 'the units are gone; refund due', refund: 'owe' };
    case 'paid':
      return { ...applied(order), reason: 'another payment paid the order; refund due', refund: 'owe' };
    case 'refund_due':
      return { ...applied(order), reason: 'the order was not sold; refund due', refund: 'owe' };
    default:
      return assertUnreachable(order.status);
  }
}

function decideFailure(event: PaymentEvent, policy: PaymentPolicy, context: PaymentContext): PaymentDecision {
  const { order } = context;
  if (order.status !== 'pending_payment') return ignore(context, `order is ${order.status}`);
  if (!isWhatIsDue(event, policy, order)) return review(context, 'amount or currency differs from the order');
  switch (event.status) {
    case 'canceled':
      return settle(order, { to: 'cancelled', reason: 'payment_failed' });
    case 'expired':
      return settle(order, { to: 'cancelled', reason: 'payment_expired' });
    case 'failed':
      return policy.failedPolicy === 'release'
        ? settle(order, { to: 'cancelled', reason: 'payment_failed' })
        : ignore(context, 'the units are kept until the payment deadline');
    default:
      return ignore(context, 'one try failed; the units are kept until the deadline');
  }
}

function decideRefund(event: PaymentEvent, context: PaymentContext): PaymentDecision {
  const { order, refunds } = context;
  const payment = { orderId: order.id, transactionId: event.transactionId };
  switch (refunds.statusOf(payment)) {
    case 'due':
    case 'sent':
    case 'failed':
      return isEnough(event.amount, refunds.amountOf(payment))
        ? { ...applied(order), refund: 'confirm' }
        : review(context, 'less was given back than is owed');
    case 'confirmed':
      return ignore(context, 'the refund is confirmed');
    default:
      return order.paid_transaction_id === event.transactionId
        ? ignore(context, 'the shop gave the payment of this order back')
        : review(context, 'given back, but no refund of it is known');
  }
}

/** Clocks differ, but not by more than a minute. */
const CLOCKS_DIFFER_SECONDS = 60;

function isOlderThan({ created_at }: StockedOrderRow, { occurredAt }: PaymentEvent): boolean {
  return occurredAt !== null && Date.parse(occurredAt) + CLOCKS_DIFFER_SECONDS * 1000 < Date.parse(isoTime(created_at));
}

/** What the provider does not tell counts as right. */
export function isWhatIsDue(
  { amount, currency }: PaymentEvent,
  policy: PaymentPolicy,
  order: StockedOrderRow,
): boolean {
  return (amount === null || isSameAmount(amount, order.amount)) && (currency === null || currency === policy.currency);
}

function isEnough(given: string | null, owed: string | null): boolean {
  return given === null || owed === null || Number(given) >= Number(owed);
}

function settle(order: StockedOrderRow, state: SettledState): PaymentDecision {
  return { ...applied(order), orderStatus: state.to, settlement: { order, ...state } };
}

function applied(order: StockedOrderRow): PaymentDecision {
  return { result: 'applied', reason: null, orderStatus: order.status, settlement: null, refund: null };
}

function ignore({ order }: PaymentContext, reason: string): PaymentDecision {
  return { ...applied(order), result: 'ignored', reason };
}

function review({ order }: PaymentContext, reason: string): PaymentDecision {
  return { ...applied(order), result: 'review', reason };
}

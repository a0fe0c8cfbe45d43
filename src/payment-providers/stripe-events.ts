import { currencyOf, eventIdOf, type Fields, fieldsOf, isKept, numberIn, ownIdIn, textOf } from './notice-fields.js';
import { orderIdOfReference } from './payment-reference.js';
import type { Dispute, PaymentEvent, RawNotice } from './payment-provider.js';
import { fromStripeAmount } from './stripe-amounts.js';

/** What the types of events that an order depends on say, and which field has the amount. */
const HANDLED: Readonly<Record<string, { status: PaymentEvent['status']; amountField: string }>> = {
  'payment_intent.succeeded': { status: 'success', amountField: 'amount_received' },
  'payment_intent.processing': { status: 'processing', amountField: 'amount' },
  'payment_intent.payment_failed': { status: 'declined', amountField: 'amount' },
  'payment_intent.canceled': { status: 'canceled', amountField: 'amount' },
  'checkout.session.completed': { status: 'success', amountField: 'amount_total' },
  'checkout.session.async_payment_succeeded': { status: 'success', amountField: 'amount_total' },
  'checkout.session.async_payment_failed': { status: 'declined', amountField: 'amount_total' },
  'checkout.session.expired': { status: 'expired', amountField: 'amount_total' },
  'charge.refunded': { status: 'refunded', amountField: 'amount_refunded' },
  'charge.dispute.created': { status: 'disputed', amountField: 'amount' },
  'charge.dispute.closed': { status: 'disputed', amountField: 'amount' },
  // Which of these an endpoint gets depends on the version of its API; it may get all. What they say, the refund's own
  // status tells.
  'refund.created': { status: 'refund_made', amountField: 'amount' },
  'refund.failed': { status: 'refund_made', amountField: 'amount' },
  'refund.updated': { status: 'refund_made', amountField: 'amount' },
  'charge.refund.updated': { status: 'refund_made', amountField: 'amount' },
};

/** What the status of a refund says. One that is not through yet is of no concern: it is told again at its end. */
const REFUND_STATUSES: ReadonlyMap<unknown, PaymentEvent['status']> = new Map([
  ['succeeded', 'refund_made'],
  ['failed', 'refund_failed'],
  ['canceled', 'refund_failed'],
]);

/** The end of the year 9999, in seconds since 1970. */
const SECONDS_MAX = 253_402_300_799;

/** More than any provider takes, and less than what the column of a refund does. */
const AMOUNT_END = 1e12;

/**
 * An event of Stripe in our words. What is of no known form is kept all the same: an answer of 400 would only make Stripe
 * send it again for days. Which order it is for, its `payment_reference` says; the transaction is the PaymentIntent,
 * whatever charges it takes.
 */
export function toPaymentEvent({ body, rawBody }: RawNotice, isLive: boolean): PaymentEvent {
  const event = fieldsOf(body);
  const subject = fieldsOf(fieldsOf(event.data).object);
  const eventId = eventIdOf(event.id, rawBody);
  const type = textOf(event.type) ?? 'unknown';
  const status = statusOf(type, subject);
  const amount = status === 'unhandled' ? null : amountIn(subject, HANDLED[type]!.amountField);
  const metadata = fieldsOf(subject.metadata);
  const { payment_reference: reference, order_id } = status === 'unhandled' ? ({} as Fields) : metadata;
  const orderId = orderIdOfReference(reference ?? null);
  return {
    provider: 'stripe',
    eventId,
    type,
    status,
    orderId: reference === undefined ? numberIn(order_id) : orderId,
    reference: orderId === null ? null : (reference as string),
    disregarded: strangenessOf(event, isLive),
    unreadable: status === 'unhandled' ? null : unreadableIn(reference, orderId, amount),
    transactionId:
      textOf(idOf(subject.payment_intent)) ?? textOf(idOf(subject.charge)) ?? textOf(subject.id) ?? eventId,
    ...(status === 'declined' && { declineCode: textOf(fieldsOf(subject.last_payment_error).code) }),
    ...(OF_A_REFUND.has(status) && { refund: refundIn(subject) }),
    ...(status === 'disputed' && { dispute: disputeIn(type, subject) }),
    amount,
    currency: currencyOf(subject),
    occurredAt: timeIn(event.created),
    account: textOf(event.account),
    metadata: isKept(metadata) ? metadata : null,
  };
}

const OF_A_REFUND: ReadonlySet<PaymentEvent['status']> = new Set(REFUND_STATUSES.values());

/** A completed Checkout Session is paid, unless its method takes days; one that costs nothing needs no payment. */
function statusOf(type: string, subject: Fields): PaymentEvent['status'] {
  if (!Object.hasOwn(HANDLED, type)) return 'unhandled';
  const isUnderWay = type === 'checkout.session.completed' && subject.payment_status === 'unpaid';
  const { status } = HANDLED[type]!;
  if (status === 'refund_made') return REFUND_STATUSES.get(subject.status) ?? 'unhandled';
  return isUnderWay ? 'processing' : status;
}

function refundIn({ id, failure_reason, status, metadata }: Fields): PaymentEvent['refund'] {
  const reason = textOf(failure_reason) ?? textOf(status);
  return { id: textOf(id), ownId: ownIdIn(metadata), reason: reason === null ? null : `Stripe says ${reason}` };
}

/** A bank's question that never became a dispute has a status of its own at its end. */
function disputeIn(type: string, { id, reason, status }: Fields): Dispute {
  const ended = status === 'won' || status === 'lost' ? status : 'closed';
  return {
    id: textOf(id),
    status: type === 'charge.dispute.closed' ? ended : 'open',
    reason: textOf(reason),
  };
}

/** Every endpoint of an account gets all its events, and with Connect those of others; test events are no money. */
function strangenessOf({ account, livemode }: Fields, isLive: boolean): string | null {
  if (account !== undefined && account !== null) return 'the event is of another account';
  if (livemode === true && !isLive) return 'the event is of live mode, and the service is not';
  if (livemode === false && isLive) return 'the event is of test mode';
  return null;
}

function unreadableIn(reference: unknown, orderId: number | null, amount: string | null): PaymentEvent['unreadable'] {
  if (reference !== undefined && orderId === null) return 'reference';
  return amount === null ? 'amount' : null;
}

/** A field that Stripe may have expanded to the object itself. */
function idOf(value: unknown): unknown {
  return typeof value === 'object' ? fieldsOf(value).id : value;
}

/** Null for what is no instant of the years that a date can tell. */
function timeIn(seconds: unknown): string | null {
  const isInstant = Number.isSafeInteger(seconds) && (seconds as number) >= 0 && (seconds as number) <= SECONDS_MAX;
  return isInstant ? new Date((seconds as number) * 1000).toISOString() : null;
}

function amountIn(subject: Fields, field: string): string | null {
  const [value, currency] = [subject[field], currencyOf(subject)];
  if (currency === null || !Number.isSafeInteger(value) || (value as number) < 0 || (value as number) >= AMOUNT_END)
    return null;
  return fromStripeAmount(value as number, currency);
}

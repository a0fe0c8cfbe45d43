import { ValidationError } from '../common/problem.js';
import type { Config } from '../config/config.js';
import { IDEMPOTENCY_KEY_PATTERN } from '../idempotency/idempotency-key.js';
import type { PaymentEvent, PaymentProvider, RawNotice } from './payment-provider.js';
import { isAuthenticBy, STRIPE_SIGNATURE } from './signatures.js';
import { fromStripeAmount } from './stripe-amounts.js';
import { stripeRefunds } from './stripe-refunds.js';

/**
 * Stripe's events. The shop puts `order_id` into the metadata of the PaymentIntent; the transaction is the
 * PaymentIntent, whatever charges it takes.
 */
export function stripeProvider({ payments: { stripe } }: Config): PaymentProvider {
  const { webhookSecrets: secrets } = stripe;
  return {
    name: 'stripe',
    secrets,
    isAuthentic: (notice, nowSeconds) => isAuthenticBy([STRIPE_SIGNATURE], notice, secrets, nowSeconds),
    toEvent,
    ...(stripe.apiKey !== '' && { sendRefund: stripeRefunds(stripe) }),
  };
}

/** What the types of events that an order depends on say, and which field has the amount. */
const HANDLED: Readonly<Record<string, { status: PaymentEvent['status']; amountField: string }>> = {
  'payment_intent.succeeded': { status: 'success', amountField: 'amount_received' },
  'payment_intent.payment_failed': { status: 'failed', amountField: 'amount' },
  'charge.refunded': { status: 'refunded', amountField: 'amount_refunded' },
};

/** The end of the year 9999, in seconds since 1970. */
const SECONDS_MAX = 253_402_300_799;

function toEvent({ body }: RawNotice): PaymentEvent {
  const event = objectIn(body, 'body');
  const subject = objectIn(objectIn(event.data, 'data').object, 'data.object');
  const type = idIn(event.type, 'type');
  const handled = Object.hasOwn(HANDLED, type) ? HANDLED[type] : undefined;
  const currency = currencyIn(subject.currency);
  return {
    provider: 'stripe',
    eventId: idIn(event.id, 'id'),
    type,
    status: handled?.status ?? 'unhandled',
    orderId: handled === undefined ? null : orderIdIn(subject.metadata),
    transactionId: idIn(subject.payment_intent ?? subject.id ?? event.id, 'data.object.id'),
    amount: handled === undefined ? null : amountIn(subject[handled.amountField], currency),
    currency,
    occurredAt: timeIn(event.created),
  };
}

function objectIn(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw invalid(field, 'must be an object');
}

function idIn(value: unknown, field: string): string {
  if (typeof value === 'string' && value.length <= 200 && IDEMPOTENCY_KEY_PATTERN.test(value)) return value;
  throw invalid(field, 'must be a text of visible ASCII');
}

function orderIdIn(metadata: unknown): number | null {
  const text = (metadata as { order_id?: unknown } | null | undefined)?.order_id;
  return typeof text === 'string' && /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : null;
}

/** Null for what is no instant of the years that a date can tell. */
function timeIn(seconds: unknown): string | null {
  const isInstant = Number.isSafeInteger(seconds) && (seconds as number) >= 0 && (seconds as number) <= SECONDS_MAX;
  return isInstant ? new Date((seconds as number) * 1000).toISOString() : null;
}

/** What is told and no code of ISO 4217 becomes its code for no currency, which differs from that of every order. */
function currencyIn(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' && /^[a-z]{3}$/i.test(value) ? value.toUpperCase() : 'XXX';
}

function amountIn(value: unknown, currency: string | null): string | null {
  if (currency === null || !Number.isSafeInteger(value) || (value as number) < 0) return null;
  return fromStripeAmount(value as number, currency);
}

function invalid(field: string, message: string): ValidationError {
  return new ValidationError(`The body is not an event of Stripe: ${field} ${message}.`, [{ field, message }]);
}

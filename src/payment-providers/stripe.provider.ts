import type { Config } from '../config/config.js';
import type { Tracing } from '../tracing/tracing.types.js';
import type { PaymentProvider } from './payment-provider.js';
import { isAuthenticBy, STRIPE_SIGNATURE } from './signatures.js';
import { toPaymentEvent } from './stripe-events.js';
import { type AskStripe, stripeClient } from './stripe-client.js';
import { stripePayments } from './stripe-payments.js';
import { stripeRefunds } from './stripe-refunds.js';
import { stripeSessions } from './stripe-sessions.js';

/** Stripe: events of its own form, and refunds and sessions through its API where there is a key for it. */
export function stripeProvider(
  { payments: { stripe }, appEnv }: Config,
  tracing: Tracing | null = null,
): PaymentProvider {
  const { webhookSecrets: secrets } = stripe;
  const [, mode] = /^[a-z]+_(live|test)_/.exec(stripe.apiKey) ?? [];
  const isLive = mode === undefined ? appEnv === 'production' : mode === 'live';
  return {
    name: 'stripe',
    secrets,
    isAuthentic: (notice, nowSeconds) => isAuthenticBy([STRIPE_SIGNATURE], notice, secrets, nowSeconds),
    toEvent: (notice) => toPaymentEvent(notice, isLive),
    ...(stripe.apiKey !== '' && throughApi(stripeClient(stripe, tracing))),
  };
}

function throughApi(ask: AskStripe): Partial<PaymentProvider> {
  return { ...stripeRefunds(ask), sessions: stripeSessions(ask), payments: stripePayments(ask) };
}

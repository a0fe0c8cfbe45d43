import type { Config } from '../config/config.js';
import type { PaymentProvider } from './payment-provider.js';
import { isAuthenticBy, STRIPE_SIGNATURE } from './signatures.js';
import { toPaymentEvent } from './stripe-events.js';
import { stripeRefunds } from './stripe-refunds.js';

/** Stripe: events of its own form, and refunds through its API where there is a key for it. */
export function stripeProvider({ payments: { stripe }, appEnv }: Config): PaymentProvider {
  const { webhookSecrets: secrets } = stripe;
  const [, mode] = /^[a-z]+_(live|test)_/.exec(stripe.apiKey) ?? [];
  const isLive = mode === undefined ? appEnv === 'production' : mode === 'live';
  return {
    name: 'stripe',
    secrets,
    isAuthentic: (notice, nowSeconds) => isAuthenticBy([STRIPE_SIGNATURE], notice, secrets, nowSeconds),
    toEvent: (notice) => toPaymentEvent(notice, isLive),
    ...(stripe.apiKey !== '' && stripeRefunds(stripe)),
  };
}

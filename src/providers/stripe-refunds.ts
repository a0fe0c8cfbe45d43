import type Stripe from 'stripe';
import { UnavailableError } from '../common/problem.js';
import { type RefundOrder, RefundRefusedError } from './payment-provider.js';
import { toStripeAmount } from './stripe-amounts.js';

const TIMEOUT_MS = 10_000;

/** Statuses of an HTTP answer that say no for good: the payment is unknown, refunded already, or can't be refunded. */
const REFUSALS: ReadonlySet<number | undefined> = new Set([400, 402, 404]);

/** Sends refunds with Stripe's own client, at most once each: the key of the request is made of the refund alone. */
export function stripeRefunds(options: { apiKey: string; apiBase: string }): (refund: RefundOrder) => Promise<string> {
  let client: Promise<Stripe> | undefined;
  return async (refund) => {
    client ??= connect(options);
    const stripe = await client;
    const answer = await stripe.refunds
      .create(
        {
          payment_intent: refund.transactionId,
          ...(refund.amount !== null && { amount: toStripeAmount(refund.amount, refund.currency) }),
          metadata: { refund_id: String(refund.id) },
        },
        { idempotencyKey: `refund-${refund.id}-${refund.transactionId}` },
      )
      .catch(rethrow);
    if (answer.status !== 'failed' && answer.status !== 'canceled') return answer.id;
    throw new RefundRefusedError(answer.failure_reason ?? `Stripe says ${answer.status}`);
  };
}

/** Loaded on first use: the client is large, and most processes never send a refund. */
async function connect({ apiKey, apiBase }: { apiKey: string; apiBase: string }): Promise<Stripe> {
  const { default: StripeClient } = await import('stripe');
  const { hostname, port, protocol } = new URL(apiBase);
  return new StripeClient(apiKey, {
    host: hostname,
    protocol: protocol === 'http:' ? 'http' : 'https',
    ...(port !== '' && { port }),
    timeout: TIMEOUT_MS,
    maxNetworkRetries: 2,
    telemetry: false,
  });
}

function rethrow(error: unknown): never {
  const { statusCode, type, message } = error as { statusCode?: number; type?: string; message?: string };
  if (REFUSALS.has(statusCode) && type !== 'StripeIdempotencyError')
    throw new RefundRefusedError(message ?? 'no reason');
  throw new UnavailableError('Stripe does not tell whether the refund was sent; send it again in a while.', error);
}

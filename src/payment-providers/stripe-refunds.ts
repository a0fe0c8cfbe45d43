import type Stripe from 'stripe';
import { UnavailableError } from '../common/problem.js';
import { withinLimit } from '../common/within-limit.js';
import { type RefundOrder, RefundRefusedError } from './payment-provider.js';
import { toStripeAmount } from './stripe-amounts.js';

const TIMEOUT_MS = 10_000;

/** For all that one refund asks of Stripe, tries included: an operator waits for it, and so does a proxy. */
const SEND_LIMIT_MS = 15_000;

/** Statuses of an HTTP answer that say no for good: the payment is unknown, refunded already, or can't be refunded. */
const REFUSALS: ReadonlySet<number> = new Set([400, 402, 404]);

/**
 * Sends refunds with Stripe's own client, each once: the key of the request is made of the refund and its attempt.
 * Stripe remembers a key, with its refusal if it was one, for a day only. So a new attempt has a new key, and what an
 * earlier request may have done without our hearing of it is looked for first.
 */
export function stripeRefunds(options: {
  apiKey: string;
  apiBase: string;
}): (refund: RefundOrder) => Promise<string | null> {
  let client: Promise<Stripe> | undefined;
  return async (refund) => {
    client ??= connect(options);
    return withinLimit(sendOnce(await client, refund), SEND_LIMIT_MS).catch(rethrow);
  };
}

async function sendOnce(stripe: Stripe, refund: RefundOrder): Promise<string | null> {
  const earlier = await findSent(stripe, refund);
  if (earlier !== null) return earlier.id;
  const made = await create(stripe, refund).catch((error: unknown) => {
    if (isRefundedAlready(error)) return null;
    throw error;
  });
  if (made === null) return null;
  // The client takes whatever is JSON for an answer of Stripe's.
  if (made?.object !== 'refund') throw new Error('Stripe answered with something else than a refund');
  if (isReturned(made)) throw new RefundRefusedError(made.failure_reason ?? `Stripe says ${made.status}`);
  return made.id;
}

/** The refund as Stripe has it, unless the money has come back. */
async function findSent(stripe: Stripe, { id, transactionId }: RefundOrder): Promise<Stripe.Refund | null> {
  for await (const refund of stripe.refunds.list({ payment_intent: transactionId, limit: 100 })) {
    if (refund.metadata?.refund_id === String(id) && !isReturned(refund)) return refund;
  }
  return null;
}

function create(stripe: Stripe, { id, attempt, transactionId, amount, currency }: RefundOrder): Promise<Stripe.Refund> {
  return stripe.refunds.create(
    {
      payment_intent: transactionId,
      ...(amount !== null && { amount: toStripeAmount(amount, currency) }),
      metadata: { refund_id: String(id) },
    },
    { idempotencyKey: `refund-${id}-${transactionId}-${attempt}` },
  );
}

function isReturned({ status }: Stripe.Refund): boolean {
  return status === 'failed' || status === 'canceled';
}

function isRefundedAlready(error: unknown): boolean {
  return (error as { code?: string }).code === 'charge_already_refunded';
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

/** What is to be done about an answer that says for certain that nothing was sent. */
const REMEDIES: Readonly<Record<number, string>> = {
  401: 'Stripe does not take STRIPE_API_KEY, and sent nothing; set the right one, then send it again.',
  403: 'Stripe lets STRIPE_API_KEY make no refunds, and sent nothing; give it the right, then send it again.',
  429: 'Stripe is asked too often, and sent nothing; send it again in a while.',
};

function rethrow(error: unknown): never {
  if (error instanceof RefundRefusedError) throw error;
  const { statusCode = 0, type, message } = error as { statusCode?: number; type?: string; message?: string };
  if (REFUSALS.has(statusCode) && type !== 'StripeIdempotencyError')
    throw new RefundRefusedError(message ?? 'no reason');
  const unknown = 'Stripe does not tell whether the refund was sent; send it again in a while.';
  throw new UnavailableError(REMEDIES[statusCode] ?? unknown, error);
}

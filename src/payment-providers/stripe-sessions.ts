import type Stripe from 'stripe';
import {
  type MadeSession,
  type PaymentSessionsPort,
  ProviderUnavailableError,
  type SessionKind,
  SessionRefusedError,
  type SessionReport,
  type SessionRequest,
} from './payment-provider.js';
import { fromStripeAmount, toStripeAmount } from './stripe-amounts.js';
import { type AskStripe, busyMsOf, isRefusal } from './stripe-client.js';

/** One less than Stripe takes of one path of its API in a second, since the network brings some of them closer together. */
const CALLS_PER_SECOND = 24;

/** Stripe forgets keys after a day: what is asked for again then may have been made, and is looked for. */
const KEY_SECONDS = 23 * 3600;

/** Methods by which the buyer has paid only days later: left out where the units are not kept for so long. */
const DELAYED_METHODS = [
  'acss_debit',
  'au_becs_debit',
  'bacs_debit',
  'boleto',
  'customer_balance',
  'konbini',
  'multibanco',
  'nz_bank_account',
  'oxxo',
  'sepa_debit',
  'us_bank_account',
] as const;

/** PaymentIntents for a form of the shop's own, and Checkout Sessions on Stripe's page. */
export function stripeSessions(askStripe: AskStripe): PaymentSessionsPort {
  const ask = <T>(question: (stripe: Stripe) => Promise<T>): Promise<T> => askStripe(question).catch(rethrow);
  return {
    callsPerSecond: CALLS_PER_SECOND,
    createSession: (request) => ask((stripe) => create(stripe, request)),
    readSession: (kind, id) => ask((stripe) => read(stripe, kind, id)),
    cancelSession: (kind, id) => ask((stripe) => cancel(stripe, kind, id)),
  };
}

async function create(stripe: Stripe, request: SessionRequest): Promise<MadeSession> {
  const made = request.askedForSeconds > KEY_SECONDS ? await findMade(stripe, request) : null;
  if (made !== null) return made;
  const options = { idempotencyKey: `session-${request.holdId}-${request.attempt}` };
  const currency = request.currency.toLowerCase();
  const amount = toStripeAmount(request.amount, request.currency);
  const metadata = { payment_reference: request.reference, order_id: String(request.orderId) };
  const methods = request.isDelayTaken ? {} : { excluded_payment_method_types: [...DELAYED_METHODS] };
  if (request.kind === 'intent') {
    const params = { amount, currency, metadata, automatic_payment_methods: { enabled: true }, ...methods };
    return ofIntent(await stripe.paymentIntents.create(params, options));
  }
  const product_data = { name: request.title };
  const session = await stripe.checkout.sessions.create(
    {
      mode: 'payment',
      line_items: [{ quantity: 1, price_data: { currency, unit_amount: amount, product_data } }],
      success_url: request.returnUrl!,
      cancel_url: request.returnUrl!,
      metadata,
      payment_intent_data: { metadata },
      ...methods,
    },
    options,
  );
  return ofPage(session);
}

/** What a try made of which we never heard. A page that nobody has paid on has ended by then. */
async function findMade(stripe: Stripe, { kind, reference }: SessionRequest): Promise<MadeSession | null> {
  const query = `metadata['payment_reference']:'${reference}'`;
  const { data } = await stripe.paymentIntents.search({ query });
  const intent = data.find(({ status }) => status !== 'canceled');
  if (intent === undefined) return null;
  if (kind === 'intent') return ofIntent(intent);
  const pages = await stripe.checkout.sessions.list({ payment_intent: intent.id });
  return pages.data[0] === undefined ? null : ofPage(pages.data[0]);
}

async function read(stripe: Stripe, kind: SessionKind, id: string): Promise<SessionReport> {
  return kind === 'intent'
    ? reportOfIntent(await stripe.paymentIntents.retrieve(id))
    : reportOfPage(await stripe.checkout.sessions.retrieve(id, { expand: ['payment_intent'] }));
}

/** One that can't be ended any more says why when it is read. */
async function cancel(stripe: Stripe, kind: SessionKind, id: string): Promise<SessionReport> {
  try {
    return kind === 'intent'
      ? reportOfIntent(await stripe.paymentIntents.cancel(id))
      : reportOfPage(await stripe.checkout.sessions.expire(id));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return read(stripe, kind, id);
  }
}

function ofIntent(intent: Stripe.PaymentIntent): MadeSession {
  const { id, client_secret } = expectObject(intent, 'payment_intent');
  return { sessionId: id, clientSecret: client_secret, url: null };
}

function ofPage(page: Stripe.Checkout.Session): MadeSession {
  const { id, url } = expectObject(page, 'checkout.session');
  return { sessionId: id, clientSecret: null, url };
}

/** The client takes whatever is JSON for an answer of Stripe's. */
function expectObject<T extends { readonly object: string }>(answer: T | null, object: T['object']): T {
  if (answer?.object !== object) throw new Error(`Stripe answered with something else than a ${object}`);
  return answer;
}

function reportOfIntent(intent: Stripe.PaymentIntent): SessionReport {
  const { id, status, amount_received, currency } = expectObject(intent, 'payment_intent');
  if (status === 'canceled') return { state: 'cancelled', payment: null };
  if (status === 'processing') return { state: 'processing', payment: null };
  if (status !== 'succeeded') return { state: 'open', payment: null };
  return { state: 'succeeded', payment: paymentOf(id, amount_received, currency) };
}

/**
 * A page is complete with its payment still under way where the method takes days. Once the bank has said no, nobody can try
 * anything else there.
 */
function reportOfPage(page: Stripe.Checkout.Session): SessionReport {
  const { status, payment_status, payment_intent, amount_total, currency } = expectObject(page, 'checkout.session');
  if (status === 'expired') return { state: 'cancelled', payment: null };
  if (status !== 'complete') return { state: 'open', payment: null };
  if (payment_status !== 'paid')
    return { state: hasFailed(payment_intent) ? 'cancelled' : 'processing', payment: null };
  const transactionId = typeof payment_intent === 'string' ? payment_intent : payment_intent!.id;
  return { state: 'succeeded', payment: paymentOf(transactionId, amount_total!, currency!) };
}

/** Of a payment that is told with its page. */
function hasFailed(intent: Stripe.Checkout.Session['payment_intent']): boolean {
  return typeof intent === 'object' && intent?.status === 'requires_payment_method';
}

function paymentOf(transactionId: string, amount: number, code: string): SessionReport['payment'] {
  const currency = code.toUpperCase();
  return { transactionId, amount: fromStripeAmount(amount, currency), currency };
}

function rethrow(error: unknown): never {
  const { statusCode = 0, message } = error as { statusCode?: number; message?: string };
  if (isRefusal(error)) throw new SessionRefusedError(message ?? 'no reason');
  if (statusCode === 429) throw new ProviderUnavailableError('busy', busyMsOf(error), error);
  throw new ProviderUnavailableError(statusCode >= 500 ? 'failed' : 'away', 0, error);
}

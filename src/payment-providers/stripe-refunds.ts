import type Stripe from 'stripe';
import { UnavailableError } from '../common/problem.js';
import { ownIdIn } from './notice-fields.js';
import { type MadeRefund, type PaymentProvider, type RefundOrder, RefundRefusedError } from './payment-provider.js';
import { fromStripeAmount, toStripeAmount } from './stripe-amounts.js';
import { type AskStripe, isRefusal } from './stripe-client.js';

/**
 * Sends and finds refunds with Stripe's own client. Each is sent once: the key of the request is made of the refund and its attempt.
 * Stripe remembers a key, with its refusal if it was one, for a day only. So a new attempt has a new key, and what an
 * earlier request may have done without our hearing of it is looked for first.
 */
export function stripeRefunds(askStripe: AskStripe): Required<Pick<PaymentProvider, 'sendRefund' | 'findRefunds'>> {
  const ask = <T>(question: (stripe: Stripe) => Promise<T>, unknown: string): Promise<T> =>
    askStripe(question).catch((error: unknown) => rethrow(error, unknown));
  const list = async (stripe: Stripe, transactionId: string): Promise<MadeRefund[]> =>
    (await listKept(stripe, transactionId)).map(toMadeRefund).reverse();
  return {
    sendRefund: (refund) => ask((stripe) => sendOnce(stripe, refund), NOT_TOLD_WHETHER_SENT),
    findRefunds: (transactionId) => ask((stripe) => list(stripe, transactionId), NOT_LISTED),
  };
}

function toMadeRefund({ id, amount, currency: code, metadata }: Stripe.Refund): MadeRefund {
  const currency = code.toUpperCase();
  return { refundId: id, ownId: ownIdIn(metadata), amount: fromStripeAmount(amount, currency), currency };
}

async function sendOnce(stripe: Stripe, refund: RefundOrder): Promise<MadeRefund | null> {
  const kept = await listKept(stripe, refund.transactionId);
  const isOurs = ({ metadata }: Stripe.Refund): boolean => metadata?.refund_id === String(refund.id);
  const earlier = kept.find((one) => isOurs(one) && !refund.others.includes(one.id));
  if (earlier !== undefined) return toMadeRefund(earlier);
  const amount = amountToSend(refund, kept);
  if (amount !== null && amount <= 0) return null;
  const made = await create(stripe, refund, amount).catch((error: unknown) => {
    if (isRefundedAlready(error)) return null;
    throw error;
  });
  if (made === null) return null;
  // The client takes whatever is JSON for an answer of Stripe's.
  if (made?.object !== 'refund') throw new Error('Stripe answered with something else than a refund');
  if (isReturned(made)) throw new RefundRefusedError(made.failure_reason ?? `Stripe says ${made.status}`);
  return toMadeRefund(made);
}

/** The payment's refunds as Stripe has them, whoever made them, but those whose money has come back. */
async function listKept(stripe: Stripe, transactionId: string): Promise<Stripe.Refund[]> {
  const kept: Stripe.Refund[] = [];
  for await (const refund of stripe.refunds.list({ payment_intent: transactionId, limit: 100 })) {
    if (!isReturned(refund)) kept.push(refund);
  }
  return kept;
}

/** What is owed, but no more than is left of the payment: others give money back on Stripe's pages. Null: all of it. */
function amountToSend({ amount, paid, currency }: RefundOrder, kept: readonly Stripe.Refund[]): number | null {
  const owed = amount ?? paid;
  if (owed === null) return null;
  const wanted = toStripeAmount(owed, currency);
  if (paid === null) return wanted;
  const left = toStripeAmount(paid, currency) - kept.reduce((sum, refund) => sum + refund.amount, 0);
  return Math.min(wanted, left);
}

function create(
  stripe: Stripe,
  { id, attempt, transactionId }: RefundOrder,
  amount: number | null,
): Promise<Stripe.Refund> {
  return stripe.refunds.create(
    {
      payment_intent: transactionId,
      ...(amount !== null && { amount }),
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

/** What is to be done about an answer that says for certain that nothing was sent. */
const REMEDIES: Readonly<Record<number, string>> = {
  401: 'Stripe does not take STRIPE_API_KEY, and sent nothing; set the right one, then send it again.',
  403: 'Stripe lets STRIPE_API_KEY make no refunds, and sent nothing; give it the right, then send it again.',
  429: 'Stripe is asked too often, and sent nothing; send it again in a while.',
};

const NOT_TOLD_WHETHER_SENT = 'Stripe does not tell whether the refund was sent; send it again in a while.';

const NOT_LISTED = 'Stripe does not list the refunds of the payment; it is asked again in a while.';

function rethrow(error: unknown, unknown: string): never {
  if (error instanceof RefundRefusedError) throw error;
  const { statusCode = 0, message } = error as { statusCode?: number; message?: string };
  if (isRefusal(error)) throw new RefundRefusedError(message ?? 'no reason');
  throw new UnavailableError(REMEDIES[statusCode] ?? unknown, error);
}

import type Stripe from 'stripe';
import { type ListedPayment, type PaymentListPort, ProviderUnavailableError } from './payment-provider.js';
import { fromStripeAmount } from './stripe-amounts.js';
import { type AskStripe, busyMsOf, isRefusal } from './stripe-client.js';

/** As many as Stripe tells at once. */
const PAGE_SIZE = 100;

/** PaymentIntents as Stripe has them now, each with its charge: what was paid, went back and is disputed of it. */
export function stripePayments(askStripe: AskStripe): PaymentListPort {
  const ask = <T>(question: (stripe: Stripe) => Promise<T>): Promise<T> => askStripe(question).catch(rethrow);
  return {
    list: (since, after) =>
      ask(async (stripe) => {
        const { data, has_more } = await stripe.paymentIntents.list({
          created: { gte: Math.floor(since.getTime() / 1000) },
          limit: PAGE_SIZE,
          expand: ['data.latest_charge'],
          ...(after !== null && { starting_after: after }),
        });
        return { payments: data.map(toListed), next: has_more ? data.at(-1)!.id : null };
      }),
    find: (id) =>
      ask((stripe) =>
        stripe.paymentIntents
          .retrieve(id, { expand: ['latest_charge'] })
          .then(toListed)
          .catch((error: unknown) => {
            if (isRefusal(error)) return null;
            throw error;
          }),
      ),
  };
}

function toListed(intent: Stripe.PaymentIntent): ListedPayment {
  const { id, status, amount_received, metadata, latest_charge: charge } = intent;
  const currency = intent.currency.toUpperCase();
  const { amount_refunded = 0, disputed = false } = typeof charge === 'object' && charge !== null ? charge : {};
  return {
    transactionId: id,
    reference: metadata.payment_reference ?? null,
    state: STATES.get(status) ?? 'open',
    amount: fromStripeAmount(amount_received, currency),
    currency,
    amountRefunded: fromStripeAmount(amount_refunded, currency),
    isDisputed: disputed,
  };
}

const STATES: ReadonlyMap<string, ListedPayment['state']> = new Map([
  ['succeeded', 'succeeded'],
  ['processing', 'processing'],
  ['canceled', 'cancelled'],
]);

function rethrow(error: unknown): never {
  const { statusCode } = error as { statusCode?: number };
  const isBusy = statusCode === 429;
  throw new ProviderUnavailableError(isBusy ? 'busy' : 'away', isBusy ? busyMsOf(error) : 0, error);
}

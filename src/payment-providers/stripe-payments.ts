import type Stripe from 'stripe';
import { type ListedPayment, type PaymentListPort, ProviderUnavailableError } from './payment-provider.js';
import { fromStripeAmount } from './stripe-amounts.js';
import { type AskStripe, busyMsOf, isRefusal } from './stripe-client.js';

/** As many as Stripe tells at once. */
const PAGE_SIZE = 100;

/** What asks for the first page of sessions, which come after all intents. */
const SESSIONS = 'sessions';

/** How a Checkout Session's number begins. */
const SESSION_ID = /^cs_/;

/**
 * PaymentIntents as Stripe has them now, each with its charge: what was paid, went back and is disputed of it. After them the
 * Checkout Sessions that have none: an intent is made once a buyer confirms, and until then the session is all that he
 * can pay by.
 */
export function stripePayments(askStripe: AskStripe): PaymentListPort {
  const ask = <T>(question: (stripe: Stripe) => Promise<T>): Promise<T> => askStripe(question).catch(rethrow);
  return {
    list: (since, after) =>
      ask(async (stripe) => {
        const isOfSessions = after === SESSIONS || SESSION_ID.test(after ?? '');
        const page = {
          created: { gte: Math.floor(since.getTime() / 1000) },
          limit: PAGE_SIZE,
          ...(after !== null && after !== SESSIONS && { starting_after: after }),
        };
        if (isOfSessions) {
          const { data, has_more } = await stripe.checkout.sessions.list(page);
          const payments = data.filter(({ payment_intent }) => payment_intent === null).map(toUnpaid);
          return { payments, next: has_more ? data.at(-1)!.id : null };
        }
        const { data, has_more } = await stripe.paymentIntents.list({ ...page, expand: ['data.latest_charge'] });
        return { payments: data.map(toListed), next: has_more ? data.at(-1)!.id : SESSIONS };
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

function toUnpaid({ id, status, metadata, currency }: Stripe.Checkout.Session): ListedPayment {
  const money = (currency ?? 'xxx').toUpperCase();
  return {
    transactionId: id,
    reference: metadata?.payment_reference ?? null,
    state: status === 'open' ? 'open' : 'cancelled',
    amount: fromStripeAmount(0, money),
    currency: money,
    amountRefunded: fromStripeAmount(0, money),
    isDisputed: false,
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

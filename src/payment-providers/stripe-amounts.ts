import { canonicalAmount, decimalsOf, fromParts, toParts } from '../common/money.js';

/** Currencies without decimals that Stripe counts in hundredths, as it did before they lost theirs. */
const IN_HUNDREDTHS: ReadonlySet<string> = new Set(['ISK', 'UGX']);

/** The decimal string of an amount as Stripe counts it: `(9999, 'EUR')` is `"99.99"`, `(500, 'JPY')` is `"500.00"`. */
export function fromStripeAmount(amount: number, currency: string): string {
  return canonicalAmount(fromParts(amount, stripeDecimalsOf(currency)))!;
}

/** The amount of a decimal string as Stripe counts it. */
export function toStripeAmount(money: string, currency: string): number {
  return toParts(money, stripeDecimalsOf(currency));
}

function stripeDecimalsOf(currency: string): number {
  return IN_HUNDREDTHS.has(currency) ? 2 : decimalsOf(currency);
}

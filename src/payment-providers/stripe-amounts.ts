/** Currencies whose amounts Stripe counts in whole units. */
const ZERO_DECIMAL: ReadonlySet<string> = new Set(
  'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '),
);

/** Currencies whose amounts Stripe counts in thousandths, the last digit always 0. */
const THREE_DECIMAL: ReadonlySet<string> = new Set('BHD JOD KWD OMR TND'.split(' '));

/** The decimal string of an amount as Stripe counts it: `(9999, 'EUR')` is `"99.99"`, `(500, 'JPY')` is `"500.00"`. */
export function fromStripeAmount(amount: number, currency: string): string {
  const decimals = decimalsOf(currency);
  const digits = String(amount).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).padEnd(2, '0');
  return `${whole}.${fraction.length === 3 && fraction.endsWith('0') ? fraction.slice(0, 2) : fraction}`;
}

/** The amount of a decimal string as Stripe counts it. */
export function toStripeAmount(money: string, currency: string): number {
  const [whole = '0', fraction = ''] = money.split('.');
  return Number(`${whole}${fraction.padEnd(3, '0').slice(0, decimalsOf(currency))}`);
}

function decimalsOf(currency: string): 0 | 2 | 3 {
  if (ZERO_DECIMAL.has(currency)) return 0;
  return THREE_DECIMAL.has(currency) ? 3 : 2;
}

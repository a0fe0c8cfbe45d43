/** Digits that a DECIMAL(15,3) column has before the point. */
const WHOLE_DIGITS = 12;

/** Decimals that the columns keep. */
export const DECIMALS_MAX = 3;

/** Largest amount that is kept, as people read it. */
export const AMOUNT_MAX = '999999999999.99';

/** Money as the API takes it: up to twelve digits, as many decimals as any currency has, no sign. */
export const MONEY_PATTERN = /^(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?$/;

/** The same with a sign where it is below 0. */
export const SIGNED_MONEY_PATTERN = new RegExp(MONEY_PATTERN.source.replace('^', '^-?'));

/** What {@link MONEY_PATTERN} asks for; how many decimals there may be is asked by {@link decimalsError}. */
export const MONEY_RULE =
  'must be a decimal string with at most twelve digits before the point and the decimals of its currency after it';

/** ISO 4217, but for MGA, whose fifths nobody counts in; all other currencies have two decimals. */
const CURRENCIES_BY_DECIMALS: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const DECIMALS: ReadonlyMap<string, number> = new Map(
  Object.entries(CURRENCIES_BY_DECIMALS).flatMap(([decimals, currencies]) =>
    currencies.split(' ').map((currency): [string, number] => [currency, Number(decimals)]),
  ),
);

/** How many decimals the amounts of a currency have. */
export function decimalsOf(currency: string): number {
  return DECIMALS.get(currency) ?? 2;
}

/** What is wrong with a sum of the API that has more decimals than its currency; null where nothing is. */
export function decimalsError(money: string, currency: string): string | null {
  const decimals = decimalsOf(currency);
  if (decimalsIn(money) <= decimals) return null;
  return `must have ${decimals === 0 ? 'no decimals' : `at most ${decimals} decimals`}, as ${currency} has`;
}

/**
 * A sum with the decimals of its currency: `"300.000"` is `"300"` in JPY and `"300.00"` in EUR. Further decimals that are
 * not 0 stay: they were told.
 */
export function inCurrency(money: string, currency: string): string {
  const [whole = '0', fraction = ''] = money.split('.');
  const decimals = fraction.replace(/0+$/, '').padEnd(decimalsOf(currency), '0');
  return decimals === '' ? whole : `${whole}.${decimals}`;
}

/**
 * The price of `quantity` units, counted in the smallest part that the price names, so that no binary fraction rounds it.
 *
 * @returns a decimal string with the decimals of the price, or null when the amount is more than the database can keep.
 */
export function amountOf(price: string, quantity: number): string | null {
  // A price stands in a column of the same width.
  if (quantity === 1) return price;
  const decimals = decimalsIn(price);
  const parts = toParts(price, decimals) * quantity;
  return parts >= 10 ** (WHOLE_DIGITS + decimals) ? null : fromParts(parts, decimals);
}

/** How many of the parts of which a whole has `10 ** decimals` a decimal string is; smaller ones are cut off. */
export function toParts(money: string, decimals: number): number {
  const [whole = '0', fraction = ''] = money.split('.');
  return Number(whole + fraction.padEnd(decimals, '0').slice(0, decimals));
}

/** The decimal string, with so many decimals, of that many parts. */
export function fromParts(parts: number, decimals: number): string {
  const digits = String(parts).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  return decimals === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * One text for equal sums: `"10"`, `"10.0"` and `"10.000"` are all `"10.00"`.
 *
 * @returns null for what is no sum of money.
 */
export function canonicalAmount(money: string): string | null {
  const [, whole, fraction = ''] = /^0*([0-9]{1,15})(?:\.([0-9]{0,15}))?$/.exec(money) ?? [];
  return whole === undefined ? null : `${whole}.${fraction.replace(/0+$/, '').padEnd(2, '0')}`;
}

/** Whether two decimal strings are the same sum. */
export function isSameAmount(one: string, other: string): boolean {
  const amount = canonicalAmount(one);
  return amount !== null && amount === canonicalAmount(other);
}

/** Thousandths of a decimal string with at most three decimals: every sum that the columns take is exact. */
export function toThousandths(money: string): number {
  return toParts(money, DECIMALS_MAX);
}

/** The third decimal is written only where it is needed. */
export function fromThousandths(thousandths: number): string {
  return fromParts(thousandths, DECIMALS_MAX).replace(/0$/, '');
}

function decimalsIn(money: string): number {
  const point = money.indexOf('.');
  return point === -1 ? 0 : money.length - point - 1;
}

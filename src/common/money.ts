/** Largest amount that a DECIMAL(15,3) column takes, in cents. */
const CENTS_MAX = 99_999_999_999_999;

/** The same, as people read it. */
export const AMOUNT_MAX = '999999999999.99';

/** Money as the API takes it: up to twelve digits, at most two decimals, no sign. */
export const MONEY_PATTERN = /^(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?$/;

/** What {@link MONEY_PATTERN} asks for. */
export const MONEY_RULE = 'must be a decimal string with at most twelve digits before the point and two after it';

/**
 * The price of `quantity` units, counted in cents so that no binary fraction rounds it.
 *
 * @returns a decimal string with two digits (`"99.99"`), or null when the amount is more than the database can keep.
 */
export function amountOf(price: string, quantity: number): string | null {
  const cents = toCents(price) * quantity;
  return cents > CENTS_MAX ? null : fromCents(cents);
}

/** Cents of a decimal string that matches {@link MONEY_PATTERN}. */
export function toCents(money: string): number {
  const [whole = '0', fraction = ''] = money.split('.');
  return Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
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

export function fromCents(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

/** Thousandths of a decimal string with at most three decimals: every sum that the columns take is exact. */
export function toThousandths(money: string): number {
  const [whole = '0', fraction = ''] = money.split('.');
  return Number(whole) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
}

/** The third decimal is written only where it is needed. */
export function fromThousandths(thousandths: number): string {
  const fraction = String(thousandths % 1000).padStart(3, '0');
  return `${Math.floor(thousandths / 1000)}.${fraction.replace(/0$/, '')}`;
}

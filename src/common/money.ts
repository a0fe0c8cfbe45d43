/** Largest amount a DECIMAL(10,2) column takes, in cents. */
const CENTS_MAX = 9_999_999_999;

/** Money as the API takes it: up to eight digits, at most two decimals, no sign. */
export const MONEY_PATTERN = /^(0|[1-9][0-9]{0,7})(\.[0-9]{1,2})?$/;

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

/** Whether two decimal strings are the same sum: `"10"`, `"10.0"` and `"10.00"` are. */
export function isSameAmount(one: string, other: string): boolean {
  return MONEY_PATTERN.test(one) && MONEY_PATTERN.test(other) && toCents(one) === toCents(other);
}

export function fromCents(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

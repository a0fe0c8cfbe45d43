/**
 * An amount as its reader writes it.
 *
 * @param amount a decimal text as the API has it, formatted as such: no digit is lost to a floating point number.
 */
export function money(amount: string, currency: string): string {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
  return format.format(amount as Intl.StringNumericLiteral);
}

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromThousandths, inCurrency } from '../../src/common/money.js';
import { type Adjustment, adjustmentsIn, dueError, dueOf, subtotalOf } from '../../src/orders/adjustments.js';

const adjustment = (amount: string): Adjustment => ({ kind: 'fee', label: 'Something', amount });

const currencies = fc.constantFrom('JPY', 'EUR', 'KWD');
const UNIT: Readonly<Record<string, number>> = { JPY: 1000, EUR: 10, KWD: 1 };

/** Sums of a currency, in thousandths of it, as large as the column takes them. */
const money = fc.tuple(currencies, fc.nat({ max: 999_999_999_999 }), fc.array(fc.integer(), { maxLength: 8 }));

const text = (thousandths: number, currency: string): string => {
  const sign = thousandths < 0 ? '-' : '';
  return sign + inCurrency(fromThousandths(Math.abs(thousandths)), currency);
};

describe('what is due', () => {
  it('is the exact sum, and leads back to the price of the units', () => {
    fc.assert(
      fc.property(money, ([currency, units, parts]) => {
        const unit = UNIT[currency]!;
        const [price, sums] = [(units % 1e9) * unit, parts.map((part) => part * unit)];
        const due = sums.reduce((sum, part) => sum + part, price);
        const subtotal = text(price, currency);
        const adjustments = sums.map((sum) => adjustment(text(sum, currency)));
        expect(dueError(subtotal, currency, adjustments)?.field).toBe(due < 0 ? 'adjustments' : undefined);
        if (due < 0) return;
        expect(dueOf(subtotal, currency, adjustments)).toBe(text(due, currency));
        expect(subtotalOf(text(due, currency), currency, adjustments)).toBe(subtotal);
        expect(adjustmentsIn(currency, adjustments)).toEqual(adjustments);
      }),
    );
  });

  it.each([
    ['20.00', 'EUR', ['-20.00'], null],
    ['20.00', 'EUR', ['-20.01'], 'adjustments must come to 0 or more, with a subtotal of 20.00'],
    ['0.00', 'EUR', ['999999999999.99'], null],
    ['0.01', 'EUR', ['999999999999.99'], 'adjustments must come to 999999999999.99 at most, with a subtotal of 0.01'],
    ['20.00', 'EUR', ['1', '0.005'], 'adjustments.1.amount must have at most 2 decimals, as EUR has'],
    ['20', 'JPY', ['1.5'], 'adjustments.0.amount must have no decimals, as JPY has'],
    ['20.000', 'KWD', ['-0.005'], null],
  ])('of %s %s and %j is right, or says what is wrong: %s', (subtotal, currency, amounts, wrong) => {
    const error = dueError(subtotal, currency, amounts.map(adjustment));
    expect(error && `${error.field} ${error.message}`).toBe(wrong);
  });

  it.each([
    ['EUR', '-0.00', '0.00'],
    ['EUR', '-0.5', '-0.50'],
    ['JPY', '-0', '0'],
    ['KWD', '4', '4.000'],
  ])('is shown with the decimals of %s: %s as %s', (currency, amount, shown) => {
    expect(adjustmentsIn(currency, [adjustment(amount)])).toEqual([adjustment(shown)]);
  });
});

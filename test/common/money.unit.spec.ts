import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { amountOf, fromCents, MONEY_PATTERN, toCents } from '../../src/common/money.js';

describe('amountOf', () => {
  it.each([
    ['99.99', 1, '99.99'],
    ['0.10', 3, '0.30'],
    ['19.99', 10, '199.90'],
    ['1.1', 3, '3.30'],
    ['5', 2, '10.00'],
    ['0', 10, '0.00'],
    ['0.01', 1000, '10.00'],
    ['999999999999.99', 1, '999999999999.99'],
  ])('asks %s for one unit and so %s units cost %s', (price, quantity, amount) => {
    expect(amountOf(price, quantity)).toBe(amount);
  });

  it('tells when an amount is more than the database can keep', () => {
    expect(amountOf('999999999999.99', 1000)).toBeNull();
    expect(amountOf('500000000000.00', 2)).toBeNull();
    expect(amountOf('499999999999.99', 2)).toBe('999999999999.98');
  });

  it('agrees with counting in whole cents, for every price and quantity', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999_999 }), fc.integer({ min: 1, max: 1000 }), (cents, quantity) => {
        expect(toCents(amountOf(fromCents(cents), quantity)!)).toBe(cents * quantity);
      }),
    );
  });
});

describe('MONEY_PATTERN', () => {
  it.each(['0', '0.5', '0.05', '7', '10.00', '999999999999.99'])('takes %s', (money) => {
    expect(money).toMatch(MONEY_PATTERN);
  });

  it.each(['', '-1', '+1', '1.', '.5', '01', '1.234', '1e3', '1,5', ' 1', '1 ', '1\n', '1000000000000', 'NaN', '٣'])(
    'refuses "%s"',
    (money) => {
      expect(money).not.toMatch(MONEY_PATTERN);
    },
  );
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  amountOf,
  decimalsError,
  decimalsOf,
  fromParts,
  inCurrency,
  MONEY_PATTERN,
  toParts,
} from '../../src/common/money.js';

describe('amountOf', () => {
  it.each([
    ['99.99', 1, '99.99'],
    ['0.10', 3, '0.30'],
    ['19.99', 10, '199.90'],
    ['500', 2, '1000'],
    ['0', 10, '0'],
    ['1.250', 3, '3.750'],
    ['0.00', 10, '0.00'],
    ['0.01', 1000, '10.00'],
    ['999999999999.99', 1, '999999999999.99'],
    ['999999999999', 1, '999999999999'],
    ['999999999999.999', 1, '999999999999.999'],
  ])('asks %s for one unit and so %s units cost %s', (price, quantity, amount) => {
    expect(amountOf(price, quantity)).toBe(amount);
  });

  it('tells when an amount is more than the database can keep', () => {
    expect(amountOf('999999999999.99', 1000)).toBeNull();
    expect(amountOf('500000000000', 2)).toBeNull();
    expect(amountOf('999999999999.999', 1000)).toBeNull();
    expect(amountOf('500000000000.00', 2)).toBeNull();
    expect(amountOf('499999999999.99', 2)).toBe('999999999999.98');
  });

  it('agrees with counting in whole parts, for every price, quantity and number of decimals', () => {
    const [parts, quantity] = [fc.integer({ min: 0, max: 9_999_999 }), fc.integer({ min: 1, max: 1000 })];
    fc.assert(
      fc.property(parts, quantity, fc.integer({ min: 0, max: 3 }), (price, units, decimals) => {
        expect(toParts(amountOf(fromParts(price, decimals), units)!, decimals)).toBe(price * units);
      }),
    );
  });
});

describe('the decimals of a currency', () => {
  it.each([
    ['JPY', 0],
    ['EUR', 2],
    ['KWD', 3],
    ['CLF', 4],
    ['XXX', 2],
  ])('of %s are %s', (currency, decimals) => {
    expect(decimalsOf(currency)).toBe(decimals);
  });

  it.each([
    ['300.000', 'JPY', '300'],
    ['300', 'EUR', '300.00'],
    ['4.500', 'EUR', '4.50'],
    ['4.5', 'KWD', '4.500'],
    ['300.500', 'JPY', '300.5'],
  ])('%s in %s is shown as %s', (money, currency, shown) => {
    expect(inCurrency(money, currency)).toBe(shown);
  });

  it.each([
    ['400.50', 'JPY', 'must have no decimals, as JPY has'],
    ['400.00', 'JPY', 'must have no decimals, as JPY has'],
    ['400', 'JPY', null],
    ['4.505', 'EUR', 'must have at most 2 decimals, as EUR has'],
    ['4.5', 'EUR', null],
    ['4.505', 'KWD', null],
  ])('let %s through in %s, or say what is wrong: %s', (money, currency, error) => {
    expect(decimalsError(money, currency)).toBe(error);
  });
});

describe('MONEY_PATTERN', () => {
  it.each(['0', '0.5', '0.05', '7', '10.00', '1.234', '999999999999.99'])('takes %s', (money) => {
    expect(money).toMatch(MONEY_PATTERN);
  });

  it.each(['', '-1', '+1', '1.', '.5', '01', '1.2345', '1e3', '1,5', ' 1', '1 ', '1\n', '1000000000000', 'NaN', '٣'])(
    'refuses "%s"',
    (money) => {
      expect(money).not.toMatch(MONEY_PATTERN);
    },
  );
});

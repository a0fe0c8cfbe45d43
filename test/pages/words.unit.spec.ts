import { describe, expect, it } from '@jest/globals';
import { PROBLEMS } from '../../src/common/problem.js';
import { durationText, durationWords } from '../../web/shared/time.js';
import { stockWords, variantNames, wordsOf } from '../../web/storefront/words.js';

const MINUTE = 60_000;

describe('the time that is left', () => {
  it.each([
    [0, '0:00', '0 seconds'],
    [-5000, '0:00', '0 seconds'],
    // A begun second counts: nothing says 0:00 while there is time.
    [1, '0:01', '1 second'],
    [61_000, '1:01', '1 minute 1 second'],
    [60 * MINUTE, '1:00:00', '1 hour'],
    [(24 * 60 + 62) * MINUTE + 5000, '1 d 01:02:05', '1 day 1 hour'],
  ])('%d ms is %s, and %s aloud', (left, text, words) => {
    expect([durationText(left), durationWords(left)]).toEqual([text, words]);
  });
});

describe('what is left', () => {
  it.each([
    [{ available_stock: 0 }, 'none left'],
    [{ available_stock: 1 }, 'last one'],
    [{ available_stock: 7 }, '7 left'],
    [{ available_stock: null, availability: 'few' }, 'few left'],
    [{ available_stock: null, availability: 'some' }, 'available'],
    [{ available_stock: null, availability: 'none' }, 'none left'],
  ])('of %j is said as "%s"', (stock, words) => {
    expect(stockWords(stock)).toBe(words);
  });
});

describe('variants of one thing', () => {
  it.each([
    [['Runner, size 41', 'Runner, size 42'], 'Runner', ['41', '42']],
    [['Mug – red', 'Mug – blue'], 'Mug', ['red', 'blue']],
    [['Sneaker', 'Poster'], '', ['Sneaker', 'Poster']],
    [['Mug', 'Mug large'], '', ['Mug', 'Mug large']],
    [['Poster'], '', ['Poster']],
    [[], '', []],
  ])('%j have %j in common', (names, common, variants) => {
    expect(variantNames(names)).toEqual({ common, variants });
  });
});

describe('a refusal', () => {
  it('is said without its code, whatever it is', () => {
    for (const code of Object.keys(PROBLEMS)) {
      for (const problem of [{}, { limit: 3, reason: 'none_left' }]) {
        const words = wordsOf({ code, problem, retryAfterSeconds: 5 });
        expect(words).toMatch(/^[A-Z].*[.]$/);
        expect(words).not.toMatch(/error|invalid|\b[A-Z]{2,}_|\d{3}/i);
      }
    }
  });

  it('says how long to wait, how much one may have, and why there is no more time', () => {
    const told = { problem: {}, retryAfterSeconds: 9 };
    expect(wordsOf({ ...told, code: 'RATE_LIMITED' })).toContain('in 9 seconds');
    expect(wordsOf({ ...told, code: 'CUSTOMER_LIMIT_REACHED', problem: { limit: 2 } })).toContain('may have: 2');
    expect(wordsOf({ ...told, code: 'HOLD_NOT_EXTENDABLE', problem: { reason: 'expired' } })).toContain('run out');
  });
});

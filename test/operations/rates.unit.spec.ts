import { expect, it } from '@jest/globals';
import { quantileOf, ratesBetween, ratesOf, sumOf } from '../../src/operations/overview/rates.js';

const counts = (values: Record<string, number>) => new Map(Object.entries(values));

it('are what was counted more, a second; what was not is left out, and what is new begins at 0', () => {
  const before = counts({ holds: 100, checkouts: 7 });
  const after = counts({ holds: 150, checkouts: 7, 'refused INSUFFICIENT_STOCK': 5 });
  expect(ratesBetween(before, after, 10)).toEqual({ holds: 5, 'refused INSUFFICIENT_STOCK': 0.5 });
});

it('of several instances add up, by name', () => {
  const all = sumOf([{ holds: 5, 'refused A': 1 }, { holds: 2 }, { 'refused B': 3 }]);
  expect(all).toEqual({ holds: 7, 'refused A': 1, 'refused B': 3 });
  expect(ratesOf(all, 'refused ')).toEqual({ A: 1, B: 3 });
});

it('give the time that a share of all stayed below, evenly between two bounds', () => {
  const spread = { 'ms 0.1': 0, 'ms 0.2': 50, 'ms 0.5': 100, 'ms +Inf': 100 };
  expect(quantileOf(spread, 'ms ', 0.25)).toBeCloseTo(0.15);
  expect(quantileOf(spread, 'ms ', 0.5)).toBeCloseTo(0.2);
  expect(quantileOf(spread, 'ms ', 0.99)).toBeCloseTo(0.494);
});

it('give the last bound for what is past all of them, and nothing where nothing was measured', () => {
  expect(quantileOf({ 'ms 0.1': 1, 'ms +Inf': 100 }, 'ms ', 0.99)).toBe(0.1);
  expect(quantileOf({}, 'ms ', 0.99)).toBeNull();
  expect(quantileOf({ 'ms 0.1': 0, 'ms +Inf': 0 }, 'ms ', 0.99)).toBeNull();
});

import { describe, expect, it } from '@jest/globals';
import { type DomainError } from '../../src/common/problem.js';
import { changeOf, endingOf, newSale, pauseOf, resumptionOf } from '../../src/sales/sale-changes.js';
import { type SaleRow, stateOf, termsOf } from '../../src/sales/sales.types.js';

const NOW = '2026-11-27 12:00:00.000';

/** A sale that opened an hour ago and ends in an hour. */
const sale = (overrides: Partial<SaleRow> = {}): SaleRow => ({
  id: 7,
  name: 'Black Friday',
  starts_at: '2026-11-27 11:00:00.000',
  ends_at: '2026-11-27 13:00:00.000',
  ended_at: null,
  paused_at: null,
  hold_seconds: null,
  payment_seconds: null,
  hold_extensions: null,
  processing_seconds: null,
  show_stock: null,
  max_per_customer: null,
  early: null,
  is_start_told: 1,
  is_end_told: 0,
  server_time: NOW,
  ...overrides,
});
const scheduled = { starts_at: '2026-11-27 12:30:00.000' };
const ISO = { starts_at: '2026-11-27T12:30:00Z' };
const over = { ends_at: '2026-11-27 12:00:00.000' };
const endedByHand = { ended_at: '2026-11-27 11:30:00.000' };
const paused = { paused_at: '2026-11-27 11:30:00.000' };

/** What a decision refuses with: its code, and of a wrong body the fields with their messages. */
function refusal(decide: () => unknown): unknown {
  try {
    return decide();
  } catch (error) {
    const { code, extensions } = error as DomainError;
    const errors = extensions?.errors as { field: string; message: string }[] | undefined;
    return errors?.map(({ field, message }) => `${field} ${message}`) ?? code;
  }
}

describe('the state of a sale', () => {
  const stateAt = (now: string, overrides: Partial<SaleRow> = {}) => stateOf(termsOf(sale(overrides)), now);

  it('is open from the very millisecond of its start to the last one before its end', () => {
    expect(stateAt('2026-11-27 10:59:59.999')).toBe('scheduled');
    expect(stateAt('2026-11-27 11:00:00.000')).toBe('open');
    expect(stateAt('2026-11-27 12:59:59.999')).toBe('open');
    expect(stateAt('2026-11-27 13:00:00.000')).toBe('ended');
  });

  it('is open for good without an end', () => {
    expect(stateAt('2030-01-01 00:00:00.000', { ends_at: null })).toBe('open');
  });

  it('is paused before the start, too, and ended whether it was paused or not', () => {
    expect(stateAt('2026-11-27 10:00:00.000', paused)).toBe('paused');
    expect(stateAt(NOW, paused)).toBe('paused');
    expect(stateAt('2026-11-27 13:00:00.000', paused)).toBe('ended');
  });

  it('is ended from when an operator ended it, before the start or before the planned end', () => {
    expect(stateAt(NOW, endedByHand)).toBe('ended');
    expect(stateAt(NOW, { ...scheduled, ended_at: NOW })).toBe('ended');
    expect(stateAt('2026-11-27 11:29:59.999', endedByHand)).toBe('open');
  });

  it('of a product without a sale is open', () => {
    expect(stateOf({ on_sale_from: null, on_sale_until: null, is_paused: 0, early: null }, NOW)).toBe('open');
  });
});

describe('a new sale', () => {
  const made = (times: { starts_at?: string; ends_at?: string | null }) =>
    refusal(() => newSale({ name: 'x', ...times }, NOW));

  it('starts now without a start, and with one of the last minute', () => {
    expect(made({})).toMatchObject({ starts_at: NOW, ends_at: null });
    expect(made({ starts_at: '2026-11-27T11:59:00.000Z' })).toMatchObject({ starts_at: NOW });
    expect(made({ starts_at: '2026-11-27T11:58:59.999Z' })).toEqual([expect.stringMatching(/^starts_at is past/)]);
  });

  it('has its times in UTC whatever offset they come with', () => {
    expect(made({ starts_at: '2026-11-27T14:00+01:00', ends_at: '2026-11-27T13:00:00.5-08:00' })).toMatchObject({
      starts_at: '2026-11-27 13:00:00.000',
      ends_at: '2026-11-27 21:00:00.500',
    });
  });

  it.each([
    ['an end that is past', { ends_at: '2026-11-27T12:00:00Z' }, /^ends_at is past/],
    [
      'an end before the start',
      { starts_at: '2026-11-28T12:00Z', ends_at: '2026-11-28T11:00Z' },
      /^ends_at must be after/,
    ],
    ['an end at the start', { starts_at: '2026-11-28T12:00Z', ends_at: '2026-11-28T12:00Z' }, /^ends_at must be after/],
    ['a start in over 366 days', { starts_at: '2027-11-28T12:00:00.001Z' }, /^starts_at is more than 366 days/],
    ['a window of over 366 days', { ends_at: '2027-11-28T12:00:00.001Z' }, /^ends_at is more than 366 days/],
    ['a day that is none', { starts_at: '2027-02-29T12:00Z' }, /^starts_at is a day that the calendar/],
    ['an end on a day that is none', { ends_at: '2027-04-31T12:00Z' }, /^ends_at is a day that the calendar/],
    ['a start after the last year', { starts_at: '9999-12-31T23:59:59-05:00' }, /^starts_at must be within the years/],
    ['a start before the first year', { starts_at: '0000-01-01T00:00+14:00' }, /^starts_at must be within the years/],
    ['an end after the last year', { ends_at: '9999-12-31T23:59:59-05:00' }, /^ends_at must be within the years/],
  ])('is refused with %s', (_what, times, message) => {
    expect(made(times)).toEqual([expect.stringMatching(message)]);
  });

  it('may be 366 days away and last as long', () => {
    expect(made({ starts_at: '2027-11-28T12:00Z', ends_at: '2028-11-28T12:00Z' })).toMatchObject({
      ends_at: '2028-11-28 12:00:00.000',
    });
  });
});

describe('a change', () => {
  const changed = (overrides: Partial<SaleRow>, change: Parameters<typeof changeOf>[1]) =>
    refusal(() => changeOf(sale(overrides), change));

  it('moves the start until it has passed', () => {
    expect(changed(scheduled, { starts_at: '2026-11-27T12:45:00Z' })).toEqual({ starts_at: '2026-11-27 12:45:00.000' });
    expect(changed({ starts_at: NOW }, { starts_at: '2026-11-27T12:45:00Z' })).toBe('SALE_STARTED');
  });

  it('is none to a start of the minute before the one that it has, which was kept as the now of then', () => {
    for (const [starts_at, told] of [
      ['2026-11-27T10:59:00Z', {}],
      ['2026-11-27T10:58:59.999Z', 'SALE_STARTED'],
      ['2026-11-27T11:00:00.001Z', 'SALE_STARTED'],
    ] as const)
      expect(changed({}, { starts_at })).toEqual(told);
    const earlier = { starts_at: '2026-11-27T12:29:30Z' };
    expect(changed(scheduled, earlier)).toEqual({ starts_at: '2026-11-27 12:29:30.000' });
  });

  it('is none where all is so already, ended or not', () => {
    const same = { name: 'Black Friday', starts_at: '2026-11-27T12:00:00.000+01:00', ends_at: '2026-11-27T13:00:00Z' };
    expect(changed({}, same)).toEqual({});
    expect(changed(endedByHand, same)).toEqual({});
    expect(changed({ ends_at: null }, { ends_at: null })).toEqual({});
  });

  it('moves the end, or takes it away, and keeps it after the start', () => {
    expect(changed({}, { ends_at: '2026-11-27T12:00:00.001Z' })).toEqual({ ends_at: '2026-11-27 12:00:00.001' });
    expect(changed({}, { ends_at: null })).toEqual({ ends_at: null });
    expect(changed({}, { ends_at: '2026-11-27T12:00:00Z' })).toEqual([expect.stringMatching(/^ends_at is past/)]);
    expect(changed(scheduled, { ends_at: '2026-11-27T12:30:00Z' })).toEqual([expect.stringMatching(/must be after/)]);
    expect(changed(scheduled, { starts_at: '2026-11-27T13:30:00Z' })).toEqual([expect.stringMatching(/must be after/)]);
    expect(changed({ ends_at: null }, { ends_at: '2027-02-30T13:30:00Z' })).toEqual([
      expect.stringMatching(/calendar/),
    ]);
  });

  it('gives terms and takes them away, until the end', () => {
    const terms = { hold_seconds: 60, payment_seconds: null, hold_extensions: 0, show_stock: 'few' } as const;
    expect(changed({}, terms)).toEqual({ hold_seconds: 60, hold_extensions: 0, show_stock: 'few' });
    expect(changed({ hold_seconds: 60 }, { hold_seconds: null })).toEqual({ hold_seconds: null });
    expect(changed({ hold_seconds: 60 }, { hold_seconds: 60 })).toEqual({});
    expect(changed(over, { hold_seconds: 60 })).toBe('SALE_ENDED');
  });

  it('of what has ended is one of its name', () => {
    for (const ended of [over, endedByHand, { ...scheduled, ...endedByHand }]) {
      expect(changed(ended, { name: 'renamed' })).toEqual({ name: 'renamed' });
      expect(changed(ended, { name: 'renamed', ends_at: null })).toBe('SALE_ENDED');
      expect(changed(ended, { starts_at: '2026-11-27T12:45:00Z' })).toBe('SALE_ENDED');
    }
  });
});

describe('pause, resume and end', () => {
  it('change nothing when they are repeated', () => {
    expect(pauseOf(sale(paused))).toEqual({});
    expect(resumptionOf(sale())).toEqual({});
    expect(endingOf(sale(endedByHand))).toEqual({});
    expect(endingOf(sale(over))).toEqual({});
  });

  it('are of the instant at which they are decided, before the start, too', () => {
    expect(pauseOf(sale(scheduled))).toEqual({ paused_at: NOW });
    expect(resumptionOf(sale(paused))).toEqual({ paused_at: null });
    expect(endingOf(sale(paused))).toEqual({ ended_at: NOW });
  });

  it('are refused of what has ended, but for what is so already', () => {
    expect(refusal(() => pauseOf(sale(over)))).toBe('SALE_ENDED');
    expect(refusal(() => pauseOf(sale({ ...over, ...paused })))).toEqual({});
    expect(refusal(() => resumptionOf(sale({ ...over, ...paused })))).toBe('SALE_ENDED');
    expect(refusal(() => resumptionOf(sale(endedByHand)))).toBe('SALE_ENDED');
  });
});

describe('an early start', () => {
  const members = { group: 'members', starts_at: '2026-11-27T13:20:00+01:00' };
  const asRow = JSON.stringify([{ group: 'members', starts_at: '2026-11-27 12:20:00.000' }]);

  it('is kept in UTC, and an empty list as none', () => {
    const wanted = { name: 'x', starts_at: '2026-11-27T12:30:00Z' };
    expect(newSale({ ...wanted, early: [members] }, NOW)).toMatchObject({ early: asRow });
    for (const early of [[], null]) expect(newSale({ ...wanted, early }, NOW)).toMatchObject({ early: null });
  });

  it('must be before the start of the sale, whichever of both is changed', () => {
    const late = { group: 'late', starts_at: '2026-11-27T12:30:00Z' };
    const message = 'must be before the starts_at of the sale';
    const told = [`early.1.starts_at ${message}`];
    expect(refusal(() => newSale({ name: 'x', ...ISO, early: [members, late] }, NOW))).toEqual(told);
    expect(refusal(() => changeOf(sale(scheduled), { early: [members, late] }))).toEqual(told);
    const earlier = { starts_at: '2026-11-27T12:10:00Z' };
    expect(refusal(() => changeOf(sale({ ...scheduled, early: asRow }), earlier))).toEqual([
      `early.0.starts_at ${message}`,
    ]);
  });

  it.each(['9999-12-31T23:59:59-05:00', '0000-01-01T00:00+14:00'])(
    'is not at %s, which as text would come before all others',
    (starts_at) => {
      const early = [members, { group: 'late', starts_at }];
      const told = ['early.1.starts_at must be within the years 0000 to 9999, in UTC'];
      expect(refusal(() => newSale({ name: 'x', ...ISO, early }, NOW))).toEqual(told);
      expect(refusal(() => changeOf(sale(scheduled), { early }))).toEqual(told);
    },
  );

  it('changes nothing where it is so already, and is taken away by null', () => {
    const known = sale({ ...scheduled, early: asRow });
    expect(changeOf(known, { early: [members] })).toEqual({});
    expect(changeOf(known, { early: null })).toEqual({ early: null });
    expect(refusal(() => changeOf(sale({ ...over, early: asRow }), { early: null }))).toBe('SALE_ENDED');
  });
});

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { actOfCli } from '../../../src/access/operator.js';
import { Door, instant } from '../../../src/holds/granting/door.js';
import type { ProductsService } from '../../../src/products/products.service.js';
import type { ProductRow } from '../../../src/products/products.types.js';
import { newHold, productRow } from '../../support/decisions.js';

const NOW = '2026-11-27 11:59:00.000';
const START = '2026-11-27 12:00:00.000';

/** Both clocks of the process, in milliseconds. */
const clocks = { steady: 0, wall: 0 };
beforeEach(() => {
  Object.assign(clocks, { steady: 1000, wall: 5_000_000 });
  jest.spyOn(performance, 'now').mockImplementation(() => clocks.steady);
  jest.spyOn(Date, 'now').mockImplementation(() => clocks.wall);
});
afterEach(() => {
  jest.restoreAllMocks();
});

function pass(ms: number, wallMs = ms): void {
  clocks.steady += ms;
  clocks.wall += wallMs;
}

/** A door that knows the product, and was told the time by a question that took so long. */
function doorFor(product: Partial<ProductRow> | null, { now = NOW, tookMs = 0 } = {}): Door {
  const known = product === null ? undefined : productRow({ on_sale_from: START, ...product });
  const door = new Door({ peekProduct: () => known } as unknown as ProductsService);
  const askedAt = instant();
  pass(tookMs);
  door.note(now, askedAt);
  return door;
}

const isRefused = (door: Door): boolean => door.refusal(newHold()) !== null;

describe('the door', () => {
  it('refuses who comes before the start, and tells the time to it, rounded up', () => {
    const door = doorFor({}, { now: '2026-11-27 11:58:59.400' });
    expect(door.refusal(newHold())).toMatchObject({
      code: 'SALE_NOT_STARTED',
      extensions: { starts_at: '2026-11-27T12:00:00.000Z' },
      retryAfterSeconds: 61,
    });
    pass(1000);
    expect(door.refusal(newHold())).toMatchObject({ retryAfterSeconds: 60 });
  });

  it('says nothing of a request with a key, nor of an operator’s', () => {
    const door = doorFor({});
    expect(door.refusal(newHold({ keyed: { key: 'a key of its own', content: '1:1' } }))).toBeNull();
    const byHand = { act: actOfCli(), expiresAt: START, override: [] };
    expect(door.refusal(newHold({ byHand }))).toBeNull();
  });

  it.each([
    ['that it does not know', null],
    ['without a sale', { on_sale_from: null }],
    ['that is archived', { is_archived: 1 }],
    ['that is paused', { is_paused: 1 }],
    ['whose sale is over', { on_sale_until: '2026-11-27 11:00:00.000' }],
  ] as const)('says nothing of a product %s', (_what, product) => {
    expect(isRefused(doorFor(product))).toBe(false);
  });

  it('says nothing before it was told the time, and nothing five seconds later', () => {
    expect(isRefused(new Door({ peekProduct: () => productRow({ on_sale_from: START }) } as never))).toBe(false);
    const door = doorFor({});
    pass(5000);
    expect(isRefused(door)).toBe(true);
    pass(1);
    expect(isRefused(door)).toBe(false);
  });

  it('leaves the last second before the start to the lock, to the millisecond', () => {
    expect(isRefused(doorFor({}, { now: '2026-11-27 11:59:58.999' }))).toBe(true);
    expect(isRefused(doorFor({}, { now: '2026-11-27 11:59:59.000' }))).toBe(false);
    const door = doorFor({}, { now: '2026-11-27 11:59:58.000' });
    pass(999);
    expect(isRefused(door)).toBe(true);
    pass(1);
    expect(isRefused(door)).toBe(false);
  });

  it('goes by the start of the buyer’s groups, where they have an earlier one', () => {
    const early = JSON.stringify([{ group: 'members', starts_at: '2026-11-27 11:59:30.000' }]);
    const member = { customerId: 'c_42', limitKey: 'c_42', groups: ['members'] };
    const door = doorFor({ early }, { now: '2026-11-27 11:59:28.999' });
    expect(door.refusal(newHold({ buyer: member }))).toMatchObject({
      extensions: { starts_at: '2026-11-27T11:59:30.000Z' },
      retryAfterSeconds: 2,
    });
    pass(1);
    expect(door.refusal(newHold({ buyer: member }))).toBeNull();
    expect(door.refusal(newHold({ buyer: { ...member, groups: ['press'] } }))).not.toBeNull();
    expect(isRefused(door)).toBe(true);
  });

  it('takes the database’s time for as late as it may be: it was read when it was asked for', () => {
    expect(isRefused(doorFor({}, { now: '2026-11-27 11:59:57.000', tookMs: 1999 }))).toBe(true);
    expect(isRefused(doorFor({}, { now: '2026-11-27 11:59:57.000', tookMs: 2000 }))).toBe(false);
  });

  it.each([-3_600_000, 3_600_000])('does not care by how much the machine’s clock is wrong: %d ms', (wrong) => {
    clocks.wall += wrong;
    const door = doorFor({}, { now: '2026-11-27 11:59:57.000' });
    pass(1999);
    expect(isRefused(door)).toBe(true);
    pass(1);
    expect(isRefused(door)).toBe(false);
  });

  it('notices that the machine slept, or that its clock was set', () => {
    const asleep = doorFor({}, { now: '2026-11-27 11:59:57.000' });
    pass(0, 2000);
    expect(isRefused(asleep)).toBe(false);
    const setBack = doorFor({}, { now: '2026-11-27 11:59:57.000' });
    pass(2000, -3_600_000);
    expect(isRefused(setBack)).toBe(false);
  });
});

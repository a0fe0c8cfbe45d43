import { describe, expect, it } from '@jest/globals';
import { saleIsOpen } from '../../../src/holds/granting/rules/sale-is-open.js';
import type { ProductRow } from '../../../src/products/products.types.js';
import { grantFacts, newHold, productRow } from '../../support/decisions.js';

const NOW = '2026-11-27 12:00:00.000';
const WINDOW = { sale_id: 7, on_sale_from: NOW, on_sale_until: '2026-11-27 13:00:00.000' };

const refusalAt = (now: string, overrides: Partial<ProductRow> = WINDOW, groups: readonly string[] | null = null) => {
  const buyer = groups && { customerId: 'c_42', limitKey: 'c_42', groups };
  return saleIsOpen.refuse(newHold({ buyer }), grantFacts(productRow(overrides), { now }));
};

describe('a hold of a product in a sale', () => {
  it('is let from the very millisecond of the start to the last one before the end', () => {
    expect([refusalAt(NOW), refusalAt('2026-11-27 12:59:59.999')]).toEqual([null, null]);
    expect(refusalAt('2026-11-27 13:00:00.000')).toMatchObject({ code: 'SALE_ENDED' });
  });

  it('is told before the start when to come, in whole seconds that are enough', () => {
    const starts_at = '2026-11-27T12:00:00.000Z';
    const told = { code: 'SALE_NOT_STARTED', extensions: { starts_at } };
    expect(refusalAt('2026-11-27 11:59:59.999')).toMatchObject({ ...told, retryAfterSeconds: 1 });
    expect(refusalAt('2026-11-27 11:59:59.000')).toMatchObject({ ...told, retryAfterSeconds: 1 });
    expect(refusalAt('2026-11-27 11:59:58.999')).toMatchObject({ ...told, retryAfterSeconds: 2 });
  });

  it('is refused in a pause, which is told before the start, too, and not after the end', () => {
    const paused = { ...WINDOW, is_paused: 1 } as const;
    expect(refusalAt(NOW, paused)).toMatchObject({ code: 'SALE_PAUSED' });
    expect(refusalAt('2026-11-27 11:00:00.000', paused)).toMatchObject({ code: 'SALE_PAUSED' });
    expect(refusalAt('2026-11-27 14:00:00.000', paused)).toMatchObject({ code: 'SALE_ENDED' });
  });

  it('is let at any time where there is no sale, and without an end for good', () => {
    expect(refusalAt(NOW, {})).toBeNull();
    expect(refusalAt('2030-01-01 00:00:00.000', { ...WINDOW, on_sale_until: null })).toBeNull();
  });

  it('is let earlier to who is of a group that is, by the earliest of his groups, and to nobody else', () => {
    const early = JSON.stringify([
      { group: 'members', starts_at: '2026-11-27 11:00:00.000' },
      { group: 'staff', starts_at: '2026-11-27 10:00:00.000' },
    ]);
    const window = { ...WINDOW, early };
    const justBefore = '2026-11-27 10:59:59.999';
    const told = (starts_at: string) => ({ code: 'SALE_NOT_STARTED', extensions: { starts_at } });
    expect(refusalAt('2026-11-27 11:00:00.000', window, ['members'])).toBeNull();
    expect(refusalAt(justBefore, window, ['members'])).toMatchObject({
      ...told('2026-11-27T11:00:00.000Z'),
      retryAfterSeconds: 1,
    });
    expect(refusalAt(justBefore, window, ['members', 'staff'])).toBeNull();
    for (const groups of [null, [], ['Members']]) {
      expect(refusalAt('2026-11-27 11:59:59.999', window, groups)).toMatchObject(told('2026-11-27T12:00:00.000Z'));
      expect(refusalAt(NOW, window, groups)).toBeNull();
    }
    expect(refusalAt('2026-11-27 11:00:00.000', { ...window, is_paused: 1 }, ['members'])).toMatchObject({
      code: 'SALE_PAUSED',
    });
  });
});

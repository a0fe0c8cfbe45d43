import { describe, expect, it } from '@jest/globals';
import { RecentKeys } from '../../src/idempotency/recent-keys.js';

describe('RecentKeys', () => {
  it('remembers what was added lately, and forgets what is long past, however much comes', () => {
    const keys = new RecentKeys();
    for (let n = 0; n < 200_000; n++) keys.add(`key-${n}`);
    const remembered = Array.from({ length: 200_000 }, (_, n) => n).filter((n) => keys.has(`key-${n}`));
    expect(remembered.length).toBeGreaterThanOrEqual(25_000);
    expect(remembered.length).toBeLessThanOrEqual(50_000);
    expect(remembered[0]).toBe(200_000 - remembered.length);
  });
});

import { describe, expect, it } from '@jest/globals';
import { Throttle } from '../../src/common/throttle.js';

describe('a throttle', () => {
  it('lets the first of each interval through, and tells how many it held back', () => {
    let nowMs = 5;
    const throttle = new Throttle(100, () => nowMs);
    expect([throttle.pass(), throttle.pass(), throttle.pass()]).toEqual([0, null, null]);
    nowMs += 99;
    expect(throttle.pass()).toBeNull();
    nowMs += 1;
    expect([throttle.pass(), throttle.pass()]).toEqual([3, null]);
    nowMs += 100;
    expect(throttle.pass()).toBe(1);
  });
});

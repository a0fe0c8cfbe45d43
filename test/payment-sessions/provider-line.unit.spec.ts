import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProviderLine } from '../../src/payment-sessions/provider-line.js';

let now: number;
let line: ProviderLine;

beforeEach(() => {
  now = 0;
  line = new ProviderLine(
    10,
    () => now,
    (ms) => Promise.resolve((now += ms)),
  );
});

const fail = (times: number): void => {
  for (let time = 0; time < times; time++) line.failed();
};

describe('a line to a provider', () => {
  it('gives turns at its pace, and the first at once', async () => {
    const at: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      await line.turn();
      at.push(now);
    }
    expect(at).toEqual([0, 100, 200, 300]);
  });

  it('does not catch up what was not asked for', async () => {
    await line.turn();
    now = 5000;
    await line.turn();
    await line.turn();
    expect(now).toBe(5100);
  });

  it('waits for as long as a busy provider says', async () => {
    line.busyFor(7000);
    await line.turn();
    expect(now).toBe(7000);
    expect(line.isNear).toBe(true);
  });

  it('has no room while the provider is away, and then for one call that finds out', () => {
    expect(line.room).toBe(10);
    fail(3);
    expect([line.isNear, line.isUp, line.room, line.awayMs]).toEqual([false, false, 0, 2000]);
    now = 2000;
    // Nobody here may ever ask again, and another process finds it.
    expect([line.isNear, line.isUp, line.room]).toEqual([false, true, 1]);
    line.answered();
    expect([line.isNear, line.isUp, line.room]).toEqual([true, true, 10]);
  });

  it('leaves it alone for longer each time, and for a minute at most', () => {
    fail(3);
    const pauses: number[] = [];
    for (let time = 0; time < 7; time++) {
      pauses.push(line.awayMs);
      now += line.awayMs;
      line.failed();
    }
    expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('is near after failures that were not in a row', () => {
    fail(2);
    line.answered();
    fail(2);
    expect(line.isNear).toBe(true);
  });
});

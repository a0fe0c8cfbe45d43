import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Claim, CLAIM_SECONDS } from '../../src/deliveries/claim.js';

const TRY_MS = 11_000;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('a claim', () => {
  const begun = async (renew: () => Promise<boolean>): Promise<Claim> => {
    const claim = new Claim(renew);
    expect(claim.covers(0)).toBe(false);
    expect(await claim.begin(() => Promise.resolve('the endpoint'))).toBe('the endpoint');
    return claim;
  };

  it('lasts for as long as it is renewed, and covers a try at every moment', async () => {
    const renew = jest.fn(() => Promise.resolve(true));
    const claim = await begun(renew);
    for (let second = 0; second < 120; second++) {
      expect(claim.covers(TRY_MS)).toBe(true);
      await jest.advanceTimersByTimeAsync(1000);
    }
    claim.stop();
    const asked = renew.mock.calls.length;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(renew).toHaveBeenCalledTimes(asked);
    expect(claim.covers(0)).toBe(false);
  });

  it('covers no try that may outlast it, while the database does not answer', async () => {
    const claim = await begun(() => new Promise(() => undefined));
    const left = CLAIM_SECONDS * 1000 - TRY_MS;
    await jest.advanceTimersByTimeAsync(left - 1);
    expect(claim.covers(TRY_MS)).toBe(true);
    await jest.advanceTimersByTimeAsync(1);
    expect(claim.covers(TRY_MS)).toBe(false);
    claim.stop();
  });

  it('counts from before the database was asked, however late it answers', async () => {
    const claim = new Claim(() => Promise.resolve(true));
    const begins = claim.begin(() => new Promise<string>((answer) => setTimeout(answer, 15_000, 'the endpoint')));
    await jest.advanceTimersByTimeAsync(15_000);
    await begins;
    expect([claim.covers(4999), claim.covers(5000)]).toEqual([true, false]);
    claim.stop();
  });

  it('counts a renewal from before the database was asked, too', async () => {
    const claim = await begun(() => new Promise((answer) => setTimeout(answer, 3000, true)));
    await jest.advanceTimersByTimeAsync(7000);
    // It was asked after four seconds.
    expect([claim.covers(16_999), claim.covers(17_000)]).toEqual([true, false]);
    claim.stop();
  });

  it('lasts by the latest question, whichever answer comes last', async () => {
    const delays = [5000, 500];
    const claim = await begun(() => new Promise((answer) => setTimeout(answer, delays.shift() ?? 0, true)));
    await jest.advanceTimersByTimeAsync(9000);
    expect([claim.covers(18_999), claim.covers(19_000)]).toEqual([true, false]);
    claim.stop();
  });

  it('goes on after a renewal that failed', async () => {
    let fails = 2;
    const claim = await begun(() => (fails-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve(true)));
    await jest.advanceTimersByTimeAsync(12_000);
    expect(claim.covers(TRY_MS)).toBe(true);
    claim.stop();
  });

  it('that was lost covers nothing, and is not asked for again', async () => {
    const answers = [false, true, true];
    const renew = jest.fn(() => Promise.resolve(answers.shift() ?? true));
    const claim = await begun(renew);
    await jest.advanceTimersByTimeAsync(4000);
    expect(claim.covers(0)).toBe(false);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(renew).toHaveBeenCalledTimes(1);
    expect(claim.covers(0)).toBe(false);
  });

  it('that can not be had begins nothing', async () => {
    const renew = jest.fn(() => Promise.resolve(true));
    const claim = new Claim(renew);
    expect(await claim.begin(() => Promise.resolve(null))).toBeNull();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(renew).not.toHaveBeenCalled();
    expect(claim.covers(0)).toBe(false);
  });
});

import { describe, expect, it } from '@jest/globals';
import { retry, type RetryPolicy } from '../../src/common/retry.js';

const policy: RetryPolicy = {
  triesMax: 3,
  isTransient: (error) => (error as Error).message.startsWith('transient'),
  delayMs: (tryNumber) => tryNumber,
  sleep: () => Promise.resolve(),
};

/** Runs work that fails with these errors in turn and then succeeds; tells what each try was given. */
async function runThrough(...errors: Error[]) {
  const given: unknown[] = [];
  const outcome = await retry((previousError) => {
    given.push(previousError);
    const error = errors[given.length - 1];
    return error === undefined ? Promise.resolve('done') : Promise.reject(error);
  }, policy).catch((error: unknown) => error);
  return { outcome, given };
}

describe('retry', () => {
  const [first, second, third] = ['transient 1', 'transient 2', 'transient 3'].map((message) => new Error(message));

  it('runs the work again after transient errors, and tells it of the last one', async () => {
    expect(await runThrough(first!, second!)).toEqual({ outcome: 'done', given: [undefined, first, second] });
  });

  it('gives up with the last error after triesMax tries', async () => {
    const { outcome, given } = await runThrough(first!, second!, third!);
    expect([outcome, given.length]).toEqual([third, 3]);
  });

  it('gives up at once on any other error', async () => {
    const lasting = new Error('lasting');
    expect(await runThrough(first!, lasting)).toEqual({ outcome: lasting, given: [undefined, first] });
  });

  it('rejects when the work or the pause throws', async () => {
    const broken = new Error('broken');
    const throwAtTry = (failing: number) => {
      let tries = 0;
      return () => {
        if (++tries === failing) throw broken;
        return Promise.reject(first!);
      };
    };
    await expect(retry(throwAtTry(1), policy)).rejects.toBe(broken);
    await expect(retry(throwAtTry(2), policy)).rejects.toBe(broken);
    const delayMs = () => {
      throw broken;
    };
    await expect(retry(() => Promise.reject(first!), { ...policy, delayMs })).rejects.toBe(broken);
  });
});

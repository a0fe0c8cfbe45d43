export interface RetryPolicy {
  /** How many times the work is run at most, the first time included. */
  readonly triesMax: number;
  /** Whether the same work may succeed when it is run again from the start. */
  isTransient(error: unknown): boolean;
  /** Pause before try `n` (2, 3, …), in milliseconds. */
  delayMs(tryNumber: number): number;
  sleep(ms: number): Promise<void>;
}

/** Runs `work` until it succeeds, fails for good, or has been tried `triesMax` times; then its error is thrown. */
export async function retry<T>(work: (previousError: unknown) => Promise<T>, policy: RetryPolicy): Promise<T> {
  let previousError: unknown;
  for (let tryNumber = 1; ; tryNumber++) {
    try {
      return await work(previousError);
    } catch (error) {
      if (tryNumber >= policy.triesMax || !policy.isTransient(error)) throw error;
      previousError = error;
      await policy.sleep(policy.delayMs(tryNumber + 1));
    }
  }
}

/** Doubles from 5 ms to 320 ms; a random half keeps two losers of one deadlock from meeting again. */
export function backoffWithJitterMs(tryNumber: number): number {
  const ceiling = 5 * 2 ** Math.min(tryNumber - 1, 6);
  return ceiling / 2 + Math.random() * (ceiling / 2);
}

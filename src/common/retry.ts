export interface RetryPolicy {
  /** How many times the work is run at most, the first time included. */
  readonly triesMax: number;
  /** Whether the same work may succeed when it is run again from the start. Must not throw. */
  isTransient(error: unknown): boolean;
  /** Pause before try `n` (2, 3, …), in milliseconds. */
  delayMs(tryNumber: number): number;
  sleep(ms: number): Promise<void>;
}

/** Runs `work` until it succeeds, fails for good, or has been tried `triesMax` times; then its error is thrown. */
export function retry<T>(work: (previousError: unknown) => Promise<T>, policy: RetryPolicy): Promise<T> {
  // With callbacks, since a refusal on its way through an async function is thrown anew, and when a sale is sold
  // out that costs more than the rest of the answer.
  return new Promise((resolve, reject) => {
    let tryNumber = 0;
    const attempt = (previousError?: unknown): void => {
      tryNumber++;
      work(previousError).then(resolve, (error: Error) => {
        if (tryNumber >= policy.triesMax || !policy.isTransient(error)) reject(error);
        else void again(error).catch(reject);
      });
    };
    const again = async (error: unknown): Promise<void> => {
      await policy.sleep(policy.delayMs(tryNumber + 1));
      attempt(error);
    };
    attempt();
  });
}

/** Doubles from 5 ms to 320 ms; a random half keeps two losers of one deadlock from meeting again. */
export function backoffWithJitterMs(tryNumber: number): number {
  const ceiling = 5 * 2 ** Math.min(tryNumber - 1, 6);
  return ceiling / 2 + Math.random() * (ceiling / 2);
}

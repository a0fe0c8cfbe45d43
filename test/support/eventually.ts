import { setTimeout as pause } from 'node:timers/promises';

/**
 * Runs `check` until it stops throwing, and returns what it returns.
 *
 * The patience is for what never comes: a busy machine must not run out of it.
 *
 * @throws the last error of `check` when `timeoutMs` have passed.
 */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 60_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await pause(10);
  }
}

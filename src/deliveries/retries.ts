const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];

/** How long after each failed try the next one comes, as Standard Webhooks recommends: over three days in all. */
const PAUSES_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/** Milliseconds until the next try, after so many that failed; null: that was the last one. */
export function pauseAfter(attempts: number): number | null {
  return PAUSES_MS[attempts - 1] ?? null;
}

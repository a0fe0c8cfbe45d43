/** What is said of work that was not done in time. */
class TimeLimitError extends Error {
  constructor(limitMs: number) {
    super(`Not done within ${limitMs} ms`);
    this.name = 'TimeLimitError';
  }
}

/**
 * The result of the work, which goes on by itself when it is not done in time.
 *
 * @throws TimeLimitError after `limitMs`, or what the work throws before.
 */
export async function withinLimit<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeLimitError(limitMs)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

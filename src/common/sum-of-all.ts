/** Some parts of a work failed; the others are done. */
export class PartlyDoneError extends Error {
  constructor(
    /** The sum of what the other parts did. */
    readonly done: number,
    failures: readonly string[],
    causes: readonly unknown[],
  ) {
    const [told, rest] = [failures.slice(0, 10), failures.length - 10];
    super(`${failures.length} failed, the others are done: ${told.join('; ')}${rest > 0 ? `; ${rest} more` : ''}`, {
      cause: causes[0],
    });
    this.name = 'PartlyDoneError';
  }
}

/**
 * Does the work for one item after the other, so that one that can't be done stops none of the others.
 *
 * @returns the sum of what was done.
 * @throws PartlyDoneError at the end, with the name of each item that failed.
 */
export async function sumOfAll<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  work: (item: T) => Promise<number>,
): Promise<number> {
  let done = 0;
  const failures: string[] = [];
  const causes: unknown[] = [];
  for (const item of items) {
    try {
      done += await work(item);
    } catch (error) {
      failures.push(failureOf(nameOf(item), error));
      causes.push(error);
      if (error instanceof PartlyDoneError) done += error.done;
    }
  }
  if (failures.length > 0) throw new PartlyDoneError(done, failures, causes);
  return done;
}

/** What is told of an item that failed. */
export function failureOf(name: string, error: unknown): string {
  return `${name} (${error instanceof Error ? error.message : String(error)})`;
}

export function nameOfProduct(id: number): string {
  return `product ${id}`;
}

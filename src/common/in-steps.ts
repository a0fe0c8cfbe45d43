/**
 * Runs `step` until it finds less than a whole step to do, one after the other, so that others get their turn
 * in between.
 *
 * @returns the sum of what the steps did.
 */
export async function inSteps(size: number, step: () => Promise<number>): Promise<number> {
  for (let done = 0; ;) {
    const count = await step();
    done += count;
    if (count < size) return done;
  }
}

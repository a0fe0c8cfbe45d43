/** How many keys are remembered at least, once so many were added; twice as many at most. */
const KEYS_MIN = 25_000;

/**
 * The keys that were added lately. They are forgotten by the generation and not one by one, which makes adding
 * one as cheap as it can be.
 */
export class RecentKeys {
  private current = new Set<string>();
  private previous = new Set<string>();

  add(key: string): void {
    this.current.add(key);
    if (this.current.size < KEYS_MIN) return;
    this.previous = this.current;
    this.current = new Set();
  }

  has(key: string): boolean {
    return this.current.has(key) || this.previous.has(key);
  }
}

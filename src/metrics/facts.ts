/** How long a scrape waits for what it asks another system. */
const TIMEOUT_MS = 1000;

/** One answer serves all metrics of a scrape. */
const FRESH_MS = 500;

/**
 * Figures that another system has to be asked for. A scrape gets them within a second or goes without, and while
 * a question hangs no other is put: a database that hangs costs one connection, however often is scraped.
 */
export class Facts<T> {
  private asking: Promise<T | null> | undefined;
  private latest: { readonly value: T | null; readonly at: number } = { value: null, at: -Infinity };

  constructor(private readonly ask: () => Promise<T>) {}

  /** The figures, or null when they could not be had in time. */
  async get(): Promise<T | null> {
    if (performance.now() - this.latest.at < FRESH_MS) return this.latest.value;
    this.asking ??= this.renew();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, TIMEOUT_MS, null);
    });
    return Promise.race([this.asking, timeout]).finally(() => clearTimeout(timer));
  }

  private async renew(): Promise<T | null> {
    const value = await this.ask().catch(() => null);
    this.latest = { value, at: performance.now() };
    this.asking = undefined;
    return value;
  }
}

import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, type MetricObject, type Registry } from 'prom-client';

/** How long the figures of a worker are waited for: one that hangs is left out. */
const COLLECT_TIMEOUT_MS = 2000;

/**
 * A scrape reaches one of the workers that share a port, and is answered for all of them:
 *
 *     worker ── scrape ──► primary ── collect ──► every worker ── collected ──► primary ── scraped ──► worker
 */
type Message =
  | { readonly kind: 'scrape'; readonly id: number }
  | { readonly kind: 'collect'; readonly id: number }
  | { readonly kind: 'collected'; readonly id: number; readonly metrics: MetricObject[] }
  | { readonly kind: 'scraped'; readonly id: number; readonly text: string };

const KINDS = new Set(['scrape', 'collect', 'collected', 'scraped']);

function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && KINDS.has((message as { kind: string }).kind);
}

/** In a worker: its part of the exchange. */
export class WorkerMetrics {
  private readonly scrapes = new Map<number, (text: string) => void>();
  private scrapeCount = 0;

  constructor(private readonly registry: Registry) {
    process.on('message', (message) => {
      if (!isMessage(message)) return;
      if (message.kind === 'collect') void this.send(message.id);
      if (message.kind === 'scraped') this.scrapes.get(message.id)?.(message.text);
    });
  }

  /** The figures of all workers, or if the primary does not answer, those of this one. */
  async scrape(): Promise<string> {
    const id = ++this.scrapeCount;
    let timer: NodeJS.Timeout | undefined;
    const text = await new Promise<string | null>((resolve) => {
      timer = setTimeout(resolve, COLLECT_TIMEOUT_MS + 500, null);
      this.scrapes.set(id, resolve);
      process.send?.({ kind: 'scrape', id } satisfies Message);
    });
    clearTimeout(timer);
    this.scrapes.delete(id);
    return text ?? this.registry.metrics();
  }

  private async send(id: number): Promise<void> {
    const metrics = await this.registry.getMetricsAsJSON();
    process.send?.({ kind: 'collected', id, metrics } satisfies Message);
  }
}

/** In the primary: gathers the figures of the workers whenever one of them asks. */
export function answerScrapes(): void {
  const collections = new Map<number, (worker: Worker, metrics: MetricObject[]) => void>();
  let collectionCount = 0;

  const collect = (): Promise<MetricObject[][]> =>
    new Promise((resolve) => {
      const id = ++collectionCount;
      const missing = new Set(Object.values(cluster.workers ?? {}).filter((worker) => worker?.isConnected() === true));
      const collected: MetricObject[][] = [];
      const finish = (): void => {
        clearTimeout(timer);
        collections.delete(id);
        resolve(collected);
      };
      const timer = setTimeout(finish, COLLECT_TIMEOUT_MS);
      collections.set(id, (worker, metrics) => {
        collected.push(metrics);
        missing.delete(worker);
        if (missing.size === 0) finish();
      });
      for (const worker of missing) worker?.send({ kind: 'collect', id } satisfies Message);
    });

  cluster.on('message', (worker, message: unknown) => {
    if (!isMessage(message)) return;
    if (message.kind === 'collected') collections.get(message.id)?.(worker, message.metrics);
    if (message.kind !== 'scrape') return;
    const { id } = message;
    void collect()
      .then((metrics) => AggregatorRegistry.aggregate(metrics).metrics())
      .then((text) => worker.isConnected() && worker.send({ kind: 'scraped', id, text } satisfies Message));
  });
}

import cluster from 'node:cluster';
import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { CONFIG, type Config } from '../config/config.js';
import { Facts } from './facts.js';
import { WorkerMetrics } from './worker-metrics.js';
import { type MetricDescription, readMetric, type Sample, Tally } from './samples.js';

/** The metrics of this process. With `METRICS_ENABLED=false` there are none, and nothing is counted on the hot path. */
@Injectable()
export class MetricsService {
  readonly registry = new Registry();
  readonly isEnabled: boolean;
  private readonly workers = cluster.isWorker ? new WorkerMetrics(this.registry) : undefined;
  private readonly sources: { readonly name: string; readonly facts: Facts<unknown> }[] = [];

  constructor(@Inject(CONFIG) config: Config) {
    this.isEnabled = config.metrics.isEnabled;
    if (!this.isEnabled) return;
    collectDefaultMetrics({ register: this.registry });
    this.add(
      {
        name: 'checkout_scrape_source_up',
        help: 'Whether what this scrape asked of another system was answered in time',
        type: 'gauge',
        aggregator: 'min',
      },
      () => Promise.all(this.sources.map(isUp)),
    );
  }

  /** Adds a metric that is read at each scrape; those of other systems through `facts`. */
  add(description: MetricDescription, read: () => readonly Sample[] | Promise<readonly Sample[]>): void {
    if (this.isEnabled) this.registry.registerMetric(readMetric(description, read));
  }

  /** Adds a counter by one label. */
  tally(name: string, help: string, label: string, known: readonly string[] = []): Tally {
    const tally = new Tally(label, known);
    this.add({ name, help, type: 'counter' }, () => tally.samples());
    return tally;
  }

  /** Adds metrics that share one question to another system; without an answer they are left out of the scrape. */
  addFacts<T>(
    source: string,
    ask: () => Promise<T>,
    metrics: readonly (MetricDescription & { read(facts: T): readonly Sample[] })[],
  ): void {
    const facts = new Facts(ask);
    this.sources.push({ name: source, facts });
    for (const { read, ...description } of metrics) {
      this.add(description, async () => {
        const value = await facts.get();
        return value === null ? [] : read(value);
      });
    }
  }

  /** What a metric of this process says now; nothing where it is not counted. */
  async read(name: string): Promise<readonly Sample[]> {
    return ((await this.registry.getSingleMetric(name)?.get())?.values ?? []) as readonly Sample[];
  }

  scrape(): Promise<string> {
    return this.workers?.scrape() ?? this.registry.metrics();
  }
}

async function isUp({ name, facts }: { name: string; facts: Facts<unknown> }): Promise<Sample> {
  return { labels: { source: name }, value: Number((await facts.get()) !== null) };
}

import type { Metric } from 'prom-client';

/** One line of the scrape. `metricName` differs from the metric's own name in the parts of a histogram. */
export interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** How the workers of one port become one figure: counts add up, what all of them read from one place does not. */
  readonly aggregator?: 'sum' | 'min' | 'max' | 'first';
}

/**
 * A metric whose samples are made when they are asked for. What is measured is kept in plain fields by who
 * measures it: an increment costs a nanosecond, prom-client's labelled counters some hundred.
 */
export function readMetric(
  { aggregator = 'sum', ...description }: MetricDescription,
  read: () => readonly Sample[] | Promise<readonly Sample[]>,
): Metric {
  const metric = { ...description, get: async () => ({ ...description, aggregator, values: await read() }) };
  // The registry calls `name` and `get` and nothing else.
  return metric as unknown as Metric;
}

/** Counts by one label. */
export class Tally {
  private readonly counts = new Map<string, number>();

  /** @param known values that are shown from the start as 0, so that the first event is an increase. */
  constructor(
    private readonly label: string,
    known: readonly string[] = [],
  ) {
    for (const value of known) this.counts.set(value, 0);
  }

  add(value: string, count = 1): void {
    this.counts.set(value, (this.counts.get(value) ?? 0) + count);
  }

  samples(labels: Sample['labels'] = {}): Sample[] {
    return [...this.counts].map(([value, count]) => ({ labels: { ...labels, [this.label]: value }, value: count }));
  }
}

/** A histogram in plain numbers. */
export class Buckets {
  private readonly counts: Float64Array;
  private sum = 0;

  /** @param bounds upper bounds of the buckets, ascending; one for all that is above comes by itself. */
  constructor(private readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.sum += value;
  }

  samples(name: string, labels: Sample['labels'] = {}): Sample[] {
    let total = 0;
    const buckets = [...this.bounds, '+Inf'].map((le, index) => {
      total += this.counts[index]!;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.sum },
      { metricName: `${name}_count`, labels, value: total },
    ];
  }
}

/** Upper bounds in seconds for what takes from a millisecond to ten seconds. */
export const SECONDS_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

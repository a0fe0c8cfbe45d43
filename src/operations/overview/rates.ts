/** What a process has counted, as rates over the last seconds: pure sums, so that those of several processes add up. */
import type { Sample } from '../../metrics/samples.js';

/** Counts by name at one moment; every one only grows. */
export type Counts = ReadonlyMap<string, number>;

/** The same a second. */
export type Rates = Readonly<Record<string, number>>;

/** The two calls that a sale consists of, by their group commits and by their routes. */
const LINES: Readonly<Record<string, string>> = { holds: 'holds', orders: 'checkouts' };
const ROUTES = new Set(['/api/holds', '/api/orders']);

export const HOLDS = 'holds';
export const CHECKOUTS = 'checkouts';
export const REFUSED = 'refused ';
export const BATCHES = 'batches';
export const BATCHED = 'batched';
export const COMMIT = 'commit ';
export const REQUEST = 'request ';

/** What the overview shows, of all that is counted. */
export function countsOf(samples: Readonly<Record<SampledMetric, readonly Sample[]>>): Counts {
  const counts = new Map<string, number>();
  const add = (name: string, value: number): void => void counts.set(name, (counts.get(name) ?? 0) + value);
  for (const { labels, value } of samples.checkout_decisions_total) {
    const line = LINES[labels.group_commit!];
    if (line !== undefined) add(labels.outcome === 'ok' ? line : `${REFUSED}${labels.outcome}`, value);
  }
  for (const { metricName, labels, value } of samples.checkout_group_commit_batch_size) {
    if (LINES[labels.group_commit!] === undefined) continue;
    if (metricName?.endsWith('_sum')) add(BATCHED, value);
    if (metricName?.endsWith('_count')) add(BATCHES, value);
  }
  for (const { metricName, labels, value } of samples.checkout_group_commit_commit_seconds)
    if (metricName?.endsWith('_bucket') && LINES[labels.group_commit!] !== undefined)
      add(`${COMMIT}${labels.le}`, value);
  for (const { metricName, labels, value } of samples.http_request_duration_seconds)
    if (metricName?.endsWith('_bucket') && labels.method === 'POST' && ROUTES.has(String(labels.route)))
      add(`${REQUEST}${labels.le}`, value);
  return counts;
}

export const SAMPLED = [
  'checkout_decisions_total',
  'checkout_group_commit_batch_size',
  'checkout_group_commit_commit_seconds',
  'http_request_duration_seconds',
] as const;

type SampledMetric = (typeof SAMPLED)[number];

/** How much more there is than before, a second; what did not grow is left out. */
export function ratesBetween(before: Counts, after: Counts, seconds: number): Rates {
  const grown = [...after].map(([name, count]) => [name, (count - (before.get(name) ?? 0)) / seconds] as const);
  return Object.fromEntries(grown.filter(([, rate]) => rate > 0));
}

export function sumOf(all: readonly Rates[]): Rates {
  const sum: Record<string, number> = {};
  for (const rates of all) for (const [name, rate] of Object.entries(rates)) sum[name] = (sum[name] ?? 0) + rate;
  return sum;
}

/** The rates of all names that begin with `prefix`, by the rest of the name. */
export function ratesOf(rates: Rates, prefix: string): Record<string, number> {
  const named = Object.entries(rates).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(named.map(([name, rate]) => [name.slice(prefix.length), rate]));
}

/**
 * What a share `q` of all that was measured stays below, in the unit of the bounds: between two bounds as if all that lies
 * there were spread evenly, past the last one the last one. Null where nothing was measured.
 */
export function quantileOf(rates: Rates, prefix: string, q: number): number | null {
  const buckets = Object.entries(ratesOf(rates, prefix))
    .map(([le, rate]) => ({ le: le === '+Inf' ? Infinity : Number(le), rate }))
    .sort((a, b) => a.le - b.le);
  const whole = buckets.at(-1)?.rate ?? 0;
  if (whole === 0) return null;
  let [below, lower] = [0, 0];
  for (const { le, rate } of buckets) {
    if (rate >= q * whole)
      return le === Infinity ? lower : lower + ((le - lower) * (q * whole - below)) / (rate - below);
    [below, lower] = [rate, le];
  }
  return lower;
}

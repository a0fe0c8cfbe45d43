import type { Tracing } from '../tracing/tracing.types.js';
import type Stripe from 'stripe';
import { withinLimit } from '../common/within-limit.js';

/**
 * The version of Stripe's API that we speak, whatever the account's default is. What its answers look like is decided by
 * it, so a new one is taken knowingly: the package's types fail where this is not the version that they are of.
 */
export const STRIPE_API_VERSION = '2026-10-28.endive';

const TIMEOUT_MS = 10_000;

/** For all that one call asks of Stripe, tries included: an operator waits for it, and so does a proxy. */
const LIMIT_MS = 15_000;

/** Statuses of an HTTP answer that say no for good: what it is about is unknown, was done already, or can't be. */
const REFUSALS: ReadonlySet<number> = new Set([400, 402, 404]);

/** Asks something of Stripe, within the limit of a call. */
export type AskStripe = <T>(question: (stripe: Stripe) => Promise<T>) => Promise<T>;

interface StripeAccess {
  readonly apiKey: string;
  readonly apiBase: string;
}

/** Stripe's own client, loaded on first use: it is large, and most processes never ask. */
export function stripeClient(options: StripeAccess, tracing: Tracing | null = null): AskStripe {
  let client: Promise<Stripe> | undefined;
  return async (question) => {
    client ??= connect(options, tracing);
    return withinLimit(question(await client), LIMIT_MS);
  };
}

/** Whether Stripe says no for good. A key that was used for something else is our mistake, and says nothing of this. */
export function isRefusal(error: unknown): boolean {
  const { statusCode = 0, type } = error as { statusCode?: number; type?: string };
  return REFUSALS.has(statusCode) && type !== 'StripeIdempotencyError';
}

/** How long a call waits that was turned away without being told for how long. */
const BUSY_MS = 1000;

/** For how long Stripe does not want to be asked, once it has said that it is asked too often. */
export function busyMsOf(error: unknown): number {
  const { headers } = error as { headers?: Readonly<Record<string, string>> };
  const seconds = Number(headers?.['retry-after']);
  return seconds > 0 ? seconds * 1000 : BUSY_MS;
}

async function connect({ apiKey, apiBase }: StripeAccess, tracing: Tracing | null): Promise<Stripe> {
  const { default: StripeClient } = await import('stripe');
  const { hostname, port, protocol } = new URL(apiBase);
  return new StripeClient(apiKey, {
    apiVersion: STRIPE_API_VERSION,
    host: hostname,
    protocol: protocol === 'http:' ? 'http' : 'https',
    ...(port !== '' && { port }),
    timeout: TIMEOUT_MS,
    maxNetworkRetries: 2,
    telemetry: false,
    ...(tracing && { httpClient: continuing(StripeClient.createNodeHttpClient(), tracing) }),
  });
}

/** Each of its requests says what it is part of, and the span says who was asked: neither for what, nor with which key. */
function continuing(client: Stripe.HttpClient, tracing: Tracing): Stripe.HttpClient {
  const makeRequest = client.makeRequest.bind(client);
  client.makeRequest = async (host, port, path, method, headers, ...rest) => {
    const { active } = tracing;
    if (active === undefined) return makeRequest(host, port, path, method, headers, ...rest);
    active.setAttributes({ 'server.address': host, 'server.port': Number(port), 'http.request.method': method });
    const traced = { ...headers, traceparent: tracing.traceparentOf(active) };
    const response = await makeRequest(host, port, path, method, traced, ...rest);
    active.setAttribute('http.response.status_code', response.getStatusCode());
    return response;
  };
  return client;
}

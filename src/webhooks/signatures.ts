import { createHmac, timingSafeEqual } from 'node:crypto';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** How far a notice's timestamp may be from our clock, in seconds (Standard Webhooks 1.0.0, Stripe). */
export const TOLERANCE_SECONDS = 300;

/**
 * Whether a notice is authentic by the Standard Webhooks scheme 1.0.0: `webhook-signature` lists
 * `v1,<base64>` signatures, HMAC-SHA256 over `webhook-id.webhook-timestamp.body`. One match with any of the
 * secrets is enough, so that a secret can be rotated. All comparisons take constant time.
 */
export function isStandardWebhook(
  headers: Headers,
  body: string,
  secrets: readonly string[],
  nowSeconds: number,
): boolean {
  const id = single(headers['webhook-id']);
  const timestamp = single(headers['webhook-timestamp']);
  const signatures = single(headers['webhook-signature']);
  if (id === null || timestamp === null || signatures === null || !isRecent(timestamp, nowSeconds)) return false;
  const given = signatures
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => signature.slice(3));
  const expected = secrets.map((secret) =>
    createHmac('sha256', standardSecret(secret)).update(`${id}.${timestamp}.${body}`).digest('base64'),
  );
  return anyEqual(given, expected);
}

/** The key bytes of a `whsec_` secret (base64); any other secret is taken as it is written. */
export function standardSecret(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret, 'utf8');
}

function isRecent(timestamp: string, nowSeconds: number): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(nowSeconds - Number(timestamp)) <= TOLERANCE_SECONDS;
}

/** Compares each with each, without stopping at the first match. */
function anyEqual(given: readonly string[], expected: readonly string[]): boolean {
  let found = false;
  for (const one of given) {
    for (const other of expected) {
      const [a, b] = [Buffer.from(one), Buffer.from(other)];
      if (a.length === b.length && timingSafeEqual(a, b)) found = true;
    }
  }
  return found;
}

function single(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && header !== '' ? header : null;
}

import { createHmac, timingSafeEqual } from 'node:crypto';
import { standardDigests, standardSecret } from '../common/standard-webhooks.js';
import type { Headers, RawNotice } from './payment-provider.js';

/** How far a notice's timestamp may be from our clock, in seconds (Standard Webhooks 1.0.0, Stripe). */
export const TOLERANCE_SECONDS = 300;

type SignedNotice = Pick<RawNotice, 'headers' | 'rawBody'>;

/** One way to sign a notice. One match with any of the secrets is enough, so that a secret can be rotated. */
export interface SignatureScheme {
  /** The header that carries the signature. */
  readonly header: string;
  isValid(notice: SignedNotice, secrets: readonly string[], nowSeconds: number): boolean;
}

/**
 * Whether every signature on the notice is valid, and there is one: a notice that is signed by two schemes must
 * be right by both, so that nobody gets past one by adding the other.
 */
export function isAuthenticBy(
  schemes: readonly SignatureScheme[],
  notice: SignedNotice,
  secrets: readonly string[],
  nowSeconds: number,
): boolean {
  const present = schemes.filter(({ header }) => notice.headers[header] !== undefined);
  return present.length > 0 && present.every((scheme) => scheme.isValid(notice, secrets, nowSeconds));
}

/**
 * Standard Webhooks 1.0.0: `webhook-signature` lists `v1,<base64>` signatures, HMAC-SHA256 over
 * `webhook-id.webhook-timestamp.body`. Signatures of other versions beside it are none of our business, but a `v1` that
 * is not exactly of that form is refused: the same header sent twice arrives as one, joined by a comma.
 */
export const STANDARD_WEBHOOKS: SignatureScheme = {
  header: 'webhook-signature',
  isValid({ headers, rawBody }, secrets, nowSeconds) {
    const id = single(headers['webhook-id']);
    const timestamp = single(headers['webhook-timestamp']);
    const signatures = single(headers['webhook-signature'])?.split(' ') ?? [];
    if (id === null || timestamp === null || !isRecent(timestamp, nowSeconds)) return false;
    const given = signatures.filter((signature) => signature.startsWith('v1,')).map((signature) => signature.slice(3));
    if (!given.every((digest) => /^[A-Za-z0-9+/]+={0,2}$/.test(digest))) return false;
    const keys = secrets.map(standardSecret).filter((key) => key !== null);
    return anyEqual(given, standardDigests(keys, id, timestamp, rawBody));
  },
};

/** Stripe: `t=<seconds>,v1=<hex>`, HMAC-SHA256 over `t.body`; the secret is taken as it is written, `whsec_` included. */
export const STRIPE_SIGNATURE: SignatureScheme = {
  header: 'stripe-signature',
  isValid({ headers, rawBody }, secrets, nowSeconds) {
    const parts =
      single(headers['stripe-signature'])
        ?.split(',')
        .map((part) => part.trim()) ?? [];
    if (!parts.filter((part) => /^(t|v1)=/.test(part)).every((part) => /=[0-9a-f]+$/.test(part))) return false;
    const valuesOf = (name: string) =>
      parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
    const [timestamp, second] = valuesOf('t');
    if (timestamp === undefined || second !== undefined || !isRecent(timestamp, nowSeconds)) return false;
    return anyEqual(valuesOf('v1'), hmacs(secrets, `${timestamp}.${rawBody}`));
  },
};

/**
 * For simple gateways: `x-webhook-signature: sha256=<hex>`, or the bare hex digits, HMAC-SHA256 over the body.
 * Nothing in it tells its age; that an old notice has no second effect is up to its key.
 */
export const HEX_SIGNATURE: SignatureScheme = {
  header: 'x-webhook-signature',
  isValid({ headers, rawBody }, secrets) {
    const [, given] = /^(?:sha256=)?([0-9a-f]{64})$/.exec(single(headers['x-webhook-signature']) ?? '') ?? [];
    return given !== undefined && anyEqual([given], hmacs(secrets, rawBody));
  },
};

function hmacs(keys: readonly string[], text: string): string[] {
  return keys.map((key) => createHmac('sha256', key).update(text).digest('hex'));
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

function single(header: Headers[string]): string | null {
  return typeof header === 'string' && header !== '' ? header : null;
}

/** How Standard Webhooks 1.0.0 signs: what we tell, and what a provider tells us. */
import { createHmac } from 'node:crypto';

/**
 * The key bytes of a `whsec_` secret, which is base64; any other secret is taken as it is written. Null when what
 * follows `whsec_` is not base64: such a secret may be one of Stripe's, and none for this scheme.
 */
export function standardSecret(secret: string): Buffer | null {
  if (!secret.startsWith('whsec_')) return Buffer.from(secret, 'utf8');
  const base64 = secret.slice('whsec_'.length);
  const key = Buffer.from(base64, 'base64');
  // The decoder skips what is no base64, so only a text that comes back as it was is one.
  return key.length > 0 && key.toString('base64') === base64 ? key : null;
}

/** HMAC-SHA256 over id, timestamp and body, by each of the keys, in base64. */
export function standardDigests(keys: readonly Buffer[], id: string, timestamp: string, body: string): string[] {
  const text = `${id}.${timestamp}.${body}`;
  return keys.map((key) => createHmac('sha256', key).update(text).digest('base64'));
}

/** The headers of what is signed now, by each of the keys: one that is being replaced signs, too. */
export function standardHeaders(keys: readonly Buffer[], id: string, body: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signatures = standardDigests(keys, id, timestamp, body).map((digest) => `v1,${digest}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

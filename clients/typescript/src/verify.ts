import type { ShopEvent } from './events.js';

export interface VerifyOptions {
  /** How far the clocks may be apart, and how old a message may be. Default 300, as Standard Webhooks says. */
  readonly toleranceSeconds?: number;
}

/** The message is not from the service, was changed on its way, or is too old to be believed. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';
}

type IncomingHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Checks that the service sent this message, as Standard Webhooks 1.0.0 says, and returns the event that it tells of.
 * While a secret is rotated give both: one of them has to fit one of the signatures.
 * An event may come more than once: remember its `id`.
 *
 * @param body as it came: its bytes are signed, so nothing may have parsed it before
 * @throws WebhookVerificationError
 */
export async function verifyWebhook(
  body: string | Uint8Array<ArrayBuffer>,
  headers: IncomingHeaders,
  secrets: string | readonly string[],
  { toleranceSeconds = 300 }: VerifyOptions = {},
): Promise<ShopEvent> {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    headerOf(headers, name),
  ) as [string, string, string];
  const ageSeconds = Date.now() / 1000 - (/^\d+$/.test(timestamp) ? Number(timestamp) : NaN);
  // The negation is true of what is no number.
  if (!(Math.abs(ageSeconds) <= toleranceSeconds))
    throw new WebhookVerificationError('The message is too old or too new');
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const signed = await new Blob([`${id}.${timestamp}.`, bytes]).arrayBuffer();
  const keys = await Promise.all([secrets].flat().map(keyOf));
  const sent = signatures.split(' ').flatMap((one) => (one.startsWith('v1,') ? (bytesOf(one.slice(3)) ?? []) : []));
  for (const key of keys) {
    for (const signature of sent) {
      // It compares in constant time.
      if (await crypto.subtle.verify('HMAC', key, signature, signed)) {
        return JSON.parse(new TextDecoder().decode(bytes)) as ShopEvent;
      }
    }
  }
  throw new WebhookVerificationError('No signature of the message fits');
}

function headerOf(headers: IncomingHeaders, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value !== 'string') throw new WebhookVerificationError(`The message has no header ${name}`);
  return value;
}

/** @throws Error where the secret is none that the service gave: then no message can be believed. */
function keyOf(secret: string) {
  const bytes = bytesOf(secret.replace(/^whsec_/, ''));
  if (bytes === null || bytes.length === 0) throw new Error('A secret is "whsec_" and Base64, as the service gave it');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

/** The bytes that a text in Base64 stands for; null where it is none. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

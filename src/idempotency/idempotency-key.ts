import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { type JsonSchema, RULE_KEYWORD } from '../http/json-schema.js';

/** Visible ASCII, as draft 07 of the IETF's Idempotency-Key header asks for, and no more than its column takes. */
export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

/** What {@link IDEMPOTENCY_KEY_PATTERN} asks for. */
export const IDEMPOTENCY_KEY_RULE = 'must be 1 to 255 visible ASCII characters without blanks';

/**
 * The header on calls that make something: sent again with the same body, it gets what that made. Who guesses a key gets
 * that, too, so a key must not be short.
 */
export const IDEMPOTENCY_KEY_HEADER: Readonly<Record<string, JsonSchema>> = {
  'idempotency-key': {
    type: 'string',
    pattern: '^[\\x21-\\x7e]{16,255}$',
    [RULE_KEYWORD]: 'must be 16 to 255 visible ASCII characters without blanks',
    description:
      'An unguessable text, such as a random UUID: a fresh one for each thing that is wanted. It names this request for 24 hours: repeated with the same body it has one effect, and gets what that made',
  },
};

/** The same on operators' calls: who knows a key needs the admin token, too, so it may be short. */
export const OPERATOR_KEY_HEADER: Readonly<Record<string, JsonSchema>> = {
  'idempotency-key': {
    type: 'string',
    pattern: IDEMPOTENCY_KEY_PATTERN.source,
    [RULE_KEYWORD]: IDEMPOTENCY_KEY_RULE,
    description: 'Names this request for 24 hours: repeated with the same content it has one effect',
  },
};

/** A request whose schema takes {@link IDEMPOTENCY_KEY_HEADER}. */
export type KeyedCall<Body> = FastifyRequest<{ Body: Body; Headers: { 'idempotency-key'?: string } }>;

/** What a key may be used for; the same key in another scope is another key. */
export type IdempotencyScope =
  'customers' | 'holds' | 'orders' | 'products' | 'restocks' | 'returns' | 'sales' | 'extensions';

/** A key with what was asked for under it. */
export interface KeyedRequest {
  readonly key: string;
  /** The request's content as one text of at most 64 ASCII characters: the same for equal requests, and only for them. */
  readonly content: string;
}

/**
 * A request of buyers' under its key, if it has one; `content` is all that is asked for. Each customer has keys of his own,
 * whoever makes the call for him, and so have the shop itself and its operators. What is stored of them says nothing of the
 * customer, and is no key that could be sent, since it has a blank in it. A plain anonymous request is stored as it is: keys
 * outlive an upgrade, and cost no hash.
 */
export function keyedByCaller(key: string | undefined, { kind, buyer }: Caller, content: string): KeyedRequest | null {
  if (key === undefined) return null;
  if (kind === 'anonymous') return { key, content };
  const [owner, ofWhom] = buyer === null ? [kind, ''] : ['customer', buyer.customerId];
  return { key: `${owner} ${digestOf([ofWhom, key])}`, content: digestOf([ofWhom, content]) };
}

/** An operator's request under its key, if it has one; `parts` are all that makes it the same. */
export function keyedByOperator(key: string | undefined, parts: readonly unknown[]): KeyedRequest | null {
  if (key === undefined) return null;
  return { key, content: digestOf(parts) };
}

/**
 * An operator's request under its key, if it has one, where buyers have keys, too: operators share theirs. It is no key
 * that could be sent.
 */
export function keyedByOperators(key: string | undefined, parts: readonly unknown[]): KeyedRequest | null {
  if (key === undefined) return null;
  return { key: `operator ${digestOf([key])}`, content: digestOf(parts) };
}

/** SHA-256, in hexadecimal digits, of all that makes a request the same. */
export function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** A key that had an effect. */
export interface StoredKey extends KeyedRequest {
  /** UUID of what the request made. */
  readonly reference: string;
}

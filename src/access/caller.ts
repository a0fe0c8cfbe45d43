import type { FastifyRequest } from 'fastify';

/** A customer of the shop. */
export interface Buyer {
  /** The shop's own opaque name of the customer: 1 to 128 visible ASCII characters, compared exactly. */
  readonly customerId: string;
  /** What limits count by, such as a household; the customer id, unless the shop says otherwise. */
  readonly limitKey: string;
  /** What the customer belongs to, for an early start. */
  readonly groups: readonly string[];
}

export const BUYER_GROUP = /^[\x21-\x7e]{1,64}$/;
export const BUYER_GROUPS_MAX = 20;

/**
 * Who makes a buyers' call: nobody that is known, a buyer with a token of the shop's, the shop itself, for a customer or
 * for nobody in particular, or an operator who may look at what is anybody's.
 */
export type Caller =
  | { readonly kind: 'anonymous'; readonly buyer: null }
  | { readonly kind: 'buyer'; readonly buyer: Buyer }
  | { readonly kind: 'shop'; readonly buyer: Buyer | null }
  | { readonly kind: 'operator'; readonly buyer: null };

export const ANONYMOUS: Caller = { kind: 'anonymous', buyer: null };

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `caller-gate.ts`, of requests that say who calls. */
    caller: Caller | null;
  }
}

/** Who calls, of a request whose endpoint takes buyers' tokens. */
export function callerOf({ caller }: FastifyRequest): Caller {
  return caller ?? ANONYMOUS;
}

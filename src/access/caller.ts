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

/** Who makes a buyers' call: nobody that is known, a buyer with a token of the shop's, or the shop itself. */
export type Caller =
  | { readonly kind: 'anonymous'; readonly buyer: null }
  | { readonly kind: 'buyer'; readonly buyer: Buyer }
  | { readonly kind: 'shop'; readonly buyer: Buyer | null };

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

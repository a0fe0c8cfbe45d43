/** A customer of the shop. */
export interface Buyer {
  /** The shop's own opaque name of the customer: 1 to 128 visible ASCII characters, compared exactly. */
  readonly customerId: string;
  /** What limits count by, such as a household; the customer id, unless the shop says otherwise. */
  readonly limitKey: string;
  /** What the customer belongs to, for an early start. */
  readonly groups: readonly string[];
}

/** Who makes a buyers' call: a buyer with a token of the shop's, or the shop itself. */
type Caller =
  { readonly kind: 'buyer'; readonly buyer: Buyer } | { readonly kind: 'shop'; readonly buyer: Buyer | null };

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes a buyers' call; null: nobody in particular. Set by `caller-gate.ts`. */
    caller: Caller | null;
  }
}

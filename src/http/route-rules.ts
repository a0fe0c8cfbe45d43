import type { Type } from '@nestjs/common';

/** What a caller must be allowed to do. Operators are told by the admin token, which allows everything. */
export type Scope = 'admin';

/** The method that answers a route (see `lane.ts`). */
export interface EndpointMethod {
  readonly controller: Type;
  readonly name: string;
  /** The status of a success, unless the method sets another one. */
  readonly status: number;
  /** Of an answer that is no JSON. */
  readonly contentType: string | undefined;
}

/** What an endpoint says of itself to the hooks, in the config of its route. */
export interface RouteRules {
  readonly endpoint: EndpointMethod;
  /** Null where anybody may call. */
  readonly scope: Scope | null;
  readonly takesBody: boolean;
  readonly bodyBytesMax: number;
  readonly isRateLimited: boolean;
  /** Whether a buyer's token is taken, or asked for where BUYER_TOKENS is `required`; null where it is not looked at. */
  readonly buyerToken: 'taken' | 'asked' | null;
  /** Whether only authentic payment notices get through; the text of a body is kept for its signature. */
  readonly takesNotices: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Routes that are not declared as endpoints have none. */
    rules?: RouteRules;
  }
}

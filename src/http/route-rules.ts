import type { Type } from '@nestjs/common';

/** What a key may be allowed to do, by what it is about; the admin token may do all of it. */
export const SCOPES = [
  'read',
  'products',
  'sales',
  'orders',
  'refunds',
  'customers',
  'events',
  'webhooks',
  'keys',
  'audit',
  'sell',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Who may do what, and who did what, is not for everybody who may look at the shop. */
const READ_WITH_THEIR_OWN_ONLY: ReadonlySet<Scope> = new Set<Scope>(['keys', 'audit']);

/** Whether a call changes nothing. Each route for GET has one for HEAD beside it, with hooks of its own. */
export function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The scopes any of which opens a route that is declared with `scope`: who may read may look at all but keys and audit. */
export function scopesThatOpen(method: string, scope: Scope | 'any'): readonly Scope[] {
  if (scope === 'any') return SCOPES;
  return isReading(method) && scope !== 'read' && !READ_WITH_THEIR_OWN_ONLY.has(scope) ? ['read', scope] : [scope];
}

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
  /** What the call is about, to tell who may make it (see {@link scopesThatOpen}); null where anybody may. */
  readonly scope: Scope | 'any' | null;
  readonly takesBody: boolean;
  readonly bodyBytesMax: number;
  readonly isRateLimited: boolean;
  /** Whether a buyer's token is taken, or asked for where BUYER_TOKENS is `required`; null where it is not looked at. */
  readonly buyerToken: 'taken' | 'asked' | null;
  /** The scopes any of which lets operators make a buyers' call for what is anybody's; none where they may not. */
  readonly openTo: readonly Scope[];
  /** Whether only authentic payment notices get through; the text of a body is kept for its signature. */
  readonly takesNotices: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Routes that are not declared as endpoints have none. */
    rules?: RouteRules;
  }
}

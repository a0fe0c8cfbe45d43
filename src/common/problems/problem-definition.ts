/**
 * What is known of an error code: its HTTP status, its title, and what the page of the code says of its cause and of what
 * helps. `retryAfterSeconds` marks what the same request may get over: the `Retry-After` header is a random number of that
 * range, so that clients that were refused together do not come back together; where it is 'known', it is the time to a
 * certain instant. `challenge` is the header `WWW-Authenticate`.
 */
export interface ProblemDefinition {
  readonly status: number;
  readonly title: string;
  readonly cause: string;
  readonly remedy: string;
  readonly retryAfterSeconds?: { readonly min: number; readonly max: number } | 'known';
  readonly challenge?: string;
}

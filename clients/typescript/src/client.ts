import createClient, { type Client, type Middleware } from 'openapi-fetch';
import { KEYED_CALLS, type paths } from './openapi.js';
import { refuseStrangeAnswers } from './problems.js';
import { retrying, type RetryOptions } from './retry.js';

export interface ClientOptions {
  /** Where the service is, such as `https://checkout.shop.example`. */
  readonly baseUrl: string;
  /** An API key, the admin token or a buyer's token, or what gives the one that counts now; none: nobody in particular. */
  readonly token?: string | (() => string | Promise<string>);
  /** How often and how long a call is tried; see {@link RetryOptions}. */
  readonly retry?: RetryOptions;
  /** In place of the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

type Json = 'application/json' | 'application/problem+json';

/** A method for each HTTP method: it takes a path of the document, and knows what that takes and answers. */
export type CheckoutClient = Client<paths, Json>;

/**
 * A client of the service. Each call is tried again where that has no other effect than one try would have: what takes an
 * `Idempotency-Key` gets one, the same for all tries, unless the caller gives one that outlives this process.
 */
export function createCheckoutClient({ baseUrl, token, retry, fetch }: ClientOptions): CheckoutClient {
  const send = retrying(fetch ?? ((request) => globalThis.fetch(request)), retry);
  const client = createClient<paths, Json>({ baseUrl, fetch: send });
  client.use(keys, strangeAnswers);
  if (token !== undefined) client.use(authorizedBy(token));
  return client;
}

const keys: Middleware = {
  onRequest: ({ request, schemaPath }) => {
    const isKeyed = KEYED_CALLS.has(`${request.method} ${schemaPath}`);
    if (isKeyed && !request.headers.has('idempotency-key')) request.headers.set('idempotency-key', randomKey());
  },
};

const strangeAnswers: Middleware = {
  onResponse: ({ response }) => refuseStrangeAnswers(response),
};

function authorizedBy(token: NonNullable<ClientOptions['token']>): Middleware {
  return {
    onRequest: async ({ request }) => {
      request.headers.set('authorization', `Bearer ${typeof token === 'string' ? token : await token()}`);
    },
  };
}

/** 128 bits; a UUID is made in secure contexts only. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

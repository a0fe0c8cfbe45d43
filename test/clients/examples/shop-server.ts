import type { IncomingHttpHeaders } from 'node:http';
import { SignJWT } from 'jose';
import { type CheckoutClient, orThrow, type ShopEvent, verifyWebhook } from '../../../clients/typescript/src/index.js';

/** The event that a delivery tells of. Throws where it is not from the service. */
export function verified(body: Buffer<ArrayBuffer>, headers: IncomingHttpHeaders): Promise<ShopEvent> {
  return verifyWebhook(body, headers, process.env.HOOK_SECRETS!.split(','));
}

/** Says who calls, to the service: `key` is the secret of BUYER_TOKEN_JWKS_FILE. */
export function buyerToken(customer: string, key: Uint8Array): Promise<string> {
  return new SignJWT().setSubject(customer).setExpirationTime('10m').setProtectedHeader({ alg: 'HS256' }).sign(key);
}

/** Takes all that happened after a number of the feed; gives the number to go on after. */
export async function catchUp(
  checkout: CheckoutClient,
  after: number,
  take: (event: ShopEvent) => Promise<void>,
): Promise<number> {
  for (;;) {
    const query = { after, limit: 1000 };
    const { items, last_sequence } = await orThrow(checkout.GET('/api/admin/events', { params: { query } }));
    for (const event of items as ShopEvent[]) await take(event);
    if (items.length === 0) return last_sequence;
    after = last_sequence;
  }
}

import { createHmac, randomUUID } from 'node:crypto';
import { createPaidOrder, keyOf, noticeOf, notify, type Order, refundsOf, taken, unique } from './factories.js';
import type { Answer, Service } from './service.js';

/** Payment notices as providers sign and send them. */

export type NoticeHeaders = Record<string, string>;

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

export interface SigningOptions {
  /** Seconds by which the sender's clock is behind ours. */
  readonly secondsAgo?: number;
}

/** Headers of Standard Webhooks 1.0.0; `key` is the decoded secret. */
export function standardHeaders(
  key: Buffer | string,
  body: string,
  { secondsAgo = 0 }: SigningOptions = {},
): NoticeHeaders {
  const id = `msg_${randomUUID()}`;
  const timestamp = String(nowSeconds() - secondsAgo);
  const digest = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${digest}` };
}

export function stripeHeaders(secret: string, body: string, { secondsAgo = 0 }: SigningOptions = {}): NoticeHeaders {
  const timestamp = nowSeconds() - secondsAgo;
  const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { 'stripe-signature': `t=${timestamp},v1=${digest}` };
}

export function hexHeaders(secret: string, body: string): NoticeHeaders {
  return { 'x-webhook-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
}

export type StripeEventType = 'payment_intent.succeeded' | 'payment_intent.payment_failed' | 'charge.refunded';

/** What the shop has to write to the payment of an order, and what other shops write. */
export interface PaymentMetadata {
  readonly payment_reference?: string;
  readonly order_id?: number;
}

/** An event of Stripe about a payment of an order over 99.99 EUR. `object` overrides fields of its subject. */
export function stripeEvent(
  type: StripeEventType | (string & {}),
  { payment_reference, order_id }: PaymentMetadata,
  object: Record<string, unknown> = {},
): Record<string, unknown> {
  const money = { amount: 9999, amount_received: 9999, amount_refunded: 9999, amount_total: 9999, currency: 'eur' };
  const metadata = { ...(payment_reference && { payment_reference }), ...(order_id && { order_id: String(order_id) }) };
  return {
    id: unique('evt'),
    object: 'event',
    type,
    created: nowSeconds(),
    livemode: false,
    data: { object: { id: unique('pi'), ...money, metadata, ...object } },
  };
}

/** What Stripe signs with, in the tests. */
export const STRIPE_SECRET = 'whsec_of_the_tests';

/** Sends an event of Stripe, signed with {@link STRIPE_SECRET}. */
export function sendEvent(service: Service, event: Record<string, unknown>): Promise<Answer> {
  const body = JSON.stringify(event);
  return service.call('POST', '/api/payments/webhook/stripe', body, stripeHeaders(STRIPE_SECRET, body));
}

/** The number of a refund that is due, for the second payment of an order that is paid. */
export async function createRefund(service: Service): Promise<number> {
  const order = await createPaidOrder(service);
  taken(await notify(service, noticeOf(order)), 200);
  const [refund] = await refundsOf(order.order_id);
  return refund!.id;
}

/** The number of a payment event that the operator has to look at: less was paid than is due. */
export async function createReview(service: Service, order: Pick<Order, 'order_id'>): Promise<number> {
  const notice = noticeOf(order, { amount: '0.01' });
  taken(await notify(service, notice), 200);
  return eventIdOf(service, keyOf(notice));
}

/** The number of the payment event that came with this key. */
export async function eventIdOf(service: Service, key: string): Promise<number> {
  const events = await listEvents(service);
  return events.find(({ event_id }) => event_id === key)!.id;
}

export interface ListedEvent {
  readonly id: number;
  readonly event_id: string;
  readonly status: string;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly order_id: number | null;
  readonly order_status: string | null;
  readonly [field: string]: unknown;
}

/** All payment events that the operator is shown, in one state or any. */
export async function listEvents(service: Service, status?: string): Promise<ListedEvent[]> {
  return listAll<ListedEvent>(service, '/api/admin/webhooks', status);
}

/** All items of an admin list, page by page. */
export async function listAll<Item>(service: Service, path: string, status?: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({ limit: '100', ...(status && { status }), ...(cursor && { cursor }) });
    const answer = await service.call('GET', `${path}?${query.toString()}`, undefined, {
      authorization: `Bearer ${service.config.adminToken}`,
    });
    const page = taken<{ items: Item[]; next_cursor: string | null }>(answer, 200);
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

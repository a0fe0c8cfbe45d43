import { execute } from './database.js';
import { eventually } from './eventually.js';
import { createHold, hex, type Order, taken } from './factories.js';
import { STRIPE_SECRET } from './payments.js';
import type { Environment, Service } from './service.js';
import type { StripeApi } from './stripe-api.js';

/** Orders whose buyers pay by sessions that the service makes at Stripe. */

interface Payment {
  readonly state: string;
  readonly client_secret: string | null;
  readonly url: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
}

export type PaidOrder = Order & { readonly payment: Payment | null };

export const RETURN_URL = 'https://shop.example/thanks';

export const INTENT = { provider: 'stripe', kind: 'intent' };
export const CHECKOUT = { provider: 'stripe', kind: 'checkout', return_url: RETURN_URL };

/** What a service needs to make sessions at this stand-in. */
export function stripeSettings(api: StripeApi): Environment {
  return {
    STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET,
    STRIPE_API_KEY: 'sk_test_key',
    STRIPE_API_BASE: api.url,
    PAYMENT_RETURN_ORIGINS: new URL(RETURN_URL).origin,
  };
}

export async function orderWith(
  service: Service,
  payment: object = INTENT,
  overrides: Parameters<typeof createHold>[1] = {},
): Promise<PaidOrder> {
  const { hold_id } = await createHold(service, overrides);
  return taken<PaidOrder>(await service.call('POST', '/api/orders', { hold_id, payment }), 201);
}

export interface HoldAnswer {
  readonly status: string;
  readonly order: { readonly status: string; readonly payment_due_at: string } | null;
  readonly payment: Payment | null;
}

export async function holdOf(service: Service, { hold_id }: Pick<Order, 'hold_id'>): Promise<HoldAnswer> {
  return taken<HoldAnswer>(await service.call('GET', `/api/holds/${hold_id}`), 200);
}

/** Moves what the outbox has to do for an order to now, as time would: a pause after a failure, or the lease of who died. */
export async function passWait({ hold_id }: Pick<Order, 'hold_id'>): Promise<void> {
  await execute('UPDATE payment_sessions SET task_due_at = NOW(3) WHERE hold_id = UNHEX(?) AND task IS NOT NULL', [
    hex(hold_id),
  ]);
}

/** An order whose buyer can pay by now, and the number of what he pays by at the stand-in. */
export async function openOrder(
  service: Service,
  api: StripeApi,
  payment: object = INTENT,
  overrides: Parameters<typeof createHold>[1] = {},
): Promise<{ readonly order: PaidOrder; readonly id: string }> {
  const order = await orderWith(service, payment, overrides);
  const { client_secret, url } = await eventually(async () => {
    const hold = await holdOf(service, order);
    if (hold.payment?.state !== 'open') throw new Error(`The session is ${hold.payment?.state}`);
    return hold.payment;
  });
  const made = [...api.intents, ...api.sessions].find((one) =>
    'client_secret' in one ? one.client_secret === client_secret : one.url === url,
  );
  return { order, id: made!.id };
}

/** What a claim, or a pause before the next question, keeps an order from its deadline: over at once, as time would. */
export async function passClaim(order: Pick<Order, 'order_id'>): Promise<void> {
  await execute('UPDATE orders SET due_at = NOW(3) - INTERVAL 1 SECOND WHERE id = ?', [order.order_id]);
}

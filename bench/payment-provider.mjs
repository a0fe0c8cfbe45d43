// What Stripe's API does for payment sessions, as far as a row needs it: PaymentIntents are made and cancelled, each call
// takes as long as told, and calls above the pace of a path are turned away. It is part of the load.

import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Calls that each path takes within a second. */
const CALLS_PER_SECOND = 25;

/** @param {{ latencyMs: number }} of */
export async function startPaymentProvider({ latencyMs }) {
  const taken = new Map();
  let made = 0;
  let turnedAway = 0;
  const hasRoom = (name) => {
    const now = performance.now();
    const recent = (taken.get(name) ?? []).filter((at) => now - at < 1000);
    if (recent.length >= CALLS_PER_SECOND) return false;
    taken.set(name, [...recent, now]);
    return true;
  };
  const server = createServer(async (request, response) => {
    const [, id] = /^\/v1\/payment_intents\/(\w+)\/cancel$/.exec(request.url ?? '') ?? [];
    request.resume();
    await sleep(latencyMs);
    const headers = { 'content-type': 'application/json', 'retry-after': '1' };
    if (!hasRoom(id === undefined ? 'make' : 'cancel')) {
      turnedAway++;
      const error = { type: 'rate_limit_error', message: 'Too many requests' };
      return void response.writeHead(429, headers).end(JSON.stringify({ error }));
    }
    const own = id ?? `pi_${++made}`;
    const status = id === undefined ? 'requires_payment_method' : 'canceled';
    const intent = { id: own, object: 'payment_intent', client_secret: `${own}_secret`, status };
    response.writeHead(200, headers).end(JSON.stringify(intent));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  server.unref();
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    /** What a service asks it by; plain http is for no service in production. */
    env: { APP_ENV: 'test', STRIPE_API_KEY: 'sk_test_of_the_benchmark', STRIPE_API_BASE: `http://127.0.0.1:${port}` },
    turnedAway: () => turnedAway,
  };
}

/** How an order asks for a session there. */
export const PAYMENT = { provider: 'stripe', kind: 'intent' };

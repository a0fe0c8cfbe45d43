// The calls that several rows make, and what they are made against.

import { createHmac } from 'node:crypto';

/** As many units as the column can count: a product that no row can sell out. */
export const STOCK_MAX = 4_294_967_295;

export function holdCall(productId) {
  return { method: 'POST', path: '/api/holds', body: { product_id: productId, quantity: 1 } };
}

/** An order of the hold that the first call of the sample made. */
export function orderCall([hold]) {
  return { method: 'POST', path: '/api/orders', body: { hold_id: JSON.parse(hold.body).hold_id } };
}

/** A paid notice for the order that the second call of the sample made, signed as Standard Webhooks 1.0.0 says. */
export function signedNoticeCall(key) {
  return ([, order]) => {
    const body = { order_id: JSON.parse(order.body).order_id, status: 'success', transaction_id: 'sample' };
    const timestamp = Math.floor(Date.now() / 1000);
    const signed = `sample.${timestamp}.${JSON.stringify(body)}`;
    const signature = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
    const headers = { 'webhook-id': 'sample', 'webhook-timestamp': timestamp, 'webhook-signature': signature };
    return { method: 'POST', path: '/api/payments/webhook', body, headers };
  };
}

/** The service, the echo of its answers and the naive baseline under one load. */
export function compared({ service, echo, naive }, load) {
  return [
    { name: 'service', server: service, load },
    { name: 'echo', server: echo, load },
    { name: 'naive', server: naive, load },
  ];
}

/**
 * All three, with `products` of them on sale in both databases.
 * @param {import('./stand.mjs').Stand} stand
 * @param {{ products?: number, stock?: number, calls: any[], env?: Record<string, string> }} options
 */
export async function startAll(stand, { products = 1, stock = STOCK_MAX, calls, env }) {
  const service = await stand.startService({ env });
  const naive = await stand.startNaive();
  await stand.addProducts(products, stock);
  const echo = await stand.startEcho(service, calls);
  return { service, echo, naive };
}

import { randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  type CheckoutClient,
  createCheckoutClient,
  type EventOf,
  isProblem,
  orThrow,
  type Problem,
  type ShopEvent,
  verifyWebhook,
} from '../../clients/typescript/src/index.js';
import { Dispatching } from '../../src/deliveries/dispatching.js';
import { LossyProxy } from '../support/lossy-proxy.js';
import { execute, query } from '../support/database.js';
import { untilEventsHaveNumbers } from '../support/events.js';
import { createKey, createProduct, expireHolds, stockOf, unique } from '../support/factories.js';
import { standardHeaders } from '../support/payments.js';
import { Receiver } from '../support/receiver.js';
import { type Service, startService } from '../support/service.js';
import { orderCart } from './examples/order-cart.js';
import { receiver } from './examples/receiver.js';

const PAYMENT_SECRET = 'the-secret-of-the-payment-provider';

let service: Service;
let operator: CheckoutClient;
let shop: CheckoutClient;
let buyer: CheckoutClient;

beforeAll(async () => {
  service = await startService({ WEBHOOK_SECRET: PAYMENT_SECRET });
  const clientOf = (token?: string) =>
    createCheckoutClient({ baseUrl: service.url, ...(token !== undefined && { token }) });
  operator = clientOf(service.config.adminToken);
  shop = clientOf((await createKey(service, ['sell'])).key);
  buyer = clientOf();
});

/** What a payment provider tells of an order. */
async function pay(orderId: number): Promise<void> {
  const body = JSON.stringify({ order_id: orderId, status: 'success', transaction_id: unique('txn') });
  const answer = await fetch(`${service.url}/api/payments/webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...standardHeaders(PAYMENT_SECRET, body) },
    body,
  });
  expect([answer.status, await answer.json()]).toMatchObject([200, { result: 'applied' }]);
}

describe('the typed client', () => {
  it('goes the whole way from a product to a paid order, and to what the shop is told of it', async () => {
    const receiver = await Receiver.start();
    const { id, secret } = await orThrow(
      operator.POST('/api/admin/webhook-endpoints', { body: { url: receiver.url, types: ['order.paid'] } }),
    );
    const product = await orThrow(
      operator.POST('/api/admin/products', { body: { name: unique('poster'), price: '12.50', stock_total: 3 } }),
    );

    const header = { 'on-behalf-of': unique('c') };
    const hold = await orThrow(
      shop.POST('/api/holds', { body: { product_id: product.id, quantity: 2 }, params: { header } }),
    );
    const order = await orThrow(
      shop.POST('/api/orders', { body: { hold_id: hold.hold_id, reference: 'A-1001' }, params: { header } }),
    );
    expect(order).toMatchObject({ status: 'pending_payment', amount: '25.00', reference: 'A-1001' });
    await pay(order.order_id);
    const found = await orThrow(
      shop.GET('/api/holds/{hold_id}', { params: { path: { hold_id: hold.hold_id }, header } }),
    );
    expect(found.order?.status).toBe('paid');

    await untilEventsHaveNumbers();
    await service.app.get(Dispatching).dispatch(id);
    const [{ text, headers }] = receiver.received as [Receiver['received'][number]];
    const event: ShopEvent = await verifyWebhook(text, headers, secret);
    // By its type it is known what its data is.
    if (event.type !== 'order.paid') throw new Error(`Told of ${event.type}`);
    expect([event.data.reference, event.data.customer_id]).toEqual(['A-1001', header['on-behalf-of']]);

    const { items } = await orThrow(
      operator.GET('/api/admin/events', { params: { query: { after: event.sequence - 1, types: 'order.paid' } } }),
    );
    const paid = items as EventOf<'order.paid'>[];
    expect(paid[0]).toEqual(event);
    await execute('DELETE FROM webhook_endpoints');
    await receiver.stop();
  });

  it('knows what a refusal says beyond its code', async () => {
    const product = await createProduct(service, { stock_total: 1 });
    const body = { product_id: product.id, quantity: 2 };
    const { error } = await buyer.POST('/api/holds', { body });
    expect(error && left(error)).toBe(1);

    const hold = await orThrow(buyer.POST('/api/holds', { body: { ...body, quantity: 1 } }));
    await expireHolds(hold.hold_id);
    const refusal = await orThrow(buyer.POST('/api/orders', { body: { hold_id: hold.hold_id } })).catch(
      (thrown: unknown) => thrown,
    );
    expect(isProblem(refusal, 'HOLD_EXPIRED') && refusal.problem.status).toBe(410);
  });

  it('has a hold granted once although its answer was lost', async () => {
    const product = await createProduct(service, { stock_total: 5 });
    const proxy = await LossyProxy.start(service.url);
    const client = createCheckoutClient({ baseUrl: proxy.url });
    proxy.loseAnswers(2);
    const hold = await orThrow(client.POST('/api/holds', { body: { product_id: product.id, quantity: 1 } }));
    await proxy.stop();
    expect(proxy.lost).toBe(2);
    expect(await stockOf(product.id)).toMatchObject({ stock_held: 1 });
    const rows = await query('SELECT HEX(id) AS id FROM holds WHERE product_id = ?', [product.id]);
    expect(rows).toEqual([{ id: hold.hold_id.replaceAll('-', '').toUpperCase() }]);
  });

  it('lets go of a long poll when it is told to', async () => {
    const abort = new AbortController();
    const reason = new Error('No more');
    const poll = operator.GET('/api/admin/events', {
      params: { query: { after: 999_999_999_999, wait: 30 } },
      signal: abort.signal,
    });
    abort.abort(reason);
    await expect(poll).rejects.toBe(reason);
  });
});

describe('what its README shows', () => {
  it('orders a cart once, however often it is asked, and tells the customer what is left', async () => {
    const sku = unique('poster');
    await createProduct(service, { stock_total: 3, sku });
    process.env.CHECKOUT = service.url;
    process.env.SHOP_KEY = (await createKey(service, ['sell'])).key;
    const cart = { id: randomUUID(), reference: 'A-1002', customer: unique('c'), sku, quantity: 2 };
    const order = await orderCart(cart);
    expect(order).toMatchObject({ status: 'pending_payment', reference: 'A-1002', reference_by: 'shop' });
    expect(await orderCart(cart)).toEqual(order);
    expect(await orderCart({ ...cart, id: randomUUID() })).toBe('only 1 left');
    expect(await orderCart({ ...cart, sku: unique('none') })).toBe('not for sale');
  });

  it('ships what is paid, and has sent again what it could not take', async () => {
    const secret = `whsec_${randomBytes(24).toString('base64')}`;
    const shipped: string[] = [];
    const server = receiver([secret], ({ data }) => Promise.resolve(void shipped.push(String(data.reference))));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const send = async (signedBy: string): Promise<number> => {
      const body = JSON.stringify({ id: 'evt_1', type: 'order.paid', data: { reference: 'A-1003' } });
      const headers = standardHeaders(Buffer.from(signedBy.slice('whsec_'.length), 'base64'), body);
      const { port } = server.address() as AddressInfo;
      return (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body })).status;
    };
    expect([await send(secret), await send(`whsec_${randomBytes(24).toString('base64')}`)]).toEqual([204, 400]);
    expect(shipped).toEqual(['A-1003']);
    await new Promise((resolve) => server.close(resolve));
  });
});

/** Compiles only where the union is told apart by its codes. */
function left(problem: Problem): number | null {
  switch (problem.code) {
    case 'INSUFFICIENT_STOCK':
      return problem.available_stock;
    case 'CUSTOMER_LIMIT_REACHED':
      return problem.remaining;
    case 'HOLD_ALREADY_USED':
      throw new Error(`It is order ${problem.order_id}`);
    default:
      throw new Error(problem.detail);
  }
}

import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApp } from '../app.js';
import type { Config } from '../config/config.js';
import { walkersToken } from './buyer-commands.js';
import { CommandFailedError } from './command-failed.error.js';
import { print } from './output.js';
import { type Answer, SaleClient } from '../operations/rush/sale-client.js';
import { takeBack, type WalkTraces } from './walk-traces.js';

/** How many units the product of the walk has. */
const STOCK = 10;

/** How many of them one customer may have: as many as the walk holds. */
const LIMIT = 5;

/** Where the buyers of a service of the walk's own come from: nobody follows the way back. */
const SHOP = 'https://shop.example';

/** How long a session may take that the service makes in the background, and a notice that comes by itself. */
const BACKGROUND = { everyMs: 100, tries: 300 };

/**
 * Walks hold, order, payment, the same notice again, and a failed payment whose units come back; where the service has
 * the simulated provider, also an order that is paid on its page; where it takes buyers' tokens, as a customer, up to the
 * product's limit. It stops at the first promise that is broken. What it made is taken back in any case, or named where it stays. Without `url` it starts a service of its own for the walk.
 */
export async function testFlow(config: Config, url?: string): Promise<void> {
  const token = await walkersToken(config, `test-flow-${Date.now()}`);
  if (url !== undefined) return walk(new SaleClient(url, config, token));
  const own: Config = { ...config, logLevel: 'error', payments: { ...config.payments, returnOrigins: [SHOP] } };
  const app = await createApp(own);
  try {
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    await walk(new SaleClient(`http://127.0.0.1:${port}`, own, token));
  } finally {
    await app.close();
  }
}

async function walk(client: SaleClient): Promise<void> {
  print(`Walking through ${client.url}`);
  const traces: WalkTraces = { productName: null, productId: null, holdIds: [] };
  try {
    await checkPromises(client, traces);
  } catch (error) {
    await takeBack(client, traces);
    throw error;
  }
  const isTakenBack = await takeBack(client, traces);
  if (!isTakenBack) throw new CommandFailedError('All promises were kept, but more stays than the paid order.');
  print('All promises were kept.');
}

async function checkPromises(client: SaleClient, traces: WalkTraces): Promise<void> {
  const name = `test:flow ${Date.now()}`;
  traces.productName = name;
  const limit = client.hasBuyer ? { max_per_customer: LIMIT } : {};
  const product = await client.createProduct({ name, price: '100', stock_total: STOCK, ...limit });
  if (product.status === 201) traces.productId = product.body.id as number;
  else if (product.status < 500) traces.productName = null;
  expectAnswer('a product is on sale', product, 201);
  const productId = product.body.id as number;

  const paid = await holdAndOrder(client, traces, productId, 2);
  await expectStock(client, productId, STOCK - 2);
  const notice = { order_id: paid.orderId, status: 'success', transaction_id: `flow-${paid.orderId}-paid` };
  const applied = await client.notify(notice);
  expectAnswer('the payment is applied', applied, 200, { result: 'applied', order_status: 'paid' });
  const again = await client.notify(notice);
  expectAnswer('the same notice again has no effect', again, 200, { result: 'duplicate', order_status: 'paid' });
  await expectStock(client, productId, STOCK - 2);
  expectAnswer('a used hold is not used again', await client.createOrder(paid.holdId), 409, {
    code: 'HOLD_ALREADY_USED',
  });

  const failed = await holdAndOrder(client, traces, productId, 3);
  await expectStock(client, productId, STOCK - LIMIT);
  if (client.hasBuyer) await checkBuyer(client, traces, productId, failed.holdId);
  const refusal = await client.notify({
    order_id: failed.orderId,
    status: 'failed',
    transaction_id: `flow-${failed.orderId}-failed`,
  });
  expectAnswer('the failed payment cancels its order', refusal, 200, { result: 'applied', order_status: 'cancelled' });
  await expectStock(client, productId, STOCK - 2);
  if (client.simulatedReturnUrl !== null) await checkPage(client, traces, productId);
}

/** What is true of an order that its buyer pays on a page of the provider's. */
async function checkPage(client: SaleClient, traces: WalkTraces, productId: number): Promise<void> {
  const holdId = await hold(client, traces, productId, 1);
  const order = await client.createOrderWithPage(holdId);
  expectAnswer('an order is made whose buyer pays on a page', order, 201, { status: 'pending_payment' });
  const open = await untilPayment(client, holdId, 'open');
  expectAnswer('the page is made in the background', open, 200, { state: 'open' });
  const page = open.body.url as string;
  expectAnswer('a declined card ends nothing', await client.press(page, 'decline'), 303, {
    location: new URL(page).pathname,
  });
  const paid = await client.press(page, 'pay');
  expectAnswer('the next try pays, and leads back to the shop', paid, 303, { location: client.simulatedReturnUrl });
  expectAnswer('the provider’s notice pays the order', await untilPayment(client, holdId, 'succeeded'), 200, {
    state: 'succeeded',
    attempts: 1,
  });
  await expectStock(client, productId, STOCK - 3);
}

/** What a buyer sees of a payment, once it is in this state, or for as long as anybody would wait. */
async function untilPayment(client: SaleClient, holdId: string, state: string): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const { status, body } = await client.getHold(holdId);
    const payment = (body.payment ?? {}) as Answer['body'];
    if (payment.state === state || tries === BACKGROUND.tries) return { status, body: payment };
    await sleep(BACKGROUND.everyMs);
  }
}

/** What is true of a buyer whom the shop has named. */
async function checkBuyer(client: SaleClient, traces: WalkTraces, productId: number, holdId: string): Promise<void> {
  const more = await client.createHold(productId, 1);
  if (more.status === 201) traces.holdIds.push(more.body.hold_id as string);
  const reached = { code: 'CUSTOMER_LIMIT_REACHED', limit: LIMIT, remaining: 0 };
  expectAnswer('a customer gets no more than the limit', more, 409, reached);
  const stranger = await client.getHoldAsStranger(holdId);
  expectAnswer('nobody else finds his hold', stranger, 404, { code: 'HOLD_NOT_FOUND' });
}

async function hold(client: SaleClient, traces: WalkTraces, productId: number, quantity: number): Promise<string> {
  const made = await client.createHold(productId, quantity);
  if (made.status === 201) traces.holdIds.push(made.body.hold_id as string);
  expectAnswer(`${quantity} ${quantity === 1 ? 'unit is' : 'units are'} held`, made, 201, {
    quantity,
    status: 'active',
  });
  return made.body.hold_id as string;
}

async function holdAndOrder(client: SaleClient, traces: WalkTraces, productId: number, quantity: number) {
  const holdId = await hold(client, traces, productId, quantity);
  const order = await client.createOrder(holdId);
  expectAnswer('an order is made of the hold', order, 201, { hold_id: holdId, status: 'pending_payment' });
  return { holdId, orderId: order.body.order_id as number };
}

async function expectStock(client: SaleClient, productId: number, units: number): Promise<void> {
  const product = await client.getProduct(productId);
  expectAnswer(`${units} of ${STOCK} units are available`, product, 200, { available_stock: units });
}

/** Prints the step with its figures, or fails the walk. */
function expectAnswer(step: string, answer: Answer, status: number, fields: Record<string, unknown> = {}): void {
  const wrong = Object.entries(fields).filter(([name, value]) => answer.body[name] !== value);
  if (answer.status !== status || wrong.length > 0) {
    print(`  BROKEN  ${step}`);
    const expected = JSON.stringify({ status, ...fields });
    throw new Error(`Expected ${expected}, got status ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
  print(`  ok  ${step}  (${answer.status} ${JSON.stringify(answer.body)})`);
}

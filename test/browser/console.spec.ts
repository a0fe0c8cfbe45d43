import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator, Page, Route } from 'playwright-core';
import {
  expectAccessible,
  expectFits,
  expectStill,
  isPictured,
  openPage,
  picture,
  useBrowser,
} from '../support/browser.js';
import { type ChildService, killChildren, startChild } from '../support/child-service.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  createHold,
  createKey,
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  giveBack,
  type Hold,
  notify,
  noticeOf,
  type Order,
  type Product,
  requestHold,
  type Sale,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { Receiver } from '../support/receiver.js';
import { connectTo, PATIENT, type Service } from '../support/service.js';

const DAY_MS = 86_400_000;

useBrowser();

let shop: ChildService;
let operators: Service;
const opened: Sale[] = [];

beforeAll(async () => {
  shop = await startChild({ APP_ENV: 'local', ...PATIENT });
  operators = connectTo(shop.url);
});

// One that has ended is not in the way of the next on the first page.
afterEach(async () => {
  for (const { id } of opened.splice(0)) await actOnSale(operators, id, 'end');
});

afterAll(() => killChildren());

const button = (page: Page | Locator, name: string | RegExp) => page.getByRole('button', { name });
const link = (page: Page, name: string | RegExp) => page.getByRole('link', { name });
const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name });

async function signIn(key = operators.config.adminToken, options: Parameters<typeof openPage>[1] = {}): Promise<Page> {
  const page = await openPage(`${shop.url}/admin`, options);
  await page.getByLabel('Key').fill(key);
  await button(page, 'Sign in').click();
  await link(page, 'Overview').waitFor();
  return page;
}

/** A sale as a shop would name it, with one product in it. */
async function openSale(stock = 40, names = ['Harbour Jacket, winter drop', 'Harbour Jacket, size M']) {
  const sale = await createSale(operators, { name: names[0]! });
  opened.push(sale);
  const product = await createProduct(operators, {
    ...{ name: names[1]!, price: '149.00', sale_id: sale.id, stock_total: stock },
  });
  return { sale, product };
}

/** Buyers who come one after the other in some lines, until they are stopped; one in three pays, one in three orders only. */
function crowdFor({ id }: Product, lines: number): { stop(): Promise<void> } {
  let isComing = true;
  const comeInTurn = async (): Promise<void> => {
    for (let n = 0; isComing; n++) {
      const { status, body } = await requestHold(operators, id);
      if (status !== 201 || n % 3 === 0) continue;
      const order = taken<Order>(await operators.call('POST', '/api/orders', { hold_id: body.hold_id }), 201);
      if (n % 3 === 1) await notify(operators, noticeOf(order));
    }
  };
  const all = Promise.all(Array.from({ length: lines }, comeInTurn));
  const stop = async (): Promise<void> => {
    isComing = false;
    await all;
  };
  return { stop };
}

/** In the next hour that Berlin has twice, when its summer time ends, in the second one: the first is an hour before. */
function secondHourInBerlin(): Date {
  const inOctoberOf = (year: number): Date => {
    const last = new Date(Date.UTC(year, 9, 31, 1, 30, 0, 250));
    return new Date(last.getTime() - last.getUTCDay() * DAY_MS);
  };
  const year = new Date().getUTCFullYear();
  return [year, year + 1].map(inOctoberOf).find((time) => time.getTime() > Date.now() + 2 * DAY_MS)!;
}

/** Goes there as a link does. */
async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${path}'`);
}

/** Pictures of the first page in a rush, with some of what came before it. */
async function showRush(page: Page, { id, name }: Product): Promise<void> {
  if (!isPictured()) return;
  const read = async (path: string) => {
    await sleep(500);
    return (await operators.call('GET', path, undefined, adminHeaders(operators))).body;
  };
  await eventually(async () => {
    const { rates } = (await read('/api/admin/overview')) as { rates: { points: unknown[] } };
    expect(rates.points.length).toBeGreaterThan(8);
  });
  const plan = { product_id: id, buyers: 3000 };
  taken(await operators.call('POST', '/api/admin/rush', plan, adminHeaders(operators)), 202);
  await eventually(async () =>
    expect((await read('/api/admin/rush')).rush).toMatchObject({ product_name: name, state: 'done' }),
  );
  // On a busy machine Redis may be slow for a moment, and the page says so.
  await page.getByText('Nothing is wrong').waitFor();
  await picture(page, 'console-in-a-rush');
  await picture(page, 'console-dark', { isDark: true });
  const phone = await signIn(undefined, { isPhone: true });
  await button(phone, 'Pause the sale').waitFor();
  await picture(phone, 'console-phone');
}

describe('an operator', () => {
  it('signs in with a key, which no script can read afterwards, reloads, and signs out', async () => {
    const page = await openPage(`${shop.url}/admin`);
    await heading(page, 'Sign in').waitFor();
    await expectAccessible(page);
    await page.getByLabel('Key').fill('not-the-key');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'This key is not valid' }).waitFor();
    await page.getByLabel('Key').fill(operators.config.adminToken);
    await page.keyboard.press('Enter');
    await link(page, 'Overview').waitFor();
    const seen = await page.evaluate('document.cookie + JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
    expect(seen).not.toMatch(/console_session|admin-token/);
    await page.reload();
    await link(page, 'Overview').waitFor();
    await button(page, 'Sign out').click();
    await heading(page, 'Sign in').waitFor();
    await page.reload();
    await heading(page, 'Sign in').waitFor();
  });

  it('with a key that may only read sees the figures, and no button that changes anything', async () => {
    const { sale, product } = await openSale();
    const order = await createPaidOrder(operators, { product_id: product.id });
    const page = await signIn((await createKey(operators, ['read'])).key);
    await heading(page, sale.name).waitFor();
    for (const [path, text] of [
      [`sales/${sale.id}`, sale.name],
      [`products/${product.id}`, product.name],
      [`orders/${order.order_id}`, `Order ${order.order_id}`],
      ['refunds', 'Refunds'],
    ] as const) {
      await goTo(page, path);
      await heading(page, text).first().waitFor();
      const shown = await page.locator('main').getByRole('button').allInnerTexts();
      expect(shown.filter((name) => name !== 'Show more')).toEqual([]);
    }
    for (const name of ['Audit log', 'API keys']) expect(await link(page, name).count()).toBe(0);
    await goTo(page, 'keys');
    await heading(page, 'Nothing here').waitFor();
  });

  it('whose key is revoked is signed out', async () => {
    const key = await createKey(operators, ['read']);
    const page = await signIn(key.key);
    const headers = { authorization: `Bearer ${operators.config.adminToken}` };
    await operators.call('DELETE', `/api/admin/keys/${key.id}`, undefined, headers);
    await heading(page, 'Sign in').waitFor();
  });

  it('pauses in the midst of a sale, is told what that means in figures, and goes on', async () => {
    const { sale, product } = await openSale(12_000, ['Comet Runner, first run', 'Comet Runner, size 42']);
    const page = await signIn();
    const card = page.locator('section', { has: heading(page, sale.name) });
    await card.waitFor();
    const crowd = crowdFor(product, 2);
    await eventually(async () =>
      expect(Number((await card.getByRole('definition').nth(2).innerText()).replace(/\D/g, ''))).toBeGreaterThan(2),
    );
    await expectAccessible(page);
    await expectFits(page);
    await showRush(page, product);
    // The question says what the page knew when it was asked.
    await page
      .getByRole('definition')
      .filter({ hasText: /^[\d,.]*[1-9][\d,.]* a second$/ })
      .first()
      .waitFor();
    await button(card, 'Pause the sale').click();
    const question = page.getByRole('dialog');
    await question.getByText(/requests a second came in the last 10 seconds/).waitFor();
    await question.getByText(/\d+ units? that are held stay with their buyers/).waitFor();
    await expectAccessible(page);
    await button(question, 'Pause the sale').click();
    await page.getByRole('status').filter({ hasText: 'is paused' }).waitFor();
    await crowd.stop();
    const refused = await requestHold(operators, product.id);
    expect(refused.body.code).toBe('SALE_PAUSED');
    await button(card, 'Go on with the sale').click();
    await button(question, 'Go on').click();
    await page.getByRole('status').filter({ hasText: 'goes on' }).waitFor();
    expect((await requestHold(operators, product.id)).status).toBe(201);
    const acts = await query<{ action: string }>(
      "SELECT action FROM audit_log WHERE target = 'sale' AND target_id = ? ORDER BY id",
      [String(sale.id)],
    );
    expect(acts.map(({ action }) => action)).toEqual(['sale.create', 'sale.pause', 'sale.resume']);
  });

  it('pauses from a phone', async () => {
    const { sale } = await openSale();
    const page = await signIn(undefined, { isPhone: true });
    const card = page.locator('section', { has: heading(page, sale.name) });
    await button(card, 'Pause the sale').waitFor();
    await expectFits(page);
    await button(card, 'Pause the sale').click();
    await expectFits(page);
    await button(page.getByRole('dialog'), 'Pause the sale').click();
    await button(card, 'Go on with the sale').waitFor();
    for (const path of ['orders', 'sales', `sales/${sale.id}`, 'refunds', 'payment-events', 'keys', 'audit']) {
      await goTo(page, path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.getByText('Loading…').waitFor({ state: 'detached' });
      await expectFits(page);
    }
  });

  it('finds the caller’s order by all that it has, sees what it comes to, takes a unit back, and owes its price once', async () => {
    const { product } = await openSale();
    const reference = 'WEB-20418';
    const adjustments = [
      { kind: 'shipping', label: 'Express delivery', amount: '4.90' },
      { kind: 'discount', label: 'Voucher WINTER', amount: '-20.00' },
    ];
    const forCustomer = { ...adminHeaders(operators), 'on-behalf-of': 'c_7731' };
    const hold = taken<Hold>(await requestHold(operators, product.id, 2, forCustomer), 201);
    const order = taken<Order>(
      await operators.call('POST', '/api/orders', { hold_id: hold.hold_id, reference, adjustments }, forCustomer),
      201,
    );
    const notice = noticeOf(order, { transaction_id: 'bank-93021177' });
    await notify(operators, notice);
    const page = await signIn();
    const named = [
      order.payment_reference,
      'c_7731',
      order.hold_id,
      notice.transaction_id,
      reference,
      String(order.order_id),
    ];
    for (const text of named) {
      await goTo(page, 'orders');
      await page.getByLabel('Find an order').fill(text);
      await page.keyboard.press('Enter');
      await heading(page, `Order ${order.order_id}`).waitFor();
    }
    const due = (await page.getByRole('region', { name: 'What is due' }).innerText()).replace(/\s+/g, ' ');
    expect(due).toBe(
      'What is due 2 units €298.00 Express delivery shipping €4.90 Voucher WINTER discount -€20.00 In all €282.90',
    );
    await expectAccessible(page);
    await button(page, 'Return units').click();
    const question = page.getByRole('dialog');
    await question.getByLabel('Units that come back').fill('1');
    // Pressed twice, as fast as a hand can.
    await button(question, 'Take back').dblclick();
    await page.getByRole('status').filter({ hasText: '1 unit of order' }).waitFor();
    await page.getByRole('table', { name: 'Refunds of the order' }).getByText('due').waitFor();
    await expectAccessible(page);
    await button(page, 'Close').click();
    await picture(page, 'console-order');
    const refunds = await query('SELECT id FROM refunds WHERE order_id = ?', [order.order_id]);
    expect(refunds).toHaveLength(1);
    await goTo(page, 'orders');
    await page.getByLabel('Find an order').fill('nobody-has-this');
    await page.keyboard.press('Enter');
    await page.getByText('No order has').waitFor();
  });

  it('finds the orders that are disputed, sees why, and how it ended', async () => {
    const { product } = await openSale();
    const { order_id } = await createPaidOrder(operators, { product_id: product.id });
    const becomes = (status: string) =>
      execute(
        `UPDATE payments SET disputed_at = NOW(3), dispute_status = ?, dispute_reason = 'product_not_received' WHERE order_id = ?`,
        [status, order_id],
      );
    await becomes('open');
    const page = await signIn();
    await page.getByRole('link', { name: /^1 dispute open/ }).click();
    await page.getByText('1 shown, that is all').waitFor();
    expect(await page.getByLabel('Disputed').isChecked()).toBe(true);
    await expectAccessible(page);
    await link(page, String(order_id)).click();
    const payment = page.getByRole('region', { name: 'Payment', exact: true });
    await payment.getByText('undecided').waitFor();
    await payment.getByText('product not received').waitFor();
    await expectAccessible(page);
    await becomes('lost');
    await page.reload();
    await payment.getByText('lost').waitFor();
    expect(await page.getByText('undecided').count()).toBe(0);
  });

  it('has 1,000 buyers come for 100 units, and is told by the database that exactly 100 were sold', async () => {
    const names = ['Comet Runner, night edition', 'Comet Runner, night edition, size 43'];
    const { product } = await openSale(100, names);
    const page = await signIn();
    await link(page, 'Rush').click();
    await page.getByText('no rush in the last hour').or(page.getByRole('progressbar')).waitFor();
    await button(page, 'Start a rush').click();
    const question = page.getByRole('dialog');
    await question.getByLabel('Product').selectOption(String(product.id));
    await question.getByLabel('Buyers').fill('1000');
    await expectAccessible(page);
    await button(question, 'Start the rush').click();
    await page.getByText('100 of 100 units sold, oversold: 0, as the database says').waitFor();
    await page.getByText('1,000 of 1,000 buyers know').waitFor();
    const told = await page.locator('dl.tiles').innerText();
    expect(told.replace(/\s+/g, ' ')).toMatch(/^Got one 100 buyers Told no 900 buyers No answer 0 buyers /);
    await page.getByRole('listitem').filter({ hasText: '900 too few units left' }).waitFor();
    await expectAccessible(page);
    await expectFits(page);
    await picture(page, 'console-rush');
    expect(await stockOf(product.id)).toMatchObject({ stock_total: 100, stock_held: 0, stock_sold: 100 });
    await expectStockIdentity(product.id);
  });

  it('changes nothing of a sale’s times that nobody touched, in milliseconds and in an hour that there is twice', async () => {
    const ends = secondHourInBerlin();
    const starts = new Date(Math.max(Date.now() + DAY_MS, ends.getTime() - 60 * DAY_MS));
    starts.setUTCMilliseconds(125);
    const times = { starts_at: starts.toISOString(), ends_at: ends.toISOString() };
    const sale = await createSale(operators, times);
    opened.push(sale);
    const read = async () =>
      taken<Sale>(await operators.call('GET', `/api/admin/sales/${sale.id}`, undefined, adminHeaders(operators)), 200);
    const page = await signIn(undefined, { timezoneId: 'Europe/Berlin' });
    await goTo(page, `sales/${sale.id}`);
    const question = page.getByRole('dialog');
    const change = async (label: string, text: string): Promise<void> => {
      await button(page, 'Change').click();
      await question.getByLabel(label).fill(text);
      await button(question, 'Save').click();
    };
    const isChanged = () => page.getByRole('status').filter({ hasText: 'The sale is changed' }).waitFor();
    const name = unique('renamed');
    await change('Name', name);
    await isChanged();
    await heading(page, name).waitFor();
    expect(await read()).toMatchObject({ name, ...times });
    // There is no sale without a start, and none is begun by that.
    await change('Starts', '');
    await question.locator('input[name="starts_at"]:invalid').waitFor();
    expect(await question.getByText('Empty: now').count()).toBe(0);
    await button(question, 'Cancel').click();
    await change('Ends', '');
    await isChanged();
    await page.getByText('when somebody ends it').waitFor();
    expect(await read()).toMatchObject({ name, starts_at: times.starts_at, ends_at: null });
  });

  it('makes a sale with a product, restocks and archives it', async () => {
    const page = await signIn();
    await goTo(page, 'sales');
    await button(page, 'New sale').click();
    const name = unique('عرض نهاية الأسبوع ');
    const question = page.getByRole('dialog');
    await question.getByLabel('Name').fill(name);
    await button(question, 'Make the sale').click();
    await heading(page, name).waitFor();
    await button(page, 'Add a product').click();
    await question.getByLabel('Name').fill('A very long name '.repeat(10));
    await question.getByLabel('Price').fill('a lot');
    await question.getByLabel('Units').fill('5');
    await button(question, 'Put it on sale').click();
    await question.getByText('Please mend what is marked.').waitFor();
    await question.getByLabel('Price').fill('9.99');
    await button(question, 'Put it on sale').click();
    await link(page, /A very long name/).click();
    await button(page, 'Restock').click();
    await question.getByLabel('Units that come').fill('7');
    await button(question, 'Restock').click();
    await page.getByRole('status').filter({ hasText: '12 units' }).waitFor();
    await button(page, 'Archive').click();
    await button(question, 'Archive it').click();
    await button(page, 'Put on sale again').waitFor();
    await expectAccessible(page);
  });

  it('can not leave an action whose answer is under way, and is told to look first where none came', async () => {
    const { product } = await openSale();
    const page = await signIn();
    await goTo(page, `products/${product.id}`);
    await button(page, 'Restock').click();
    const question = page.getByRole('dialog');
    await question.getByLabel('Units that come').fill('5');
    let lose = (): void => undefined;
    const isLost = new Promise<void>((resolve) => (lose = resolve));
    await page.route('**/restock', async (route) => {
      await route.fetch();
      await isLost;
      await route.abort();
    });
    await button(question, 'Restock').click();
    // The second one the browser takes by itself.
    for (let presses = 0; presses < 3; presses++) await page.keyboard.press('Escape');
    await button(question, 'Cancel').waitFor();
    lose();
    await question.getByRole('alert').filter({ hasText: 'No answer came' }).waitFor();
    await button(question, 'Cancel').click();
    await page.getByRole('status').filter({ hasText: 'look whether it was done' }).waitFor();
    await button(page, 'Restock').click();
    await question.getByLabel('Units that come').waitFor();
    expect(await stockOf(product.id)).toMatchObject({ stock_total: 45 });
  });

  it('is told where somebody else has changed it, and sees it as it is then', async () => {
    const { product } = await openSale();
    const page = await signIn();
    await goTo(page, `products/${product.id}`);
    await heading(page, product.name).waitFor();
    const path = `/api/admin/products/${product.id}`;
    taken(await operators.call('PATCH', path, { price: '99.00' }, adminHeaders(operators)), 200);
    const question = page.getByRole('dialog');
    await button(page, 'Archive').click();
    await button(question, 'Archive it').click();
    await question.getByRole('alert').filter({ hasText: 'It has changed meanwhile' }).waitFor();
    await button(question, 'Cancel').click();
    await page.getByText('€99.00').waitFor();
    await button(page, 'Archive').click();
    await button(question, 'Archive it').click();
    await page.getByRole('status').filter({ hasText: 'The product is archived' }).waitFor();
  });

  it('seeks the same once more where no answer came', async () => {
    const page = await signIn();
    await goTo(page, 'orders');
    await page.route('**/api/admin/orders?**', (route) => route.abort());
    await page.getByLabel('Find an order').fill('nobody-has-this');
    await page.keyboard.press('Enter');
    await page.getByText('No answer came. Try again.').waitFor();
    await page.unroute('**/api/admin/orders?**');
    await page.keyboard.press('Enter');
    await page.getByText('No order has').waitFor();
  });

  it('finds a product by its SKU or its number, archived or not, and never another one', async () => {
    const { product } = await openSale();
    const archived = await createProduct(operators, { name: unique('gone'), sku: String(product.id), archived: true });
    const page = await signIn();
    for (const text of [archived.sku!, String(archived.id)]) {
      await goTo(page, 'products');
      await page.getByLabel('Find by SKU').fill(text);
      await page.keyboard.press('Enter');
      await heading(page, archived.name).waitFor();
    }
    await goTo(page, 'products');
    await page.getByLabel('Find by SKU').fill('nobody-has-this');
    await page.keyboard.press('Enter');
    await page.getByText('No product has this SKU').waitFor();
  });

  it('who changes the filter after asking for more sees what it finds, and nothing of the answer that comes late', async () => {
    const { product } = await openSale();
    await createPaidOrder(operators, { product_id: product.id });
    for (let n = 0; n < 21; n++) await createOrder(operators, { product_id: product.id });
    const page = await signIn();
    await goTo(page, `orders?product_id=${product.id}`);
    await page.getByText('20 shown').waitFor();
    const next = /\/api\/admin\/orders\?.*cursor=/;
    const asked: Route[] = [];
    await page.route(next, (route) => void asked.push(route));
    await button(page, 'Show more').click();
    await eventually(() => expect(asked).toHaveLength(1));
    await page.getByLabel('State').selectOption('paid');
    await page.getByText('1 shown, that is all').waitFor();
    const late = page.waitForResponse(next);
    await asked[0]!.continue();
    await (await late).finished();
    await expectStill(page);
    expect(await page.getByText(/\d shown/).innerText()).toBe('1 shown, that is all');
  });

  it('makes a key, sees its text once, and revokes it', async () => {
    const page = await signIn();
    await goTo(page, 'keys');
    await button(page, 'New key').click();
    const question = page.getByRole('dialog');
    const name = 'Warehouse';
    await question.getByLabel('Who uses it').fill(name);
    await question.getByLabel('read').check();
    await button(question, 'Make the key').click();
    const key = await page.locator('code.secret').innerText();
    const call = () => operators.call('GET', '/api/admin/overview', undefined, { authorization: `Bearer ${key}` });
    expect((await call()).status).toBe(200);
    await expectAccessible(page);
    await button(page, 'I have it').click();
    expect(await page.content()).not.toContain(key);
    const row = page.getByRole('row').filter({ hasText: name });
    await button(row, 'Revoke').click();
    await button(question, 'Revoke the key').click();
    await row.getByText('revoked').waitFor();
    await eventually(async () => expect((await call()).status).toBe(401));
  });

  it('has an address told of events, sees its secret once, gives it another, and sends an event again', async () => {
    const receiver = await Receiver.start();
    const page = await signIn();
    await goTo(page, 'endpoints');
    await button(page, 'New address').click();
    const question = page.getByRole('dialog');
    await question.getByLabel('Address').fill('shop.example');
    await button(question, 'Tell it').click();
    await question.getByText('must be an address such as https://shop.example/hooks').waitFor();
    await question.getByLabel('Address').fill(receiver.url);
    await question.getByLabel('Told of').fill('order.paid, order.cancelled');
    await button(question, 'Tell it').click();
    const secret = page.locator('code.secret');
    const first = await secret.innerText();
    await expectAccessible(page);
    await createPaidOrder(operators);
    await eventually(() => expect(receiver.received.map(({ body }) => body.type)).toEqual(['order.paid']));
    expect(receiver.isSignedBy(first)).toBe(true);
    await button(page, 'I have it').click();
    expect(await page.content()).not.toContain(first);
    const row = page.getByRole('row').filter({ hasText: receiver.url });
    await button(row, 'New secret').click();
    await button(question, 'Make a new secret').click();
    const second = await secret.filter({ hasNotText: first }).innerText();
    await button(page, 'I have it').click();
    await link(page, receiver.url).click();
    const delivery = page.getByRole('row').filter({ hasText: receiver.received[0]!.id });
    await delivery.getByText('delivered').waitFor();
    await button(delivery, 'Send again').click();
    await button(question, 'Send it again').click();
    await eventually(() => expect(receiver.received).toHaveLength(2));
    expect(receiver.received[1]!.id).toBe(receiver.received[0]!.id);
    expect(receiver.isSignedBy(second)).toBe(false);
    receiver.received.shift();
    expect(receiver.isSignedBy(second)).toBe(true);
    await page.goBack();
    await button(row, 'Disable').click();
    await button(question, 'Tell it nothing').click();
    await row.getByText('off since').waitFor();
    await expectAccessible(page);
    await button(row, 'Delete').click();
    await button(question, 'Delete it').click();
    await page.getByText('No address is told of anything yet.').waitFor();
    await receiver.stop();
  });

  it('is told to look first where no answer says whether a secret was made', async () => {
    const page = await signIn();
    const question = page.getByRole('dialog');
    const lose = (path: string) =>
      page.route(
        path,
        async (route) => {
          await route.fetch();
          await route.abort();
        },
        { times: 1 },
      );
    const expectToLook = async (action: string, made: Locator): Promise<void> => {
      await button(question, action).click();
      await question.getByText('it may be done all the same').waitFor();
      await made.waitFor();
      expect(await question.getByText('not done twice').count()).toBe(0);
      await expectAccessible(page);
      await button(question, 'Cancel').click();
    };
    const listed = (text: string) => page.locator('tr', { hasText: text });
    await goTo(page, 'endpoints');
    const url = `http://127.0.0.1:9/${unique('hook')}`;
    await button(page, 'New address').click();
    await question.getByLabel('Address').fill(url);
    await lose('**/api/admin/webhook-endpoints');
    await expectToLook('Tell it', listed(url));
    await button(listed(url), 'New secret').click();
    await lose('**/rotate');
    await expectToLook('Make a new secret', listed(url));
    await button(listed(url), 'Delete').click();
    await button(question, 'Delete it').click();
    await listed(url).waitFor({ state: 'detached' });
    await goTo(page, 'keys');
    const name = unique('Warehouse');
    await button(page, 'New key').click();
    await question.getByLabel('Who uses it').fill(name);
    await question.getByLabel('read').check();
    await lose('**/api/admin/keys');
    await expectToLook('Make the key', listed(name));
  });

  it('is shown the audit log a page at a time, and is told when the service does not answer', async () => {
    const { product } = await openSale();
    for (let n = 0; n < 25; n++)
      await giveBack(operators, (await createHold(operators, { product_id: product.id })).hold_id);
    for (let n = 0; n < 25; n++) await createSale(operators);
    const page = await signIn();
    await goTo(page, 'audit');
    await page.getByText('20 shown', { exact: true }).waitFor();
    await button(page, 'Show more').click();
    await page.getByText('40 shown').waitFor();
    await expectAccessible(page);
    await goTo(page, 'overview');
    await heading(page, 'Traffic').waitFor();
    await page.context().setOffline(true);
    await page.getByRole('alert').filter({ hasText: 'These figures are of' }).waitFor();
    await page.context().setOffline(false);
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });
});

interface Told {
  readonly detail?: string;
  readonly [figure: string]: unknown;
}

/** What the overview may be told from one second to the next, and the words that it has for it. */
const OVERVIEWS: readonly (readonly [Told, string])[] = [
  [{}, 'Nothing is wrong'],
  [{ refunds_due: 2, payments_in_review: 1, disputes_open: 3, endpoints_failing: 1, jobs: null }, 'All 5'],
  [{ detail: 'The database did not answer within a second.' }, 'These figures are of'],
  [{ refunds_due: 1 }, '1 refund due'],
  [{}, 'Nothing is wrong'],
];

const NOT_OVERDUE = { holds: 0, orders: 0, events: 0 };
const NO_JOBS = { jobs: { waiting: 0, active: 0, delayed: 0, failed: 0 } };
const REFUSALS = {
  INSUFFICIENT_STOCK: 90,
  SALE_PAUSED: 5,
  HOLD_EXPIRED: 2,
  HOLD_NOT_FOUND: 1,
  CUSTOMER_LIMIT_REACHED: 1,
};

describe('what comes late moves nothing that is there', () => {
  it.each(['a desk', 'a phone'])('on %s, on any page of the console', async (where) => {
    const { sale, product } = await openSale();
    const { order_id } = await createPaidOrder(operators, { product_id: product.id });
    const page = await signIn(undefined, { isPhone: where === 'a phone', lateMs: 100 });
    const paths = ['overview', 'sales', `sales/${sale.id}`, 'products', `products/${product.id}`, 'rush', 'orders'];
    paths.push(`orders/${order_id}`, 'refunds', 'payment-events', 'endpoints', 'audit', 'keys');
    for (const path of paths) {
      await goTo(page, path);
      await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
      await page.getByText('Loading…').waitFor({ state: 'detached' });
      await expectStill(page);
    }
  });

  it.each(['a desk', 'a phone'])('on %s, on the overview, whatever goes wrong and right again', async (where) => {
    await openSale();
    const page = await signIn(undefined, { isPhone: where === 'a phone' });
    let told: Told = {};
    await page.route('**/api/admin/overview', async (route) => {
      if (told.detail !== undefined)
        return route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(told) });
      const response = await route.fetch();
      const { rates, ...overview } = (await response.json()) as { rates: object };
      const calm = { refunds_due: 0, payments_in_review: 0, disputes_open: 0, endpoints_failing: 0 };
      const refusals = Object.keys(told).length === 0 ? {} : REFUSALS;
      const figures = { rates: { ...rates, refusals, answer_p99_ms: 5, is_whole: true }, overdue_seconds: NOT_OVERDUE };
      await route.fulfill({ response, json: { ...overview, ...NO_JOBS, ...figures, ...calm, ...told } });
    });
    for (const [what, words] of OVERVIEWS) {
      told = what;
      await page.getByText(words).first().waitFor();
      await expectStill(page);
    }
    // One that is under way when the page closes is nobody's.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });
});

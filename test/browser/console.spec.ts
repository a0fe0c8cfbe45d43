import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { expectAccessible, expectFits, openPage, picture, useBrowser } from '../support/browser.js';
import { type ChildService, killChildren, startChild } from '../support/child-service.js';
import { query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import {
  createHold,
  createKey,
  createPaidOrder,
  createProduct,
  createSale,
  giveBack,
  notify,
  noticeOf,
  type Order,
  type Product,
  requestHold,
  type Sale,
  taken,
  unique,
} from '../support/factories.js';
import { connectTo, type Service } from '../support/service.js';

useBrowser();

let shop: ChildService;
let operators: Service;

beforeAll(async () => {
  shop = await startChild({});
  operators = connectTo(shop.url);
});

afterAll(() => killChildren());

const button = (page: Page | Locator, name: string | RegExp) => page.getByRole('button', { name });
const link = (page: Page, name: string | RegExp) => page.getByRole('link', { name });
const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name });

async function signIn(key = operators.config.adminToken, options: { isPhone?: boolean } = {}): Promise<Page> {
  const page = await openPage(`${shop.url}/admin`, options);
  await page.getByLabel('Key').fill(key);
  await button(page, 'Sign in').click();
  await link(page, 'Overview').waitFor();
  return page;
}

async function openSale(stock = 40): Promise<{ sale: Sale; product: Product }> {
  const sale = await createSale(operators, { name: unique('Comet Runner') });
  const product = await createProduct(operators, {
    name: unique('Comet Runner, 42'),
    sale_id: sale.id,
    stock_total: stock,
  });
  return { sale, product };
}

/** Goes there as a link does. */
async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${path}'`);
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
    const { sale, product } = await openSale(5000);
    const page = await signIn();
    const card = page.locator('section', { has: heading(page, sale.name) });
    await card.waitFor();
    let isSelling = true;
    const buyers = (async () => {
      for (let n = 0; isSelling; n++) {
        const { status, body } = await requestHold(operators, product.id);
        if (status === 201 && n % 3 === 0) await operators.call('POST', '/api/orders', { hold_id: body.hold_id });
        if (n % 20 === 19) await createPaidOrder(operators, { product_id: product.id }).catch(() => undefined);
      }
    })();
    await eventually(async () =>
      expect(Number((await card.getByRole('definition').nth(2).innerText()).replace(/\D/g, ''))).toBeGreaterThan(2),
    );
    await expectAccessible(page);
    await expectFits(page);
    await picture(page, 'console-in-a-sale');
    await picture(page, 'console-dark', { isDark: true });
    await button(card, 'Pause the sale').click();
    const question = page.getByRole('dialog');
    await question.getByText(/requests a second came in the last 10 seconds/).waitFor();
    await question.getByText(/\d+ units? that are held stay with their buyers/).waitFor();
    await expectAccessible(page);
    await button(question, 'Pause the sale').click();
    await page.getByRole('status').filter({ hasText: 'is paused' }).waitFor();
    isSelling = false;
    await buyers;
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
    await picture(page, 'console-phone');
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

  it('finds the caller’s order by all that it has, takes a unit back, and owes its price once', async () => {
    const { product } = await openSale();
    const reference = unique('A');
    const hold = await createHold(operators, { product_id: product.id, quantity: 2 });
    const order = taken<Order>(await operators.call('POST', '/api/orders', { hold_id: hold.hold_id, reference }), 201);
    const notice = noticeOf(order);
    await notify(operators, notice);
    const page = await signIn();
    const named = [order.payment_reference, order.hold_id, notice.transaction_id, reference, String(order.order_id)];
    for (const text of named) {
      await goTo(page, 'orders');
      await page.getByLabel('Find an order').fill(text);
      await page.keyboard.press('Enter');
      await heading(page, `Order ${order.order_id}`).waitFor();
    }
    await expectAccessible(page);
    await button(page, 'Return units').click();
    const question = page.getByRole('dialog');
    await question.getByLabel('Units that come back').fill('1');
    // Pressed twice, as fast as a hand can.
    await button(question, 'Take back').dblclick();
    await page.getByRole('status').filter({ hasText: '1 unit of order' }).waitFor();
    await page.getByRole('table', { name: 'Refunds of the order' }).getByText('due').waitFor();
    await expectAccessible(page);
    await picture(page, 'console-order');
    const refunds = await query('SELECT id FROM refunds WHERE order_id = ?', [order.order_id]);
    expect(refunds).toHaveLength(1);
    await goTo(page, 'orders');
    await page.getByLabel('Find an order').fill('nobody-has-this');
    await page.keyboard.press('Enter');
    await page.getByText('No order has').waitFor();
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

  it('makes a key, sees its text once, and revokes it', async () => {
    const page = await signIn();
    await goTo(page, 'keys');
    await button(page, 'New key').click();
    const question = page.getByRole('dialog');
    const name = unique('warehouse');
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

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { problemDocument, PROBLEMS } from '../../src/common/problem.js';
import {
  expectAccessible,
  expectFits,
  expectStill,
  firstLoadOf,
  LATER_THAN_CLICKS_MS,
  openPage,
  picture,
  useBrowser,
} from '../support/browser.js';
import { killChildren, startChild } from '../support/child-service.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  expireHolds,
  inSeconds,
  noticeOf,
  notify,
  type Order,
  stockOf,
  taken,
} from '../support/factories.js';
import { button, heading, holdIdOf, openSale, reserve } from '../support/storefront.js';
import { connectTo, PATIENT, type Service } from '../support/service.js';

useBrowser();

let operators: Service;

beforeAll(async () => {
  const { url } = await startChild(PATIENT);
  operators = connectTo(url);
});

afterAll(() => killChildren());

/** Those of the page, its script and style, its icon, what both pages share, and the two reads that it begins with. */
const FIRST_LOAD_REQUESTS_MAX = 10;
const FIRST_LOAD_BYTES_MAX = 60 * 1024;

describe('the first load', () => {
  it.each(['the storefront', 'the console'])('of %s is light, for whoever comes with nothing kept', async (which) => {
    const { url } = await openSale(operators);
    const isStorefront = which === 'the storefront';
    const page = await openPage(isStorefront ? url : `${operators.url}/admin`);
    await button(page, isStorefront ? 'Reserve' : 'Sign in').waitFor();
    const { requests, bytes, shownAfterMs } = await firstLoadOf(page);
    process.stdout.write(`${which}: ${requests} requests, ${bytes} bytes, shown after ${shownAfterMs} ms\n`);
    expect(requests).toBeGreaterThan(2);
    expect(requests).toBeLessThanOrEqual(FIRST_LOAD_REQUESTS_MAX);
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThan(FIRST_LOAD_BYTES_MAX);
  });
});

describe('a buyer', () => {
  it('waits for the start, and finds the sale open at that very second', async () => {
    const { url, sale } = await openSale(operators, undefined, { starts_at: inSeconds(272) });
    const page = await openPage(url);
    await page.getByText('Opens in').waitFor();
    await page.getByText(/^4:\d\d$/).waitFor();
    expect(await button(page, 'Reserve').count()).toBe(0);
    await expectAccessible(page);
    await picture(page, 'storefront-before');
    const change = { starts_at: inSeconds(2) };
    await operators.call('PATCH', `/api/admin/sales/${sale.id}`, change, adminHeaders(operators));
    await button(page, 'Reserve').waitFor();
  });

  it('reserves, reloads, orders, and sees when it is paid that it is theirs', async () => {
    const { url, products } = await openSale(operators);
    const page = await openPage(url);
    await page.getByRole('radio', { name: /^42/ }).check();
    await page.getByText('30 left').waitFor();
    await expectAccessible(page);
    await picture(page, 'storefront-on-sale');
    await picture(page, 'storefront-dark', { isDark: true });
    await reserve(page);
    await page.locator('h1:focus', { hasText: 'Reserved for you' }).waitFor();
    await expectAccessible(page);
    await picture(page, 'storefront-reserved');
    await page.reload();
    await heading(page, 'Reserved for you').waitFor();
    await button(page, 'Place order').click();
    await heading(page, 'Your order is placed').waitFor();
    await expectAccessible(page);
    // Here the shop takes the payment by itself, and tells of it.
    const { body } = await operators.call('GET', `/api/holds/${await holdIdOf(page)}`);
    await notify(operators, noticeOf(body.order as Order));
    await heading(page, 'It is yours').waitFor();
    await expectAccessible(page);
    await picture(page, 'storefront-paid');
    await button(page, 'Back to the sale').click();
    await page.getByText('29 left').waitFor();
    for (const { id } of products) await expectStockIdentity(id);
  });

  it('whose order is taken back is told that the money comes back, and no reason that is not theirs', async () => {
    const { url } = await openSale(operators, { '41': 2 });
    const page = await openPage(url);
    await reserve(page);
    await button(page, 'Place order').click();
    await heading(page, 'Your order is placed').waitFor();
    const order = (await operators.call('GET', `/api/holds/${await holdIdOf(page)}`)).body.order as Order;
    await notify(operators, noticeOf(order));
    await heading(page, 'It is yours').waitFor();
    const path = `/api/admin/orders/${order.order_id}/return`;
    taken(await operators.call('POST', path, { restock: true }, adminHeaders(operators)), 200);
    await page.reload();
    await heading(page, 'Your money is on its way back').waitFor();
    expect(await page.getByText('no unit was left').count()).toBe(0);
    await page.getByText('goes back the way it came').waitFor();
  });

  it('does all of it by the keyboard', async () => {
    const { url } = await openSale(operators, { '41': 2, '42': 2 });
    const page = await openPage(url);
    await page.getByRole('radio', { name: /^41/ }).focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.getByRole('radio', { name: /^42/ }).isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('h1:focus', { hasText: 'Reserved for you' }).waitFor();
    // From the heading, to which the focus has gone, on: Place order, More time, Give it back.
    for (let n = 0; n < 3; n++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await heading(page, 'Given back').waitFor();
  });

  it('asks for more time, once, and is told of the time aloud', async () => {
    const { url } = await openSale(operators, { '41': 2 }, { hold_seconds: 60 });
    const page = await openPage(url);
    await reserve(page);
    await page
      .getByRole('status')
      .filter({ hasText: /Your reservation lasts \d+ (second|minute)/ })
      .waitFor();
    await button(page, 'More time').click();
    await button(page, 'More time').waitFor({ state: 'detached' });
    expect(await heading(page, 'Reserved for you').count()).toBe(1);
  });

  it('whose reservation runs out is told so, and may begin again', async () => {
    const { url } = await openSale(operators, { '41': 2 });
    const page = await openPage(url);
    await reserve(page);
    await expireHolds(await holdIdOf(page));
    await heading(page, 'The reservation has run out').waitFor();
    await expectAccessible(page);
    await button(page, 'See what is left').click();
    await reserve(page);
    await button(page, 'Give it back').click();
    await heading(page, 'Given back').waitFor();
  });
});

describe('the last unit', () => {
  it('goes to one of two tabs, the other is told so kindly, and gets it when it comes back', async () => {
    const { url, products } = await openSale(operators, { '41': 1 });
    const tabs = await Promise.all([openPage(url), openPage(url)]);
    await Promise.all(tabs.map((tab) => tab.getByText('The last one').waitFor()));
    // At once: the other's page may know before a click of a hand gets there that none is left, and its button does nothing.
    await Promise.all(tabs.map((tab) => button(tab, /Reserve|None left right now/).dispatchEvent('click')));
    const told = /every unit is reserved now|All units are reserved/;
    const ends = await Promise.all(
      tabs.map((tab) =>
        Promise.race([
          heading(tab, 'Reserved for you')
            .waitFor()
            .then(() => 'got it'),
          tab
            .getByText(told)
            .first()
            .waitFor()
            .then(() => 'was told'),
        ]),
      ),
    );
    expect([...ends].sort()).toEqual(['got it', 'was told']);
    const winner = tabs[ends.indexOf('got it')]!;
    const other = tabs[ends.indexOf('was told')]!;
    await other.getByText('None left right now').waitFor();
    await expectAccessible(other);
    await picture(other, 'storefront-sold-out');
    await button(winner, 'Give it back').click();
    await button(other, 'Reserve').waitFor();
    await other.getByText(told).first().waitFor({ state: 'detached' });
    await reserve(other);
    await expectStockIdentity(products[0]!.id);
  });
});

describe('what comes late', () => {
  it.each(['a desk', 'a phone'])('moves nothing that is there, on %s', async (where) => {
    const { url } = await openSale(operators);
    const page = await openPage(url, { isPhone: where === 'a phone', lateMs: LATER_THAN_CLICKS_MS });
    await button(page, 'Reserve').waitFor();
    await expectStill(page);
    await page.context().setOffline(true);
    await button(page, 'Reserve').click();
    await page.getByText('The shop does not answer right now').waitFor();
    await expectStill(page);
    await page.context().setOffline(false);
    await heading(page, 'Reserved for you').waitFor();
    await button(page, 'Place order').click();
    await heading(page, 'Your order is placed').waitFor();
    await button(page, 'Cancel the order and give it back').click();
    await heading(page, 'Given back').waitFor();
    await button(page, 'See what is left').click();
    await button(page, 'Reserve').waitFor();
    await expectStill(page);
  });
});

describe('what goes wrong', () => {
  it('without a network, a step waits and is taken once', async () => {
    const { url, products } = await openSale(operators, { '41': 2 });
    const page = await openPage(url);
    await button(page, 'Reserve').waitFor();
    await page.context().setOffline(true);
    await button(page, 'Reserve').click();
    await page.getByText('The shop does not answer right now').waitFor();
    await page.context().setOffline(false);
    await heading(page, 'Reserved for you').waitFor();
    expect(await stockOf(products[0]!.id)).toMatchObject({ stock_held: 1 });
  });

  it('a reload in the midst of a step goes on with it, with the same key', async () => {
    const { url, products } = await openSale(operators, { '41': 2 });
    const page = await openPage(url);
    // The service has done it, and the answer is lost.
    await page.route('**/api/holds', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await button(page, 'Reserve').click();
    await page.getByText('The shop does not answer right now').waitFor();
    await page.unroute('**/api/holds');
    await page.reload();
    await heading(page, 'Reserved for you').waitFor();
    expect(await stockOf(products[0]!.id)).toMatchObject({ stock_held: 1 });
  });

  it('a pause and an end are told as they come', async () => {
    const { url, sale } = await openSale(operators, { '41': 2 });
    const page = await openPage(url);
    await button(page, 'Reserve').waitFor();
    await actOnSale(operators, sale.id, 'pause');
    await page.getByText('The shop has paused the sale').waitFor();
    await page.getByRole('status').filter({ hasText: 'Paused' }).waitFor({ state: 'attached' });
    await expectAccessible(page);
    await actOnSale(operators, sale.id, 'resume');
    await button(page, 'Reserve').waitFor();
    await actOnSale(operators, sale.id, 'end');
    await page.getByText('The sale has ended').waitFor();
  });

  it('a product that is archived while no stream gets through is gone', async () => {
    const { url, products } = await openSale(operators);
    const page = await openPage(url);
    await page.route('**/live', (route) => route.abort());
    await page.reload();
    const gone = page.getByRole('radio', { name: /^42/ });
    await gone.check();
    const path = `/api/admin/products/${products[1]!.id}`;
    taken(await operators.call('PATCH', path, { archived: true }, adminHeaders(operators)), 200);
    await gone.waitFor({ state: 'detached' });
    await page.getByText('12 left').waitFor();
  });

  it('a proxy that answers for the service says that what is shown may be out of date', async () => {
    const { url, sale } = await openSale(operators, { '41': 2 });
    const page = await openPage(url);
    await page.route('**/live', (route) => route.abort());
    await page.reload();
    await button(page, 'Reserve').waitFor();
    const path = `**/api/sales/${sale.id}`;
    await page.route(path, (route) => route.fulfill({ status: 502, body: 'Bad Gateway' }));
    const outOfDate = page.getByText('What you see may be out of date');
    await outOfDate.waitFor();
    await page.unroute(path);
    await outOfDate.waitFor({ state: 'detached' });
  });

  it('nothing that is on sale is followed by what then is', async () => {
    const { url } = await openSale(operators, { '41': 2 });
    const page = await openPage(url);
    for (const list of [/api\/products\?/, /api\/sales\?/]) {
      await page.route(list, (route) => route.fulfill({ json: { items: [], next_cursor: null } }));
    }
    await page.reload();
    await heading(page, 'Nothing is on sale right now').waitFor();
    await page.unroute(/api\/sales\?/);
    await button(page, 'Reserve').waitFor();
  });

  it('a refusal is said of the one that was wanted alone', async () => {
    const { url } = await openSale(operators, { '41': 2, '42': 2 });
    const page = await openPage(url);
    const document = problemDocument('CUSTOMER_LIMIT_REACHED', 'Why.', { limit: 2 });
    await page.route('**/api/holds', (route) => route.fulfill({ status: 409, json: document }));
    await button(page, 'Reserve').click();
    await page.getByRole('alert').waitFor();
    await page.getByRole('radio', { name: /^42/ }).check();
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });

  it.each([
    ['BUYER_TOKEN_REQUIRED', {}, 'Sign in at the shop'],
    ['CUSTOMER_LIMIT_REACHED', { limit: 2 }, 'as many of these as one person may have: 2'],
    ['RATE_LIMITED', {}, 'You can try again in 7 seconds'],
  ] as const)('%s is said in words', async (code, extensions, words) => {
    const { url } = await openSale(operators, { '41': 2 });
    const page = await openPage(url);
    const document = problemDocument(code, 'Why.', extensions);
    await page.route('**/api/holds', (route) =>
      route.fulfill({
        status: PROBLEMS[code].status,
        headers: { 'retry-after': '7', 'content-type': 'application/problem+json' },
        body: JSON.stringify(document),
      }),
    );
    await button(page, 'Reserve').click();
    await page.getByRole('alert').filter({ hasText: words }).waitFor();
    expect(await page.getByText(code).count()).toBe(0);
  });
});

describe('a narrow screen', () => {
  it('fits, also for very long names and those that are read from the right', async () => {
    const names = {
      'أحذية رياضية محدودة الإصدار': 3,
      [`Very${' very'.repeat(20)} long`]: 3,
      [`${'W'.repeat(120)}`]: 3,
    };
    const { url } = await openSale(operators, names, { name: 'تخفيضات نهاية الموسم' });
    const page = await openPage(url, { isPhone: true });
    await button(page, 'Reserve').waitFor();
    await expectFits(page);
    await expectAccessible(page);
    await page.getByRole('radio', { name: /WWWW/ }).check();
    await reserve(page);
    await expectFits(page);
  });

  it('shows the sale as it should', async () => {
    const { url } = await openSale(operators);
    const page = await openPage(url, { isPhone: true });
    await button(page, 'Reserve').waitFor();
    await expectFits(page);
    await picture(page, 'storefront-phone', { isWhole: true });
  });
});

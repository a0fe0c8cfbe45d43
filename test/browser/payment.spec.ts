import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { expectAccessible, expectFits, openPage, useBrowser } from '../support/browser.js';
import { freePort, killChildren, startChild } from '../support/child-service.js';
import { connectTo, PATIENT, type Service } from '../support/service.js';
import { button, heading, openSale, reserve } from '../support/storefront.js';

useBrowser();

let shop: Service;

beforeAll(async () => {
  const port = await freePort();
  const { url } = await startChild({
    ...PATIENT,
    PORT: String(port),
    SIMULATED_WEBHOOK_SECRETS: `whsec_${Buffer.from('what the simulated provider signs').toString('base64')}`,
    PAYMENT_RETURN_ORIGINS: `http://127.0.0.1:${port}`,
  });
  shop = connectTo(url);
});

afterAll(() => killChildren());

/** As far as the provider's page. */
async function goToPay(terms: Parameters<typeof openSale>[2] = {}, isPhone = false): Promise<Page> {
  const { url } = await openSale(shop, { '41': 2 }, terms);
  const page = await openPage(url, { isPhone });
  await reserve(page);
  await button(page, 'Place order').click();
  await page.getByText('Simulated payments').waitFor();
  return page;
}

describe('a buyer on the provider’s page', () => {
  it('pays, and it is theirs', async () => {
    const page = await goToPay();
    await button(page, /^Pay/).first().click();
    await heading(page, 'It is yours').waitFor();
  });

  it('whose card is declined tries again, and keeps the unit', async () => {
    const page = await goToPay();
    await button(page, 'Decline the card').click();
    await page.getByRole('link', { name: /Back to the shop/ }).click();
    await heading(page, 'That did not go through').waitFor();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Try another way to pay' }).click();
    await button(page, /^Pay/).first().click();
    await heading(page, 'It is yours').waitFor();
  });

  it('goes back without paying, and may cancel', async () => {
    const page = await goToPay();
    await page.getByRole('link', { name: /Back to the shop/ }).click();
    await heading(page, 'Pay, and it is yours').waitFor();
    await expectAccessible(page);
    await button(page, 'Cancel the order and give it back').click();
    await heading(page, 'Given back').waitFor();
  });

  it('whose money comes once the unit is given back is promised nothing, and told what has become of it', async () => {
    const page = await goToPay();
    await button(page, 'Pay later').click();
    await button(page, 'Cancel the order and give it back').click();
    await heading(page, 'Given back').waitFor();
    expect(await page.getByText('nothing was taken').count()).toBe(0);
    await heading(page, 'It is yours').waitFor();
  });

  it.each([
    ['pays', 'Let the bank pay', 'It is yours', /^Paid, and on record/],
    ['refuses', 'Let the bank refuse', 'The payment did not go through', /Nothing was taken/],
  ])('whose bank %s days later is told so, and until then that the unit is kept', async (_, end, title, words) => {
    const page = await goToPay({ processing_seconds: 5 * 86_400 }, true);
    await button(page, 'Pay by bank debit').click();
    await page.getByText('The bank debit is on its way.').waitFor();
    const provider = page.url();
    await page.getByRole('link', { name: /Back to the shop/ }).click();
    await heading(page, 'Your bank is on it').waitFor();
    await page.getByText('Your unit stays yours meanwhile').waitFor();
    // Nothing runs out that the buyer could do something about, and there is nothing to give back by mistake.
    expect(await page.getByRole('timer').count()).toBe(0);
    expect(await page.getByRole('button').count()).toBe(0);
    await expectAccessible(page);
    await expectFits(page);
    await page.reload();
    await heading(page, 'Your bank is on it').waitFor();
    const days = await page.context().newPage();
    await days.goto(provider);
    await button(days, end).click();
    await heading(page, title).waitFor();
    await page.getByText(words).waitFor();
    await expectAccessible(page);
  });
});

import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { expectAccessible, openPage, useBrowser } from '../support/browser.js';
import { freePort, killChildren, startChild } from '../support/child-service.js';
import { connectTo, type Service } from '../support/service.js';
import { button, heading, openSale, reserve } from '../support/storefront.js';

useBrowser();

let shop: Service;

beforeAll(async () => {
  const port = await freePort();
  const { url } = await startChild({
    PORT: String(port),
    SIMULATED_WEBHOOK_SECRETS: `whsec_${Buffer.from('what the simulated provider signs').toString('base64')}`,
    PAYMENT_RETURN_ORIGINS: `http://127.0.0.1:${port}`,
  });
  shop = connectTo(url);
});

afterAll(() => killChildren());

/** As far as the provider's page. */
async function goToPay(): Promise<Page> {
  const { url } = await openSale(shop, { '41': 2 });
  const page = await openPage(url);
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
});

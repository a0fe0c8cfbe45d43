import { expect } from '@jest/globals';
import { eventually } from './eventually.js';
import { taken } from './factories.js';
import type { Answer, Environment, Service } from './service.js';
import { holdOf, orderWith, type PaidOrder, RETURN_URL } from './stripe-sales.js';

/** Orders whose buyers pay at the provider that moves no money: by its page, as a browser would, or by its call. */

export const SIMULATED_SECRET = 'what-the-simulated-provider-signs-with';

export const SIMULATED_PAGE = { provider: 'simulated', kind: 'checkout', return_url: RETURN_URL };
export const SIMULATED_INTENT = { provider: 'simulated', kind: 'intent' };

/** Whatever is due by the clock is done; every notice must be signed. */
export const SIMULATED_SETTINGS: Environment = {
  ROLES: 'api,worker,scheduler',
  // But for this, which tests have done themselves, and count.
  RETENTION_CRON: 'off',
  SIMULATED_WEBHOOK_SECRETS: SIMULATED_SECRET,
  WEBHOOK_SECRETS: 'what-others-sign-with',
  PAYMENT_RETURN_ORIGINS: new URL(RETURN_URL).origin,
};

/** An order whose session is open, and the path of its page. */
export async function orderAtPage(
  service: Service,
  overrides: Parameters<typeof orderWith>[2] = {},
): Promise<PaidOrder & { readonly page: string }> {
  const order = await orderWith(service, SIMULATED_PAGE, overrides);
  const { url } = await opened(service, order);
  return { ...order, page: new URL(url!).pathname };
}

export function opened(service: Service, order: Pick<PaidOrder, 'hold_id'>) {
  return eventually(async () => {
    const { payment } = await holdOf(service, order);
    expect(payment).toMatchObject({ state: 'open' });
    return payment!;
  });
}

export async function pageText(service: Service, page: string): Promise<string> {
  const answer = await service.call('GET', page);
  expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({
    status: 200,
    type: 'text/html; charset=utf-8',
  });
  return answer.text;
}

/** Presses a button of the page, which has to be there, and returns where the browser is led. */
export async function press(
  service: Service,
  page: string,
  action: string,
  fields: Record<string, string> = {},
): Promise<string> {
  expect(await pageText(service, page)).toContain(`value="${action}"`);
  const answer = await sendForm(service, page, { ...fields, action });
  expect(answer.status).toBe(303);
  return answer.headers.get('location')!;
}

export function sendForm(service: Service, page: string, fields: Record<string, string>): Promise<Answer> {
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  return service.call('POST', page, new URLSearchParams(fields).toString(), type);
}

export async function confirm(service: Service, secret: string | null, action: string): Promise<{ state: string }> {
  const body = { client_secret: secret, action };
  return taken<{ state: string }>(await service.call('POST', '/simulated/payments/confirm', body), 200);
}

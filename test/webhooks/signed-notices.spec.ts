import { request as httpRequest } from 'node:http';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { countRows, query } from '../support/database.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import { createOrder, keyOf, noticeOf, orderOf, taken, unique } from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import {
  hexHeaders,
  type NoticeHeaders,
  type SigningOptions,
  standardHeaders,
  stripeEvent,
  stripeHeaders,
} from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';

const CURRENT = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PREVIOUS = 'the-old-secret';
const STRIPES = 'whsec_of_stripe';
const STRIPES_PREVIOUS = 'whsec_of_stripe_before';
const CURRENT_KEY = Buffer.from(CURRENT.slice('whsec_'.length), 'base64');

let service: Service;

beforeAll(async () => {
  service = await startService({
    ROLES: 'api',
    WEBHOOK_SECRETS: `${CURRENT},${PREVIOUS}`,
    STRIPE_WEBHOOK_SECRETS: `${STRIPES},${STRIPES_PREVIOUS}`,
  });
});

interface Scheme {
  readonly name: string;
  /** Signs with the current secret. */
  sign(body: string, options?: SigningOptions): NoticeHeaders;
  signWith(secret: string, body: string): NoticeHeaders;
  readonly isTimed: boolean;
}

const SCHEMES: readonly Scheme[] = [
  {
    name: 'Standard Webhooks',
    sign: (body, options) => standardHeaders(CURRENT_KEY, body, options),
    signWith: standardHeaders,
    isTimed: true,
  },
  {
    name: "Stripe's scheme",
    sign: (body, options) => stripeHeaders(CURRENT, body, options),
    signWith: stripeHeaders,
    isTimed: true,
  },
  { name: 'the hex header', sign: (body) => hexHeaders(CURRENT, body), signWith: hexHeaders, isTimed: false },
];

const WEBHOOK = '/api/payments/webhook';

const send = (body: string, headers: NoticeHeaders, path = WEBHOOK): Promise<Answer> =>
  service.call('POST', path, body, headers);

/** The text with its lowest bit turned over in the middle. */
function flip(text: string): string {
  const middle = Math.floor(text.length / 2);
  return text.slice(0, middle) + String.fromCharCode(text.charCodeAt(middle) ^ 1) + text.slice(middle + 1);
}

async function forgedCount(): Promise<number> {
  const { text } = await service.call('GET', '/metrics');
  return Number(/checkout_payment_notices_total\{result="not_authentic"\} (\d+)/.exec(text)![1]);
}

describe.each(SCHEMES)('$name', (scheme) => {
  it('lets the notice through that is signed with the current secret, or with the one that is rotated out', async () => {
    for (const sign of [scheme.sign, (body: string) => scheme.signWith(PREVIOUS, body)]) {
      const body = JSON.stringify(noticeOf(await createOrder(service)), null, 1);
      expect(taken(await send(body, sign(body)), 200)).toMatchObject({ result: 'applied', order_status: 'paid' });
    }
  });

  const FORGERIES: [name: string, forge: (body: string) => { body: string; headers: NoticeHeaders }][] = [
    ['no signature', (body) => ({ body, headers: {} })],
    ['a signature with another secret', (body) => ({ body, headers: scheme.signWith('guessed', body) })],
    ['a body with one space more', (body) => ({ body: `${body} `, headers: scheme.sign(body) })],
    ['a body with one bit turned over', (body) => ({ body: body.replace('txn-', 'tyn-'), headers: scheme.sign(body) })],
    ['a signature of another body', (body) => ({ body, headers: scheme.sign('{}') })],
    ...Object.keys(scheme.sign('')).flatMap((name): typeof FORGERIES => {
      const changed = (change: (value: string) => string) => (body: string) => {
        const headers = scheme.sign(body);
        return { body, headers: { ...headers, [name]: change(headers[name]!) } };
      };
      return [
        [`${name} missing`, (body) => ({ body, headers: without(scheme.sign(body), name) })],
        [`${name} with one bit turned over`, changed(flip)],
        [`${name} cut short`, changed((value) => value.slice(0, -1))],
        [`${name} twice in one line`, changed((value) => `${value}, ${value}`)],
      ];
    }),
    ...(scheme.isTimed
      ? ([301, -360].map((secondsAgo) => [
          `a timestamp of ${secondsAgo} s ago`,
          (body: string) => ({ body, headers: scheme.sign(body, { secondsAgo }) }),
        ]) as typeof FORGERIES)
      : []),
  ];

  it.each(FORGERIES)('refuses %s, and keeps nothing of it but a count', async (_, forge) => {
    const order = await createOrder(service);
    const [rows, forged] = [await countRows(), await forgedCount()];
    const { body, headers } = forge(JSON.stringify(noticeOf(order)));
    expectProblem(await send(body, headers), 'SIGNATURE_INVALID');
    expect(await countRows()).toEqual(rows);
    expect(await forgedCount()).toBe(forged + 1);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    await expectStockIdentity(order.product_id);
  });

  it('leaves one row of a notice that was listened in on and is sent again under fresh keys', async () => {
    const body = JSON.stringify(noticeOf(await createOrder(service)));
    const signed = scheme.sign(body);
    taken(await send(body, signed), 200);
    const rows = await countRows();
    for (let time = 0; time < 20; time++) {
      // Of the id of the message only its own scheme's signature knows.
      const fresh = { 'webhook-id': unique('msg'), ...signed, 'idempotency-key': unique('key') };
      const answer = await send(body, fresh);
      expect(taken(answer, 200)).toMatchObject({ result: 'duplicate', order_status: 'paid' });
    }
    expect(await countRows()).toEqual(rows);
  });

  it('lets nobody who has listened in take the key of another payment', async () => {
    const [one, other] = [await createOrder(service), await createOrder(service)];
    const [heard, awaited] = [noticeOf(one), noticeOf(other)].map((notice) => ({
      notice,
      body: JSON.stringify(notice),
    }));
    const signed = scheme.sign(heard!.body);
    for (const key of [awaited!.notice.transaction_id, keyOf(awaited!.notice)]) {
      await send(heard!.body, { ...signed, 'idempotency-key': key });
    }
    const answer = await send(awaited!.body, scheme.sign(awaited!.body));
    expect(taken(answer, 200)).toMatchObject({ result: 'applied', order_id: other.order_id, order_status: 'paid' });
  });

  it('refuses a header that comes in two lines', async () => {
    const order = await createOrder(service);
    const body = JSON.stringify(noticeOf(order));
    for (const [name, value] of Object.entries(scheme.sign(body))) {
      const headers = { ...scheme.sign(body), [name]: [value, value] };
      expect(await statusOf(body, headers)).toBe(401);
    }
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });
});

function without(headers: NoticeHeaders, name: string): NoticeHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

/** Sends headers as they are; `fetch` would put two lines into one. */
function statusOf(body: string, headers: Record<string, string | string[]>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${service.url}${WEBHOOK}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('a notice that is not authentic', () => {
  it('hears nothing of what is valid: 401 comes before 400', async () => {
    const rows = await countRows();
    for (const path of [WEBHOOK, `${WEBHOOK}/stripe`]) {
      for (const body of ['{}', '{"order_id":"x"}', '[]', 'null']) {
        expectProblem(await send(body, {}, path), 'SIGNATURE_INVALID');
      }
    }
    expectProblem(await send('{}', { 'idempotency-key': 'two words' }), 'SIGNATURE_INVALID');
    expect(await countRows()).toEqual(rows);
  });

  it('does not get past one scheme by adding another that is right', async () => {
    const order = await createOrder(service);
    const body = JSON.stringify(noticeOf(order));
    const headers = { ...standardHeaders(CURRENT_KEY, body), ...hexHeaders('guessed', body) };
    expectProblem(await send(body, headers), 'SIGNATURE_INVALID');
    const both = { ...standardHeaders(CURRENT_KEY, body), ...hexHeaders(CURRENT, body) };
    expect((await send(body, both)).status).toBe(200);
  });
});

describe('a secret', () => {
  it.each([
    ['the generic one’s at Stripe’s route', CURRENT, `${WEBHOOK}/stripe`],
    ['Stripe’s at the generic route', STRIPES, WEBHOOK],
  ])('signs for its own provider only: %s is refused', async (_, secret, path) => {
    const order = await createOrder(service);
    const notice = path === WEBHOOK ? noticeOf(order) : stripeEvent('payment_intent.succeeded', order);
    const body = JSON.stringify(notice);
    expectProblem(await send(body, stripeHeaders(secret, body), path), 'SIGNATURE_INVALID');
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it.each([
    ['in production', { APP_ENV: 'production', WEBHOOK_SECRETS: CURRENT }, `${WEBHOOK}/stripe`],
    ['in production', { APP_ENV: 'production', STRIPE_WEBHOOK_SECRETS: STRIPES }, WEBHOOK],
    ['beyond loopback', { HOST: '0.0.0.0', STRIPE_WEBHOOK_SECRETS: STRIPES }, WEBHOOK],
    ['beyond loopback', { HOST: '0.0.0.0', WEBHOOK_SECRETS: CURRENT }, `${WEBHOOK}/stripe`],
    ['where another provider has one', { WEBHOOK_SECRETS: CURRENT }, `${WEBHOOK}/stripe`],
  ])('is needed %s, with %j: the notices of a provider without one are refused at %s', async (_, env, path) => {
    const order = await createOrder(service);
    const off = await startService({ ROLES: 'api', ...env });
    const notice = path === WEBHOOK ? noticeOf(order) : stripeEvent('payment_intent.succeeded', order);
    const body = JSON.stringify(notice);
    for (const headers of [{}, stripeHeaders(CURRENT, body), stripeHeaders(STRIPES, body), stripeHeaders('', body)]) {
      expectProblem(await off.call('POST', path, body, headers), 'SIGNATURE_INVALID');
    }
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    await off.stop();
  });
});

describe('forged notices', () => {
  it('leave one line in the log, and all of them are counted', async () => {
    const off = await startService({ ROLES: 'api', WEBHOOK_SECRETS: CURRENT });
    const log = new LogCapture(off.config);
    for (let time = 0; time < 30; time++) {
      expect((await off.call('POST', WEBHOOK, { order_id: 1 }, hexHeaders('guessed', ''))).status).toBe(401);
    }
    expect(log.lines.filter(({ msg }) => /not authentic/.test(String(msg)))).toHaveLength(1);
    const { text } = await off.call('GET', '/metrics');
    expect(text).toMatch(/checkout_payment_notices_total\{result="not_authentic"\} 30/);
    await off.stop();
  });
});

describe('an authentic notice', () => {
  it('is refused with 400 when it is wrong, and leaves no row', async () => {
    const rows = await countRows();
    const body = '{"order_id":"x"}';
    expectProblem(await send(body, standardHeaders(CURRENT_KEY, body)), 'VALIDATION_FAILED');
    expect(await countRows()).toEqual(rows);
  });

  it("is taken at Stripe's route only with Stripe's signature", async () => {
    const order = await createOrder(service);
    const body = JSON.stringify(stripeEvent('payment_intent.succeeded', order));
    const path = `${WEBHOOK}/stripe`;
    expectProblem(await send(body, standardHeaders(CURRENT_KEY, body), path), 'SIGNATURE_INVALID');
    expectProblem(await send(body, stripeHeaders('guessed', body), path), 'SIGNATURE_INVALID');
    expect(taken(await send(body, stripeHeaders(STRIPES, body), path), 200)).toMatchObject({ order_status: 'paid' });
    expect((await send(body, stripeHeaders(STRIPES_PREVIOUS, body), path)).body).toMatchObject({ result: 'duplicate' });
  });

  it('is stored with what it said', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order, { amount: '99.99' });
    const body = JSON.stringify(notice);
    await send(body, standardHeaders(CURRENT_KEY, body));
    const [row] = await query<{ payload: string | object }>(
      'SELECT payload FROM webhook_logs WHERE idempotency_key = ?',
      [keyOf(notice)],
    );
    const payload: unknown = typeof row!.payload === 'string' ? JSON.parse(row!.payload) : row!.payload;
    expect(payload).toMatchObject({ provider: 'generic', orderId: order.order_id, amount: '99.99', status: 'success' });
  });
});

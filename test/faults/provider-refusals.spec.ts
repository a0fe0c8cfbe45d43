import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createProduct,
  giveBack,
  refundsOf,
  taken,
} from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { sendEvent, STRIPE_SECRET, stripeEvent } from '../support/payments.js';
import { saidIn } from '../support/said.js';
import { type Answer, type Service, startService } from '../support/service.js';
import { apiError, StripeApi } from '../support/stripe-api.js';

/** What the payment provider may say when it is asked to give money back: each line of the table in docs/operating.md. */
let api: StripeApi;
let service: Service;
let log: LogCapture;

beforeAll(async () => {
  api = await StripeApi.start();
  service = await startWith(api.url);
  log = new LogCapture(service.config);
});

afterEach(() => {
  api.fateOfAll = undefined;
  api.isBalanceLow = false;
});

afterAll(() => api.stop());

const startWith = (url: string): Promise<Service> =>
  startService({
    ROLES: 'api',
    STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET,
    STRIPE_API_KEY: 'sk_test_key',
    STRIPE_API_BASE: url,
  });

interface Owed {
  readonly orderId: number;
  readonly intent: string;
  readonly refundId: number;
}

/** A payment of Stripe that came too late, and is owed back. */
async function owe(): Promise<Owed> {
  const { id } = await createProduct(service, { stock_total: 1 });
  const order = await createOrder(service, { product_id: id });
  await giveBack(service, order.hold_id);
  await createHold(service, { product_id: id });
  const event = stripeEvent('payment_intent.succeeded', order);
  taken(await sendEvent(service, event), 200);
  const [refund] = await refundsOf(order.order_id);
  const { object } = event.data as { object: { id: string } };
  return { orderId: order.order_id, intent: object.id, refundId: refund!.id };
}

const send = ({ refundId }: Owed, at = service): Promise<Answer> =>
  at.call('POST', `/api/admin/refunds/${refundId}/send`, undefined, adminHeaders(at));

/** Nothing is known of what was sent: the refund stays as it was, and once Stripe is itself again money moves once. */
async function expectAnotherTry(owed: Owed, at = service): Promise<Answer> {
  const answer = await send(owed, at);
  expectProblem(answer, 'UNAVAILABLE');
  expect(await refundsOf(owed.orderId)).toMatchObject([{ status: 'due' }]);
  api.fateOfAll = undefined;
  expect((await send(owed)).body).toMatchObject({ status: 'sent' });
  expect(api.givenBackOf(owed.intent)).toBe(9999);
  return answer;
}

type Case = (owed: Owed, code: string) => Promise<unknown>;

/** By what the line of the table begins with; each is tried with every code of the line. */
const CASES: Readonly<Record<string, Case>> = {
  'the refund that it made': async (owed) => {
    expect((await send(owed)).body).toMatchObject({ status: 'sent', provider_refund_id: api.refunds.at(-1)!.id });
  },
  no: async (owed, code) => {
    api.answerNext(apiError(Number(code), 'invalid_request_error', 'Stripe does not want to'));
    expect((await send(owed)).body).toMatchObject({ status: 'failed', reason: 'Stripe does not want to' });
    expect((await send(owed)).body).toMatchObject({ status: 'sent', reason: null });
  },
  'a refund that came back': async (owed, code) => {
    const refund = { id: 're_came_back', object: 'refund', status: code, failure_reason: 'expired_card' };
    api.answerNext({ status: 200, body: refund });
    expect((await send(owed)).body).toMatchObject({ status: 'failed', reason: 'expired_card' });
    expect((await send(owed)).body).toMatchObject({ status: 'sent', reason: null });
  },
  'it was given back already': async (owed) => {
    api.refundOutside(owed.intent, 9999);
    expect((await send(owed)).body).toMatchObject({ status: 'sent', provider_refund_id: null });
    expect(api.givenBackOf(owed.intent)).toBe(9999);
  },
  'not with this key': async (owed, code) => {
    api.fateOfAll = apiError(Number(code), 'invalid_request_error', 'Invalid API Key provided');
    const { body } = await expectAnotherTry(owed);
    expect(body.detail).toMatch(/STRIPE_API_KEY/);
    expect(log.text).toContain('Invalid API Key provided');
  },
  'not so often': async (owed, code) => {
    api.answerNext(apiError(Number(code), 'rate_limit_error', 'Too many requests'));
    const { body } = await expectAnotherTry(owed);
    expect(body.detail).toMatch(/too often/);
  },
  'the same is under way, or was another': async (owed, code) => {
    const conflict = apiError(Number(code), 'idempotency_error', 'Keys can only be used with the same parameters');
    api.fateOfAll = conflict;
    await expectAnotherTry(owed);
  },
  'it is broken': async (owed, code) => {
    api.fateOfAll = apiError(Number(code), 'api_error', 'Something went wrong');
    await expectAnotherTry(owed);
  },
  'what nobody can read': async (owed) => {
    for (const body of ['<html>', '{"id":', '{}', 'null', '{"object":"charge","id":"ch_1"}']) {
      const unreadable = { status: 200, body };
      api.answerNext(unreadable);
      expectProblem(await send(owed), 'UNAVAILABLE');
      api.passHours(25);
      api.fateOfAll = unreadable;
      expectProblem(await send(owed), 'UNAVAILABLE');
      api.fateOfAll = undefined;
      api.passHours(25);
    }
    expect((await send(owed)).body).toMatchObject({ status: 'sent' });
  },
  'nothing, for 15 seconds': async (owed) => {
    api.fateOfAll = 'silence';
    await expectAnotherTry(owed);
  },
  'nothing, and hangs up': async (owed) => {
    api.fateOfAll = 'hang up';
    await expectAnotherTry(owed);
  },
  'nobody is there': async (owed) => {
    await expectAnotherTry(owed, await startWith('http://127.0.0.1:1'));
  },
};

describe('what the payment provider can say', () => {
  const said = saidIn('What the payment provider can say');

  it('is all in the table of docs/operating.md, and all of that happens here', () => {
    expect(Object.keys(CASES)).toEqual([...said.keys()]);
  });

  const cases = [...said].flatMap(([line, codes]) => (codes.length > 0 ? codes : ['']).map((code) => ({ line, code })));
  it.each(cases)(
    '$line: $code',
    async ({ line, code }) => {
      await CASES[line]!(await owe(), code);
    },
    60_000,
  );
});

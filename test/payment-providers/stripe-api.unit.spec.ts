import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Service } from '../support/service.js';
import { apiError, StripeApi } from '../support/stripe-api.js';

/** The stand-in of Stripe by itself: each rule of its table. */
let api = await StripeApi.start();

afterAll(() => api.stop());

beforeEach(async () => {
  await api.stop();
  api = await StripeApi.start();
});

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly id: string; readonly error: Record<string, unknown> };
}

/** Calls the stand-in as anybody may, without Stripe's package. */
async function call(method: string, path: string, fields: Record<string, string> = {}, key = ''): Promise<Reply> {
  const form = new URLSearchParams(fields).toString();
  const response = await fetch(`${api.url}${path}${method === 'GET' ? `?${form}` : ''}`, {
    method,
    headers: {
      authorization: 'Bearer sk_test_key',
      'content-type': 'application/x-www-form-urlencoded',
      'stripe-version': '2026-10-28.endive',
      ...(key !== '' && { 'idempotency-key': key }),
    },
    ...(method === 'POST' && { body: form }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Reply['body'] };
}

const MONEY = { amount: '9999', currency: 'eur' };
const PAGE = {
  mode: 'payment',
  success_url: 'https://shop.example/done',
  'line_items[0][quantity]': '1',
  'line_items[0][price_data][currency]': 'eur',
  'line_items[0][price_data][unit_amount]': '9999',
};

const makeIntent = async (fields = {}): Promise<string> =>
  (await call('POST', '/v1/payment_intents', { ...MONEY, ...fields })).body.id;
const makePage = async (): Promise<string> => (await call('POST', '/v1/checkout/sessions', PAGE)).body.id;
const readIntent = async (id: string) => (await call('GET', `/v1/payment_intents/${id}`)).body;
const readPage = async (id: string) => (await call('GET', `/v1/checkout/sessions/${id}`)).body;
const cancel = (id: string) => call('POST', `/v1/payment_intents/${id}/cancel`);
const types = () => api.events.map(({ type }) => type);

const RULES: Readonly<Record<string, () => Promise<void>>> = {
  'a key gets its first answer again for a day, and then makes something new': async () => {
    const first = await call('POST', '/v1/payment_intents', MONEY, 'key-1');
    const again = await call('POST', '/v1/payment_intents', MONEY, 'key-1');
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    api.answerNext(apiError(500, 'api_error', 'Something went wrong'));
    for (let time = 0; time < 2; time++)
      expect(await call('POST', '/v1/payment_intents', MONEY, 'key-2')).toMatchObject({ status: 500 });
    expect(api.intents).toHaveLength(1);
    api.passHours(25);
    expect((await call('POST', '/v1/payment_intents', MONEY, 'key-1')).body.id).not.toBe(first.body.id);
  },
  'a key is refused with other parameters': async () => {
    await call('POST', '/v1/payment_intents', MONEY, 'key-1');
    const other = await call('POST', '/v1/payment_intents', { ...MONEY, amount: '5000' }, 'key-1');
    expect(other).toMatchObject({ status: 400, body: { error: { type: 'idempotency_error' } } });
  },
  'a key whose call is under way is refused with 409': async () => {
    const second: Promise<Reply>[] = [];
    api.during('POST /v1/payment_intents', 'before', async () => {
      second.push(call('POST', '/v1/payment_intents', MONEY, 'key-1'));
      await second[0];
    });
    expect((await call('POST', '/v1/payment_intents', MONEY, 'key-1')).status).toBe(200);
    expect(await second[0]).toMatchObject({ status: 409, body: { error: { code: 'idempotency_key_in_use' } } });
    expect(api.intents).toHaveLength(1);
  },
  'what was turned away for its pace is not remembered with the key': async () => {
    api.callsPerSecondMax = 0;
    expect((await call('POST', '/v1/payment_intents', MONEY, 'key-1')).status).toBe(429);
    api.callsPerSecondMax = 1;
    expect((await call('POST', '/v1/payment_intents', MONEY, 'key-1')).status).toBe(200);
  },
  'calls above the pace of a path are answered 429 with Retry-After': async () => {
    api.callsPerSecondMax = 1;
    const replies = await Promise.all([1, 2].map(() => call('POST', '/v1/payment_intents', MONEY)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 429]);
    expect(replies.find(({ status }) => status === 429)!.headers.get('retry-after')).toBe('1');
    expect((await call('POST', '/v1/checkout/sessions', PAGE)).status).toBe(200);
  },
  'a reply that is lost was carried out': async () => {
    api.answerNext('hang up afterwards');
    await expect(call('POST', '/v1/payment_intents', MONEY, 'key-1')).rejects.toThrow();
    api.lossRate = 1;
    await expect(call('GET', '/v1/payment_intents')).rejects.toThrow();
    api.lossRate = 0;
    expect((await call('POST', '/v1/payment_intents', MONEY, 'key-1')).body.id).toBe(api.intents[0]!.id);
    expect(api.intents).toHaveLength(1);
  },
  'the version of the API is the one that the call names': async () => {
    await makeIntent();
    expect(api.calls).toMatchObject([{ version: '2026-10-28.endive' }]);
  },
  'a PaymentIntent waits for a payment method, and succeeds once': async () => {
    const id = await makeIntent();
    expect(await readIntent(id)).toMatchObject({ status: 'requires_payment_method', amount_received: 0 });
    expect([api.pay(id), api.pay(id), api.decline(id)]).toEqual([true, false, false]);
    expect(await readIntent(id)).toMatchObject({ status: 'succeeded', amount_received: 9999 });
    expect(types()).toEqual(['payment_intent.succeeded']);
  },
  'a declined PaymentIntent waits for another payment method': async () => {
    const id = await makeIntent();
    api.decline(id, 'insufficient_funds');
    const last_payment_error = { code: 'insufficient_funds' };
    expect(await readIntent(id)).toMatchObject({ status: 'requires_payment_method', last_payment_error });
    expect(api.pay(id)).toBe(true);
    expect(types()).toEqual(['payment_intent.payment_failed', 'payment_intent.succeeded']);
  },
  'a PaymentIntent is confirmed by a test card, which pays or is declined': async () => {
    const id = await makeIntent();
    const confirm = (payment_method: string) =>
      call('POST', `/v1/payment_intents/${id}/confirm`, { payment_method, return_url: PAGE.success_url });
    expect(await confirm('pm_card_visa_chargeDeclined')).toMatchObject({
      status: 402,
      body: { error: { type: 'card_error', code: 'card_declined' } },
    });
    expect(await confirm('pm_card_visa')).toMatchObject({ status: 200, body: { id, status: 'succeeded' } });
    expect((await confirm('pm_card_visa')).status).toBe(400);
    expect(types()).toEqual(['payment_intent.payment_failed', 'payment_intent.succeeded']);
  },
  'a bank debit is processing until the bank says how it ended': async () => {
    const [paid, returned] = [await makeIntent(), await makeIntent()];
    for (const id of [paid, returned]) {
      api.payByDebit(id);
      expect(await readIntent(id)).toMatchObject({ status: 'processing' });
      api.endDebit(id, id === paid);
    }
    expect(await readIntent(paid)).toMatchObject({ status: 'succeeded' });
    expect(await readIntent(returned)).toMatchObject({ status: 'requires_payment_method' });
  },
  "a PaymentIntent is cancelled while it waits, and can't be paid then": async () => {
    const id = await makeIntent();
    expect((await cancel(id)).body).toMatchObject({ status: 'canceled' });
    expect(api.pay(id)).toBe(false);
    expect((await cancel(id)).status).toBe(400);
    expect(types()).toEqual(['payment_intent.canceled']);
  },
  'the cancel of a PaymentIntent that has succeeded or is processing is refused with it': async () => {
    const [paid, underWay] = [await makeIntent(), await makeIntent()];
    api.pay(paid);
    api.payByDebit(underWay);
    for (const [id, status] of [
      [paid, 'succeeded'],
      [underWay, 'processing'],
    ] as const) {
      const error = { code: 'payment_intent_unexpected_state', payment_intent: { id, status } };
      expect(await cancel(id)).toMatchObject({ status: 400, body: { error } });
    }
  },
  "the PaymentIntent of a Checkout Session can't be cancelled": async () => {
    const page = await makePage();
    api.decline(page);
    expect((await cancel(api.intents[0]!.id)).status).toBe(400);
    expect(api.pay(page)).toBe(true);
  },
  'a Checkout Session has its PaymentIntent once it is confirmed': async () => {
    const page = await makePage();
    expect(await readPage(page)).toMatchObject({ payment_intent: null, payment_status: 'unpaid', status: 'open' });
    api.pay(page);
    const paid = { payment_intent: api.intents[0]!.id, payment_status: 'paid', status: 'complete', url: null };
    expect(await readPage(page)).toMatchObject(paid);
    expect(types()).toEqual(['payment_intent.succeeded', 'checkout.session.completed']);
  },
  "a Checkout Session is expired while it is open, and can't be paid then": async () => {
    const [page, paid] = [await makePage(), await makePage()];
    const expire = (id: string) => call('POST', `/v1/checkout/sessions/${id}/expire`);
    expect((await expire(page)).body).toMatchObject({ status: 'expired', url: null });
    expect(api.pay(page)).toBe(false);
    api.pay(paid);
    expect((await expire(paid)).status).toBe(400);
  },
  'a Checkout Session expires by itself, between 30 minutes and 24 hours after it is made': async () => {
    const inSeconds = (seconds: number) => ({ expires_at: String(Math.floor(Date.now() / 1000) + seconds) });
    for (const seconds of [60, 90_000])
      expect((await call('POST', '/v1/checkout/sessions', { ...PAGE, ...inSeconds(seconds) })).status).toBe(400);
    const page = await makePage();
    api.passHours(24);
    expect(await readPage(page)).toMatchObject({ status: 'expired' });
    expect(types()).toEqual(['checkout.session.expired']);
  },
  'a Checkout Session that is paid by debit is complete and unpaid until the bank says': async () => {
    const page = await makePage();
    api.payByDebit(page);
    expect(await readPage(page)).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
    api.endDebit(page, true);
    expect(await readPage(page)).toMatchObject({ status: 'complete', payment_status: 'paid' });
    expect(types().slice(-1)).toEqual(['checkout.session.async_payment_succeeded']);
  },
  'less than the least amount is refused': async () => {
    const refused = await call('POST', '/v1/payment_intents', { ...MONEY, amount: '49' });
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'amount_too_small' } } });
  },
  'lists begin with the newest, and go on after the last': async () => {
    const made = [await makeIntent(), await makeIntent(), await makeIntent()].reverse();
    const first = await call('GET', '/v1/payment_intents', { limit: '2' });
    const second = await call('GET', '/v1/payment_intents', { limit: '2', starting_after: made[1]! });
    expect([first, second].map(({ body }) => body.has_more)).toEqual([true, false]);
    expect([first, second].flatMap(({ body }) => (body.data as { id: string }[]).map(({ id }) => id))).toEqual(made);
  },
  'a list is of what was made since a time, each with its charge where it is asked for': async () => {
    await makeIntent();
    api.passHours(2);
    const id = await makeIntent();
    api.pay(id);
    api.dispute(id);
    await call('POST', '/v1/refunds', { payment_intent: id, amount: '999' });
    const since = String(Math.floor(Date.now() / 1000) + 3600);
    const { body } = await call('GET', '/v1/payment_intents', {
      'created[gte]': since,
      'expand[0]': 'data.latest_charge',
    });
    expect(body.data).toMatchObject([{ id, latest_charge: { amount_refunded: 999, disputed: true } }]);
  },
  'a search finds what is older than a minute': async () => {
    const id = await makeIntent({ 'metadata[payment_reference]': '1-a' });
    const query = { query: "metadata['payment_reference']:'1-a'" };
    expect((await call('GET', '/v1/payment_intents/search', query)).body.data).toEqual([]);
    api.passHours(1);
    expect((await call('GET', '/v1/payment_intents/search', query)).body.data).toMatchObject([{ id }]);
  },
  'a payment gives back no more than was paid': async () => {
    const id = await makeIntent();
    const refund = (amount: string) => call('POST', '/v1/refunds', { payment_intent: id, amount });
    expect((await refund('1')).status).toBe(400);
    api.pay(id);
    expect([await refund('6000'), await refund('4000'), await refund('3999')].map(({ status }) => status)).toEqual([
      200, 400, 200,
    ]);
    expect(await refund('1')).toMatchObject({ status: 400, body: { error: { code: 'charge_already_refunded' } } });
  },
  'a refund tells of itself, of its charge, and of its end': async () => {
    const [kept, returned] = [await makeIntent({ 'metadata[order_id]': '1' }), await makeIntent()];
    for (const id of [kept, returned]) api.pay(id);
    for (const id of [kept, returned])
      await call('POST', '/v1/refunds', { payment_intent: id, amount: '999', 'metadata[refund_id]': '7' });
    api.refundArrives(api.refunds[0]!.id);
    api.returnByBank(api.refunds[1]!.id);
    expect(types().slice(2)).toEqual([
      ...['refund.created', 'charge.refunded', 'refund.created', 'charge.refunded'],
      ...['refund.updated', 'refund.failed'],
    ]);
    const figure = { object: 'charge', payment_intent: kept, amount_refunded: 999, metadata: { order_id: '1' } };
    const refund = { object: 'refund', payment_intent: kept, amount: 999, metadata: { refund_id: '7' } };
    expect(api.events.slice(2, 4).map(({ data }) => data)).toMatchObject([
      { object: { ...refund, status: 'pending' } },
      { object: figure },
    ]);
    expect(api.events.slice(-2).map(({ data }) => data)).toMatchObject([
      { object: { ...refund, status: 'succeeded' } },
      { object: { payment_intent: returned, status: 'failed', failure_reason: 'lost_or_stolen_card' } },
    ]);
  },
  'a dispute names its PaymentIntent, and has no metadata of it': async () => {
    const id = await makeIntent({ 'metadata[order_id]': '1' });
    api.pay(id);
    api.dispute(id);
    expect(api.events.at(-1)).toMatchObject({
      type: 'charge.dispute.created',
      data: { object: { object: 'dispute', payment_intent: id, amount: 9999, metadata: {} } },
    });
  },
  'events come in any order, more than once, and again until they are taken': async () => {
    const answers = [503, 200, 200, 200];
    const got: string[] = [];
    const service = {
      call: (_method: string, _path: string, body: string) => {
        got.push((JSON.parse(body) as { type: string }).type);
        return Promise.resolve({ status: answers.shift()! });
      },
    } as unknown as Service;
    const id = await makeIntent();
    api.decline(id);
    api.pay(id);
    await api.deliverTo(service, ([declined, paid]) => [paid!, declined!, paid!]);
    await api.deliverTo(service);
    const [paid, declined] = ['payment_intent.succeeded', 'payment_intent.payment_failed'];
    expect(got).toEqual([paid, paid, declined, paid]);
  },
};

describe('the stand-in of Stripe', () => {
  it.each(Object.entries(RULES))('%s', (_, holds) => holds());

  it('has a test for each rule of its table', () => {
    const table = readFileSync(join(import.meta.dirname, '../support/stripe-rules.md'), 'utf8');
    const rules = [...table.matchAll(/^\| (.+?) +\| <https:\/\/docs\.stripe\.com/gm)].map(([, rule]) => rule);
    expect(rules).toEqual(Object.keys(RULES));
  });
});

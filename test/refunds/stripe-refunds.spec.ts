import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PaymentProviders } from '../../src/payment-providers/payment-providers.js';
import { STRIPE_API_VERSION } from '../../src/payment-providers/stripe-client.js';
import { RefundsService } from '../../src/refunds/refunds.service.js';
import { query } from '../support/database.js';
import { expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createProduct,
  giveBack,
  type Order,
  orderOf,
  refundsOf,
  taken,
} from '../support/factories.js';
import { sendEvent, STRIPE_SECRET, stripeEvent } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';
import { apiError, StripeApi } from '../support/stripe-api.js';

let api: StripeApi;
let service: Service;

beforeAll(async () => {
  api = await StripeApi.start();
  service = await startService({
    ROLES: 'api',
    STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET,
    STRIPE_API_KEY: 'sk_test_key',
    STRIPE_API_BASE: api.url,
  });
});

afterAll(() => api.stop());

/** An order whose unit another buyer has, with a late payment of Stripe that is owed back. */
async function owedOrder(): Promise<{ order: Order; intent: string; refundId: number }> {
  const { id } = await createProduct(service, { stock_total: 1 });
  const order = await createOrder(service, { product_id: id });
  await giveBack(service, order.hold_id);
  await createHold(service, { product_id: id });
  const event = stripeEvent('payment_intent.succeeded', order);
  expect(taken(await sendEvent(service, event), 200)).toMatchObject({ order_status: 'refund_due' });
  const [refund] = await refundsOf(order.order_id);
  const { object } = event.data as { object: { id: string } };
  return { order, intent: object.id, refundId: refund!.id };
}

describe('a refund through Stripe', () => {
  const post = (id: number, action: string, body?: object, at = service): Promise<Answer> =>
    at.call('POST', `/api/admin/refunds/${id}/${action}`, body, adminHeaders(at));

  beforeEach(() => void api.calls.splice(0));

  it('is asked for with the payment, its amount in cents and a key of its own, and is sent then', async () => {
    const { intent, refundId } = await owedOrder();
    const refund = taken<{ status: string; provider_refund_id: string }>(await post(refundId, 'send'), 200);
    expect(refund).toMatchObject({ status: 'sent', provider: 'stripe', transaction_id: intent, amount: '99.99' });
    expect(refund.provider_refund_id).toMatch(/^re_/);
    const authorization = 'Bearer sk_test_key';
    expect(api.calls).toEqual([
      {
        path: 'GET /v1/refunds',
        authorization,
        idempotencyKey: '',
        version: STRIPE_API_VERSION,
        fields: { payment_intent: intent, limit: '100' },
      },
      {
        path: 'POST /v1/refunds',
        authorization,
        version: STRIPE_API_VERSION,
        idempotencyKey: `refund-${refundId}-${intent}-1`,
        fields: { payment_intent: intent, amount: '9999', 'metadata[refund_id]': String(refundId) },
      },
    ]);
  });

  it('is made once, however often and by how many it is sent', async () => {
    const { intent, refundId } = await owedOrder();
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(refundId, 'send')));
    expect(answers.map(({ body }) => body.status)).toEqual(Array(5).fill('sent'));
    expect(new Set(answers.map(({ body }) => body.provider_refund_id)).size).toBe(1);
    expect(api.givenBackOf(intent)).toBe(9999);
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent' });
  });

  it('that Stripe refuses has failed with the reason, and the next try does not hear that again', async () => {
    const { intent, refundId } = await owedOrder();
    api.isBalanceLow = true;
    for (let time = 0; time < 2; time++) {
      const reason = 'Insufficient funds in your balance.';
      expect((await post(refundId, 'send')).body).toMatchObject({ status: 'failed', reason });
    }
    api.isBalanceLow = false;
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent', reason: null });
    expect(api.givenBackOf(intent)).toBe(9999);
  });

  it('that Stripe makes only to say that it failed has failed with the reason, and is made anew by the next try', async () => {
    const { intent, refundId } = await owedOrder();
    const failed = { id: 're_failed', object: 'refund', status: 'failed', failure_reason: 'expired_or_canceled_card' };
    api.answerNext({ status: 200, body: failed });
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'failed', reason: failed.failure_reason });
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent', reason: null });
    expect(api.givenBackOf(intent)).toBe(9999);
  });

  it('that Stripe refuses at length keeps what fits of the reason, whole characters', async () => {
    const { refundId } = await owedOrder();
    const reason = `${'x'.repeat(254)}💥`;
    api.answerNext(apiError(400, 'invalid_request_error', `${reason} and more`));
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'failed', reason });
  });

  it('that the bank sent back moves money again when it is sent again', async () => {
    const { intent, refundId } = await owedOrder();
    const first = (await post(refundId, 'send')).body.provider_refund_id as string;
    api.returnByBank(first);
    expect(taken(await post(refundId, 'fail', { reason: 'the bank sent it back' }), 200)).toMatchObject({
      status: 'failed',
    });
    const again = taken<{ provider_refund_id: string }>(await post(refundId, 'send'), 200);
    expect(again).toMatchObject({ status: 'sent' });
    expect(again.provider_refund_id).not.toBe(first);
    expect(api.givenBackOf(intent)).toBe(9999);
  });

  /** Sends a refund, which the bank sends back, and tells that. */
  async function failBy(refundId: number): Promise<{ tellAgain: () => Promise<Answer> }> {
    const sent = taken<{ provider_refund_id: string }>(await post(refundId, 'send'), 200);
    api.returnByBank(sent.provider_refund_id);
    const event = api.events.at(-1)!;
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({ order_status: 'refund_due' });
    const again = {
      ...event,
      id: `${event.id}_again`,
      type: 'charge.refund.updated',
      created: (event.created as number) + 1,
    };
    return { tellAgain: () => sendEvent(service, again) };
  }

  it.each([
    ['mark-sent', 'sent', 'refund_due'],
    ['confirm', 'confirmed', 'refunded'],
  ])(
    'that the bank sent back and that was paid by other means then (%s) does not fail by that again',
    async (action, status, order_status) => {
      const { order, refundId } = await owedOrder();
      const { tellAgain } = await failBy(refundId);
      const paid = { status, provider_refund_id: null };
      expect(taken(await post(refundId, action), 200)).toMatchObject(paid);
      expect(taken(await tellAgain(), 200)).toMatchObject({ result: 'ignored', order_status });
      await service.app.get(RefundsService).readOutsideRefunds();
      const rows = await query('SELECT status, provider_refund_id FROM refunds WHERE id = ?', [refundId]);
      expect(rows).toEqual([paid]);
      expect(await orderOf(order.hold_id)).toMatchObject([{ status: order_status }]);
    },
  );

  it('that Stripe took without our hearing of it is found after its key was forgotten, and not made twice', async () => {
    const { order, intent, refundId } = await owedOrder();
    api.setPaid(intent, 30_000);
    api.answerNext('hang up afterwards', 'hang up', 'hang up');
    expectProblem(await post(refundId, 'send'), 'UNAVAILABLE');
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'due' }]);
    api.passHours(25);
    const provider_refund_id = api.refunds.at(-1)!.id;
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent', provider_refund_id });
    expect(api.givenBackOf(intent)).toBe(9999);
  });

  it('is found among many of its payment', async () => {
    const { intent, refundId } = await owedOrder();
    api.setPaid(intent, 30_000);
    api.answerNext('hang up afterwards', 'hang up', 'hang up');
    expectProblem(await post(refundId, 'send'), 'UNAVAILABLE');
    const provider_refund_id = api.refunds.at(-1)!.id;
    for (let count = 0; count < 150; count++) api.refundOutside(intent, 1);
    api.passHours(25);
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent', provider_refund_id });
    expect(api.givenBackOf(intent)).toBe(9999 + 150);
  });

  it('of a payment that was given back already is noted as sent', async () => {
    const { intent, refundId } = await owedOrder();
    api.refundOutside(intent, 9999);
    expect((await post(refundId, 'send')).body).toMatchObject({
      status: 'sent',
      reason: null,
      provider_refund_id: null,
    });
    expect(api.givenBackOf(intent)).toBe(9999);
  });

  it('that somebody gave up while Stripe was asked stays with the try that came after', async () => {
    const { refundId } = await owedOrder();
    api.isBalanceLow = true;
    const slow = service.app.get(PaymentProviders).find('stripe')!;
    const sendRefund = slow.sendRefund!;
    const asked = jest.spyOn(slow, 'sendRefund').mockImplementationOnce(async (refund) => {
      const refused = sendRefund(refund);
      await refused.catch(() => undefined);
      api.isBalanceLow = false;
      taken(await post(refundId, 'fail', { reason: 'given up' }), 200);
      expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent' });
      return refused;
    });
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent', reason: null });
    asked.mockRestore();
  });

  it.each([
    ['hangs up', ['hang up', 'hang up', 'hang up']],
    ['does not know the key', [apiError(401, 'invalid_request_error', 'Invalid API key')]],
    ['has too much to do', [apiError(429, 'invalid_request_error', 'Too many requests')]],
  ] as const)('stays due while Stripe %s, and nobody claims to know more', async (_, answers) => {
    const { order, refundId } = await owedOrder();
    api.answerNext(...answers);
    expectProblem(await post(refundId, 'send'), 'UNAVAILABLE');
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'due' }]);
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent' });
  });

  it('stays due when Stripe fails, which its key remembers, until somebody gives that try up', async () => {
    const { intent, refundId } = await owedOrder();
    api.answerNext(apiError(500, 'api_error', 'Something went wrong'));
    for (let time = 0; time < 2; time++) expectProblem(await post(refundId, 'send'), 'UNAVAILABLE');
    taken(await post(refundId, 'fail', { reason: 'Stripe failed' }), 200);
    expect((await post(refundId, 'send')).body).toMatchObject({ status: 'sent' });
    expect(api.givenBackOf(intent)).toBe(9999);
  });

  it.each(['due', 'sent'] as const)(
    'is confirmed by the event that the money went back, when it is %s',
    async (status) => {
      const { order, intent, refundId } = await owedOrder();
      if (status === 'sent') await post(refundId, 'send');
      const event = stripeEvent('charge.refunded', order, { id: 'ch_1', payment_intent: intent });
      expect(taken(await sendEvent(service, event), 200)).toMatchObject({
        result: 'applied',
        order_status: 'refunded',
      });
      expect(taken(await sendEvent(service, event), 200)).toMatchObject({
        result: 'duplicate',
        order_status: 'refunded',
      });
      expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'confirmed' }]);
      expectProblem(await post(refundId, 'send'), 'REFUND_STATUS_CONFLICT');
    },
  );

  it('is not confirmed by less than is owed', async () => {
    const { order, intent } = await owedOrder();
    const event = stripeEvent('charge.refunded', order, { id: 'ch_1', payment_intent: intent, amount_refunded: 5000 });
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({
      result: 'applied',
      order_status: 'refund_due',
    });
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'due' }]);
  });

  it('of a payment that nobody has told of is kept, and does nothing to the order that it names', async () => {
    const order = await createOrder(service);
    const event = stripeEvent('charge.refunded', order, { id: 'ch_1', payment_intent: 'pi_unknown' });
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({
      result: 'ignored',
      order_status: null,
    });
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it('moves no money where there is no key of the API, and says so; that it was sent by other means is noted', async () => {
    const { order, refundId } = await owedOrder();
    const keyless = await startService({ ROLES: 'api' });
    expectProblem(await post(refundId, 'send', undefined, keyless), 'REFUND_NOT_SENDABLE');
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'due' }]);
    expect((await post(refundId, 'mark-sent', undefined, keyless)).body).toMatchObject({
      status: 'sent',
      provider_refund_id: null,
    });
    expect(api.calls).toEqual([]);
    await keyless.stop();
  });

  it('keeps the key of the API out of every answer and row', async () => {
    const { refundId } = await owedOrder();
    api.answerNext(apiError(401, 'invalid_request_error', 'Invalid API Key provided: sk_test_key'));
    expect((await post(refundId, 'send')).text).not.toContain('sk_test');
    const rows = await query('SELECT * FROM refunds WHERE id = ?', [refundId]);
    expect(JSON.stringify(rows)).not.toContain('sk_test');
  });
});

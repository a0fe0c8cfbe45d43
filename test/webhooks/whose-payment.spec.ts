import { beforeAll, describe, expect, it } from '@jest/globals';
import { paymentReferenceOf } from '../../src/payment-providers/payment-reference.js';
import { query } from '../support/database.js';
import { expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createOrder,
  createPaidOrder,
  keyOf,
  noticeOf,
  notify,
  orderOf,
  refundsOf,
  taken,
  unique,
  UNKNOWN_HOLD_ID,
} from '../support/factories.js';
import { type ListedEvent, listAll, listEvents, sendEvent, STRIPE_SECRET, stripeEvent } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';

/** Money that is of no order, and what an operator may do with it. */
let service: Service;
let keyless: Service;

beforeAll(async () => {
  [service, keyless] = await Promise.all([
    startService({ ROLES: 'api', STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET }),
    startService({ ROLES: 'api' }),
  ]);
});

async function shown(id: unknown): Promise<ListedEvent> {
  return (await listEvents(service)).find(({ event_id }) => event_id === id)!;
}

async function act(id: unknown, action: 'refund' | 'accept'): Promise<Answer> {
  const path = `/api/admin/webhooks/${(await shown(id)).id}/${action}`;
  return service.call('POST', path, undefined, adminHeaders(service));
}

const refundsOfNoOrder = () => query<{ transaction_id: string }>('SELECT * FROM refunds WHERE order_id IS NULL');

/** A payment of ours whose reference nobody can read. */
function unreadable(intent: string) {
  return stripeEvent('payment_intent.succeeded', {}, { id: intent, metadata: { payment_reference: '#7' } });
}

describe('money under review that names no order', () => {
  it('can be owed back, once, and its refund is settled as any other', async () => {
    const intent = unique('pi');
    const [first, second] = [unreadable(intent), unreadable(intent)];
    for (const event of [first, second]) {
      expect(taken(await sendEvent(service, event), 200)).toEqual({
        result: 'review',
        order_id: null,
        order_status: null,
      });
      expectProblem(await act(event.id, 'accept'), 'PAYMENT_EVENT_NOT_ACCEPTABLE');
    }
    for (let time = 0; time < 2; time++)
      expect(taken(await act(first.id, 'refund'), 200)).toMatchObject({ outcome: 'applied', order_id: null });
    expect(taken(await act(second.id, 'refund'), 200)).toMatchObject({
      status: 'processed',
      outcome: 'ignored',
      reason: 'the refund of this payment is known',
    });
    const owed = (await listAll<Record<string, unknown>>(service, '/api/admin/refunds')).filter(
      ({ transaction_id }) => transaction_id === intent,
    );
    expect(owed).toMatchObject([
      { order_id: null, provider: 'stripe', amount: '99.99', amount_paid: '99.99', cause: 'operator', status: 'due' },
    ]);
    const back = stripeEvent('charge.refunded', {}, { id: unique('ch'), payment_intent: intent });
    expect(taken(await sendEvent(service, back), 200)).toMatchObject({ result: 'applied', order_id: null });
    const path = `/api/admin/refunds/${String(owed[0]!.id)}/confirm`;
    expect((await service.call('POST', path, undefined, adminHeaders(service))).body).toMatchObject({
      status: 'confirmed',
      amount_refunded: '99.99',
    });
  });

  it('that is told again with the reference of an order pays nothing once it is owed back', async () => {
    const order = await createOrder(service);
    const intent = unique('pi');
    const event = unreadable(intent);
    await sendEvent(service, event);
    taken(await act(event.id, 'refund'), 200);
    const readable = stripeEvent('payment_intent.succeeded', order, { id: intent });
    expect(taken(await sendEvent(service, readable), 200)).toMatchObject({
      result: 'ignored',
      order_status: 'pending_payment',
    });
    expect(await refundsOf(order.order_id)).toEqual([]);
  });

  it('has the number of an order, and is of another hold: neither pays that order nor is its refund the order’s', async () => {
    const order = await createOrder(service);
    const payment_reference = paymentReferenceOf(order.order_id, UNKNOWN_HOLD_ID);
    const intent = unique('pi');
    const event = stripeEvent('payment_intent.succeeded', { payment_reference }, { id: intent });
    expect(taken(await sendEvent(service, event), 200)).toMatchObject({ result: 'review', order_id: null });
    expectProblem(await act(event.id, 'accept'), 'PAYMENT_EVENT_NOT_ACCEPTABLE');
    expect(taken(await act(event.id, 'refund'), 200)).toMatchObject({ outcome: 'applied', order_id: null });
    expect(await refundsOf(order.order_id)).toEqual([]);
    expect((await refundsOfNoOrder()).map(({ transaction_id }) => transaction_id)).toContain(intent);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it('is owed back in full where nobody can read how much it was', async () => {
    const order = await createOrder(service);
    const notice = noticeOf(order, { amount: 'much' });
    await notify(keyless, notice);
    taken(await act(keyOf(notice), 'refund'), 200);
    expect(await refundsOf(order.order_id)).toMatchObject([{ status: 'due', amount: null }]);
  });
});

describe('the refund of an event that is settled', () => {
  it('is refused, whatever the event was settled as, and nothing is owed by it', async () => {
    const [paid, open] = [await createPaidOrder(keyless), await createOrder(keyless)];
    const [duplicate, failed] = [noticeOf(paid), noticeOf(open, { status: 'failed' })];
    for (const notice of [duplicate, failed]) await notify(keyless, notice);
    const again = noticeOf(paid, { transaction_id: duplicate.transaction_id, idempotency_key: unique('key') });
    expect((await notify(keyless, again)).body).toMatchObject({ result: 'ignored' });
    const foreign = stripeEvent('payment_intent.succeeded', { order_id: open.order_id });
    expect((await sendEvent(service, foreign)).body).toMatchObject({ result: 'ignored' });
    for (const id of [keyOf(duplicate), keyOf(failed), again.idempotency_key, foreign.id])
      expectProblem(await act(id, 'refund'), 'PAYMENT_EVENT_NOT_OWED');
    expect(await refundsOf(paid.order_id)).toHaveLength(1);
    expect(await refundsOf(open.order_id)).toEqual([]);
  });
});

describe('an event that is not ours', () => {
  it.each([
    ['the number alone', {}, 'payment_intent.canceled'],
    ['another account', { account: 'acct_other' }, 'payment_intent.succeeded'],
    ['live mode', { livemode: true }, 'payment_intent.succeeded'],
  ])('is linked with no order: %s', async (name, fields, type) => {
    const order = await createOrder(service);
    const named = name === 'the number alone' ? { order_id: order.order_id } : order;
    const event: Record<string, unknown> = { ...stripeEvent(type, named), ...fields };
    const answer = { order_id: null, order_status: null };
    expect(taken(await sendEvent(service, event), 200)).toEqual({ result: 'ignored', ...answer });
    expect(taken(await sendEvent(service, event), 200)).toEqual({ result: 'duplicate', ...answer });
    expect(await shown(event.id)).toMatchObject({ outcome: 'ignored', ...answer });
    expect(await query('SELECT id FROM webhook_logs WHERE order_id = ?', [order.order_id])).toEqual([]);
  });
});

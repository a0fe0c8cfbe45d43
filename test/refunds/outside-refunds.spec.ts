import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PaymentProviders } from '../../src/payment-providers/payment-providers.js';
import { RefundsService } from '../../src/refunds/refunds.service.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import { adminHeaders, createOrder, type Order, orderOf, stockOf, taken, unique } from '../support/factories.js';
import { listAll, listEvents, sendEvent, STRIPE_SECRET, stripeEvent } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';
import { apiError, type ApiRefund, StripeApi } from '../support/stripe-api.js';

/** Refunds that somebody makes on the provider's own pages: told by a figure, by their own events, and by its list. */
let api: StripeApi;
let service: Service;

const environment = () => ({
  STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET,
  STRIPE_API_KEY: 'sk_test_key',
  STRIPE_API_BASE: api.url,
});

beforeAll(async () => {
  api = await StripeApi.start();
  service = await startService({ ROLES: 'api', ...environment() });
});

afterAll(() => api.stop());

beforeEach(async () => {
  api.fateOfAll = undefined;
  api.calls.splice(0);
  await execute('UPDATE payments SET refunds_due_at = NULL WHERE refunds_due_at IS NOT NULL', []);
});

const read = (at = service): Promise<number> => at.app.get(RefundsService).readOutsideRefunds();

async function answerTo(event: Record<string, unknown>): Promise<Record<string, unknown>> {
  return taken(await sendEvent(service, event), 200);
}

/** An order that a payment of Stripe has paid. */
async function paidOrder(): Promise<{ order: Order; intent: string }> {
  const order = await createOrder(service);
  const intent = unique('pi');
  const success = stripeEvent('payment_intent.succeeded', order, { id: intent });
  expect(await answerTo(success)).toMatchObject({ order_status: 'paid' });
  return { order, intent };
}

/** That so many cents of a payment have gone back in all. */
const figure = (intent: string, amount_refunded: number) =>
  stripeEvent('charge.refunded', {}, { id: unique('ch'), payment_intent: intent, amount_refunded });

/** What Stripe says of one refund. */
const told = ({ id, payment_intent, amount }: ApiRefund, status = 'succeeded', type = 'refund.updated') =>
  stripeEvent(type, {}, { id, object: 'refund', payment_intent, charge: 'ch_1', amount, status, metadata: {} });

interface ListedRefund {
  readonly id: number;
  readonly order_id: number | null;
  readonly [field: string]: unknown;
}

/** The refunds of an order, as the operator is shown them. */
async function listed(order: Order): Promise<ListedRefund[]> {
  const all = await listAll<ListedRefund>(service, '/api/admin/refunds');
  return all.filter(({ order_id }) => order_id === order.order_id);
}

const outside = ({ id }: ApiRefund, amount: string) => ({
  cause: 'outside',
  status: 'confirmed',
  amount,
  currency: 'EUR',
  provider_refund_id: id,
  reason: null,
});

const statusOf = async ({ hold_id }: Order) => (await orderOf(hold_id))[0]!.status;

describe('a sale that is given back on the pages of the provider', () => {
  it('is a refund that the operator sees, read off the list of the provider once the figure tells of it', async () => {
    const { order, intent } = await paidOrder();
    const refund = api.refundOutside(intent, 9999);
    expect(await answerTo(figure(intent, 9999))).toMatchObject({ order_status: 'refunded' });
    expect(api.calls).toEqual([]);
    expect(await read()).toBe(1);
    expect(await listed(order)).toMatchObject([{ ...outside(refund, '99.99'), amount_refunded: '99.99' }]);
    const rows = await query('SELECT cause_ref FROM refunds WHERE order_id = ?', [order.order_id]);
    expect(rows).toEqual([{ cause_ref: refund.id }]);
    expect(await stockOf(order.product_id)).toMatchObject({ stock_sold: 1, stock_held: 0 });
    await expectStockIdentity(order.product_id);
    expect(await read()).toBe(0);
    expect(api.calls).toHaveLength(1);
  });

  it.each([['refund.created'], ['refund.updated'], ['charge.refund.updated']])(
    'is a refund by its own event, too: %s',
    async (type) => {
      const { order, intent } = await paidOrder();
      const refund = api.refundOutside(intent, 9999);
      const event = told(refund, 'succeeded', type);
      expect(await answerTo(event)).toMatchObject({ result: 'applied', order_status: 'refunded' });
      const { reason } = (await listEvents(service)).find(({ event_id }) => event_id === event.id)!;
      expect(reason).toBe('given back at the provider');
      expect(await answerTo(figure(intent, 9999))).toMatchObject({ result: 'ignored' });
      expect(await listed(order)).toMatchObject([outside(refund, '99.99')]);
      expect(await read()).toBe(0);
    },
  );

  it('is one refund each, however often and by whatever it is told', async () => {
    const { order, intent } = await paidOrder();
    const refunds = [2000, 3000, 4999].map((amount) => api.refundOutside(intent, amount));
    const events = refunds.flatMap((refund) => [told(refund), told(refund, 'succeeded', 'refund.created')]);
    const figures = [2000, 5000, 9999].map((total) => figure(intent, total));
    await answerTo(figures[0]!);
    await Promise.all(
      [...events, ...figures].map((event) => answerTo(event)).concat([1, 2, 3].map(() => read().then(() => ({})))),
    );
    await read();
    expect((await listed(order)).map(({ amount, cause }) => [amount, cause]).sort()).toEqual([
      ['20.00', 'outside'],
      ['30.00', 'outside'],
      ['49.99', 'outside'],
    ]);
    expect(await statusOf(order)).toBe('refunded');
  });

  it('by a part leaves the order paid, and what is not through yet is told by its end', async () => {
    const { order, intent } = await paidOrder();
    const refund = api.refundOutside(intent, 4000);
    expect(await answerTo(told(refund, 'pending', 'refund.created'))).toMatchObject({ result: 'ignored' });
    expect(await answerTo(told(refund))).toMatchObject({ result: 'applied', order_status: 'paid' });
    expect(await listed(order)).toMatchObject([{ ...outside(refund, '40.00'), amount_refunded: '40.00' }]);
  });

  it('fails when the bank sends it back, is due again, and can be sent through the API then', async () => {
    const { order, intent } = await paidOrder();
    const refund = api.refundOutside(intent, 9999);
    await answerTo(figure(intent, 9999));
    await read();
    api.returnByBank(refund.id);
    expect(await answerTo(told(refund, 'failed', 'refund.failed'))).toMatchObject({ order_status: 'refund_due' });
    const [failed] = await listed(order);
    expect(failed).toMatchObject({ status: 'failed', cause: 'outside', amount_refunded: '0.00' });
    const path = `/api/admin/refunds/${failed!.id}/send`;
    const sent: Answer = await service.call('POST', path, undefined, adminHeaders(service));
    expect(taken(sent, 200)).toMatchObject({ status: 'sent' });
    expect(api.givenBackOf(intent)).toBe(9999);
    await answerTo(told({ ...refund, id: sent.body.provider_refund_id as string }));
    expect(await statusOf(order)).toBe('refunded');
    expect(await listed(order)).toHaveLength(1);
  });

  it('takes as much off what is owed, and is no second row of what was owed', async () => {
    const { order } = await paidOrder();
    const twice = unique('pi');
    await answerTo(stripeEvent('payment_intent.succeeded', order, { id: twice }));
    const part = api.refundOutside(twice, 4000);
    await answerTo(figure(twice, 4000));
    await read();
    const [duplicate, made] = await listed(order);
    expect(duplicate).toMatchObject({ cause: 'duplicate', status: 'due', amount: '59.99' });
    expect(made).toMatchObject(outside(part, '40.00'));
    const rest = api.refundOutside(twice, 5999);
    await answerTo(told(rest));
    expect(await listed(order)).toMatchObject([
      { cause: 'duplicate', status: 'confirmed', provider_refund_id: rest.id },
      { cause: 'outside' },
    ]);
    expect(await statusOf(order)).toBe('paid');
  });
});

describe('the list of the provider', () => {
  it('is read by the clock, whatever was told before the service had a key of the API', async () => {
    const { order, intent } = await paidOrder();
    const refund = api.refundOutside(intent, 9999);
    await answerTo(figure(intent, 9999));
    const keyless = await startService({ ROLES: 'api', STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET });
    expect(await read(keyless)).toBe(0);
    const worker = await startService({
      ROLES: 'worker,scheduler',
      OUTSIDE_REFUNDS_CRON: '* * * * * *',
      ...environment(),
    });
    await eventually(async () => expect(await listed(order)).toMatchObject([outside(refund, '99.99')]));
    await Promise.all([worker.stop(), keyless.stop()]);
  });

  it.each([
    ['does not answer', { ...apiError(503, 'api_error', 'Try later') }],
    ['does not know the payment', apiError(404, 'invalid_request_error', 'No such payment_intent')],
  ])('that %s is read later, and stops no other', async (_, fate) => {
    const [one, other] = [await paidOrder(), await paidOrder()];
    for (const { intent } of [one, other]) {
      api.refundOutside(intent, 9999);
      await answerTo(figure(intent, 9999));
    }
    api.fateOfAll = fate;
    await expect(read()).rejects.toThrow(/2 failed.*payment pi/);
    api.fateOfAll = undefined;
    expect(await read()).toBe(0);
    await execute('UPDATE payments SET refunds_due_at = NOW(3) WHERE refunds_due_at IS NOT NULL', []);
    expect(await read()).toBe(2);
    for (const { order } of [one, other]) expect(await listed(order)).toHaveLength(1);
  });

  it('is read anew when there was news while it was read', async () => {
    const { order, intent } = await paidOrder();
    const first = api.refundOutside(intent, 4000);
    await answerTo(figure(intent, 4000));
    const stripe = service.app.get(PaymentProviders).find('stripe')!;
    const findRefunds = stripe.findRefunds!;
    let second: ApiRefund;
    const asked = jest.spyOn(stripe, 'findRefunds').mockImplementationOnce(async (transactionId) => {
      const known = await findRefunds(transactionId);
      second = api.refundOutside(intent, 5999);
      await answerTo(figure(intent, 9999));
      return known;
    });
    expect([await read(), await read(), await read()]).toEqual([0, 1, 0]);
    asked.mockRestore();
    expect(await listed(order)).toMatchObject([outside(first, '40.00'), outside(second!, '59.99')]);
    expect(await statusOf(order)).toBe('refunded');
  });

  it('and came back while the list was read is not taken for one that stayed', async () => {
    const { order, intent } = await paidOrder();
    const kept = api.refundOutside(intent, 3000);
    await answerTo(figure(intent, 3000));
    const back = api.refundOutside(intent, 4000);
    api.during('GET /v1/refunds', 'after', async () => {
      api.returnByBank(back.id);
      await answerTo(api.events.at(-1)!);
    });
    expect([await read(), await read()]).toEqual([0, 1]);
    expect(await listed(order)).toEqual([expect.objectContaining(outside(kept, '30.00'))]);
  });

  it('of a payment that went back before it was told is read once that is told', async () => {
    const order = await createOrder(service);
    const intent = unique('pi');
    const refund = api.refundOutside(intent, 9999);
    await answerTo(figure(intent, 9999));
    expect(await read()).toBe(0);
    await answerTo(stripeEvent('payment_intent.succeeded', order, { id: intent }));
    expect(await read()).toBe(1);
    expect(await listed(order)).toMatchObject([outside(refund, '99.99')]);
    expect(await statusOf(order)).toBe('pending_payment');
  });
});

describe('money that is owed, and that somebody gives back at the provider while it is sent', () => {
  async function owe({ order_id }: Order, amount: string): Promise<number> {
    const wanted = { quantity: 0, amount, restock: false };
    taken(await service.call('POST', `/api/admin/orders/${order_id}/return`, wanted, adminHeaders(service)), 200);
    const refunds = await query<{ id: number }>('SELECT id FROM refunds WHERE order_id = ? ORDER BY id', [order_id]);
    return refunds.at(-1)!.id;
  }

  const send = async (id: number) =>
    taken<ListedRefund>(
      await service.call('POST', `/api/admin/refunds/${id}/send`, undefined, adminHeaders(service)),
      200,
    );

  /** The last refund arrives, and is told. */
  async function tellOurs(): Promise<void> {
    api.refundArrives(api.refunds.at(-1)!.id);
    await answerTo(api.events.at(-1)!);
  }

  /** So much is owed and sent, while these refunds are made outside and told. */
  async function sendWhileGivenBack(amount: string, ...cents: number[]) {
    const { order, intent } = await paidOrder();
    const given: ApiRefund[] = [];
    api.during('POST /v1/refunds', 'before', async () => {
      for (const sum of cents) {
        const made = api.refundOutside(intent, sum);
        given.push(made);
        await answerTo(told(made));
      }
    });
    return { order, given, sent: await send(await owe(order, amount)) };
  }

  it('is not owed a second time because the provider refuses it then', async () => {
    const { order, given, sent } = await sendWhileGivenBack('50.00', 5000, 1000);
    const ours = { cause: 'returned', status: 'confirmed', amount: '50.00', provider_refund_id: given[0]!.id };
    expect(sent).toMatchObject(ours);
    expect(await listed(order)).toMatchObject([ours, outside(given[1]!, '10.00')]);
  });

  it('is told with what was given back twice where the provider makes both', async () => {
    const { order, given } = await sendWhileGivenBack('40.00', 4000);
    const ours = api.refunds.at(-1)!;
    api.refundArrives(ours.id);
    await answerTo(api.events.at(-1)!);
    expect(await listed(order)).toMatchObject([
      { cause: 'returned', status: 'confirmed', provider_refund_id: given[0]!.id, amount_refunded: '80.00' },
      outside(ours, '40.00'),
    ]);
  });

  it.each([
    ['a refund that began outside', false],
    ['what else was owed', true],
  ])('is sent anew when what gave it back comes back, and ours beside it is %s', async (_, isElseOwed) => {
    const { order, given, sent } = await sendWhileGivenBack('40.00', 4000);
    const ours = api.refunds.at(-1)!;
    if (isElseOwed) await owe(order, '40.00');
    const tellOf = async ({ id }: ApiRefund): Promise<void> => {
      api.refundArrives(id);
      await answerTo(api.events.at(-1)!);
    };
    await tellOf(ours);
    api.returnByBank(given[0]!.id);
    await answerTo(api.events.at(-1)!);
    expect(await send(sent.id)).toMatchObject({ status: 'sent' });
    const again = api.refunds.at(-1)!;
    expect(again.id).not.toBe(ours.id);
    await tellOf(again);
    expect(await listed(order)).toMatchObject([
      { cause: 'returned', status: 'confirmed', provider_refund_id: again.id, amount_refunded: '80.00' },
      { cause: isElseOwed ? 'returned' : 'outside', status: 'confirmed', provider_refund_id: ours.id },
    ]);
  });

  it('has failed, and is sent once more, when it comes back before anybody has noted that it was sent', async () => {
    const { order } = await paidOrder();
    const refundId = await owe(order, '40.00');
    const numbers: string[] = [];
    for (let time = 0; time < 2; time++) {
      api.during('POST /v1/refunds', 'after', async () => {
        const { id } = api.refunds.at(-1)!;
        numbers.push(id);
        api.returnByBank(id);
        // Of a second that no try before it was told in.
        await answerTo({ ...api.events.at(-1)!, created: Math.floor(Date.now() / 1000) + time });
      });
      const sent = await send(refundId);
      expect(sent).toMatchObject({ status: 'failed', provider_refund_id: numbers.at(-1) });
    }
    expect(new Set(numbers).size).toBe(2);
    expect(await send(refundId)).toMatchObject({ status: 'sent' });
  });

  it('is owed again when what left nothing of the payment comes back before anybody has told of it', async () => {
    const { order, intent } = await paidOrder();
    const refundId = await owe(order, '25.00');
    const all = api.refundOutside(intent, 9999);
    expect(await send(refundId)).toMatchObject({ status: 'sent', provider_refund_id: null });
    api.returnByBank(all.id);
    await answerTo(api.events.at(-1)!);
    await read();
    expect(await listed(order)).toMatchObject([{ status: 'failed' }]);
    expect(await send(refundId)).toMatchObject({ status: 'sent', provider_refund_id: api.refunds.at(-1)!.id });
    expect(api.givenBackOf(intent)).toBe(2500);
  });

  it('has failed by the list when it comes back within the second of the try before, and before it is noted', async () => {
    const { order, intent } = await paidOrder();
    const refundId = await owe(order, '40.00');
    await send(refundId);
    api.returnByBank(api.refunds.at(-1)!.id);
    const { created } = api.events.at(-1)!;
    await answerTo(api.events.at(-1)!);
    await read();
    api.during('POST /v1/refunds', 'after', async () => {
      api.returnByBank(api.refunds.at(-1)!.id);
      await answerTo({ ...api.events.at(-1)!, created });
      await read();
    });
    expect(await send(refundId)).toMatchObject({ status: 'sent' });
    await read();
    expect(await listed(order)).toMatchObject([{ status: 'failed' }]);
    expect(await send(refundId)).toMatchObject({ status: 'sent', provider_refund_id: api.refunds.at(-1)!.id });
    expect(api.givenBackOf(intent)).toBe(4000);
  });

  it.each([
    ['after it was sent', false],
    ['before that is noted', true],
  ])('is a refund over what was left to be sent, told %s', async (_, isToldFirst) => {
    const { order, intent } = await paidOrder();
    const refundId = await owe(order, '60.00');
    const first = api.refundOutside(intent, 6000);
    if (isToldFirst) api.during('POST /v1/refunds', 'after', tellOurs);
    expect(await send(refundId)).toMatchObject({ amount: '39.99' });
    expect(await answerTo(told(first))).toMatchObject({ result: 'applied' });
    if (!isToldFirst) await tellOurs();
    const ours = { cause: 'returned', status: 'confirmed', amount: '39.99', amount_refunded: '99.99' };
    // The other one gave back the rest of what was owed, and more.
    const rest = { ...ours, amount: '20.01', provider_refund_id: first.id };
    expect(await listed(order)).toMatchObject([ours, rest, outside(first, '39.99')]);
    expect(await statusOf(order)).toBe('refunded');
  });

  it.each([
    ['after it was sent', false],
    ['before that is noted', true],
  ])(
    'leaves its rest owed where the other one comes back before anybody tells of it, told %s',
    async (_, isToldFirst) => {
      const { order, intent } = await paidOrder();
      const refundId = await owe(order, '99.99');
      const first = api.refundOutside(intent, 1000);
      if (isToldFirst) api.during('POST /v1/refunds', 'after', tellOurs);
      expect(await send(refundId)).toMatchObject({ amount: '89.99' });
      if (!isToldFirst) await tellOurs();
      api.returnByBank(first.id);
      await answerTo(api.events.at(-1)!);
      const [ours, rest] = await listed(order);
      expect([ours, rest]).toMatchObject([
        { cause: 'returned', status: 'confirmed', amount: '89.99' },
        { cause: 'returned', status: 'due', amount: '10.00' },
      ]);
      expect(await statusOf(order)).toBe('refund_due');
      await send(Number(rest!.id));
      await tellOurs();
      expect(await listed(order)).toMatchObject([{ status: 'confirmed' }, { status: 'confirmed', amount: '10.00' }]);
      expect(api.givenBackOf(intent)).toBe(9999);
      expect(await statusOf(order)).toBe('refunded');
    },
  );
});

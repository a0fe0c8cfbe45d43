import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ProviderLines } from '../../src/payment-sessions/provider-lines.js';
import { Asking } from '../../src/webhooks/deadlines/asking.js';
import { startChild } from '../support/child-service.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createProduct,
  giveBack,
  hex,
  noticeOf,
  notify,
  orderOf,
  passDeadline,
  refundsOf,
  taken,
} from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { type Service, startService } from '../support/service.js';
import { StripeApi } from '../support/stripe-api.js';
import {
  CHECKOUT,
  holdOf,
  INTENT,
  openOrder,
  orderWith,
  passClaim,
  passWait,
  stripeSettings,
} from '../support/stripe-sales.js';

/** Orders past their deadline whose buyers may just have paid, at two instances of which either asks the provider. */
let api: StripeApi;
let services: readonly [Service, Service];
/** Takes the shop's own notices, unsigned. */
let gateway: Service;

beforeAll(async () => {
  api = await StripeApi.start();
  const settings = { ...stripeSettings(api), ROLES: 'api,worker,scheduler', PAYMENT_DEADLINE_CRON: 'off' };
  services = await Promise.all([startService(settings), startService(settings)]);
  gateway = await startService({ ROLES: 'api' });
});

afterAll(() => api.stop());

beforeEach(async () => {
  Object.assign(api, { fateOfAll: undefined, lossRate: 0, latencyMs: 0 });
  await execute("UPDATE orders SET status = 'cancelled' WHERE status = 'pending_payment'");
  await execute('DELETE FROM payment_sessions');
  services.forEach(findProviderAgain);
});

/** What a test before has made of the provider: away. */
function findProviderAgain({ app }: Service): void {
  const lines = app.get(ProviderLines);
  for (const provider of lines.providers) Object.assign(lines.lineOf(provider, 'end'), { failures: 0, awayUntil: 0 });
}

const CANCEL = 'POST /v1/payment_intents/*/cancel';

type Of = { readonly order_id: number; readonly hold_id: string };

const askAt = (index: 0 | 1) => services[index].app.get(Asking).askDue();
const statusOf = async ({ hold_id }: Of) => (await orderOf(hold_id))[0]!.status;
const cancelsOf = (id: string) => api.callsOf(CANCEL).filter(({ path }) => path.includes(`/${id}/`));
const dueIn = async ({ order_id }: Of) => {
  const [row] = await query<{ seconds: number }>(
    'SELECT TIMESTAMPDIFF(SECOND, NOW(3), due_at) AS seconds FROM orders WHERE id = ?',
    [order_id],
  );
  return row!.seconds;
};
const paidBy = async ({ order_id }: Of) => {
  const sql = 'SELECT paid_transaction_id AS id FROM orders WHERE id = ?';
  return (await query<{ id: string | null }>(sql, [order_id]))[0]!.id;
};
const tasksOf = ({ hold_id }: Of) =>
  query('SELECT task FROM payment_sessions WHERE hold_id = UNHEX(?)', [hex(hold_id)]);

describe('an order with a session that is past its deadline', () => {
  it.each([
    ['intent', INTENT],
    ['checkout', CHECKOUT],
  ])('is cancelled once nobody can pay by its session of kind %s any more', async (_, wish) => {
    const { order, id } = await openOrder(services[0], api, wish);
    await passDeadline(order.order_id);
    expect(await askAt(1)).toBe(1);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'cancelled', cancel_reason: 'payment_expired' }]);
    expect((await holdOf(services[0], order)).payment).toMatchObject({ state: 'cancelled', client_secret: null });
    expect(api.pay(id)).toBe(false);
    // The provider has said that it is over, so nobody asks it to end the session again.
    expect(await tasksOf(order)).toEqual([{ task: null }]);
    await expectStockIdentity(order.product_id);
  });

  it('is left alone while it has time, and once it is paid', async () => {
    const [waiting, paid] = [await openOrder(services[0], api), await openOrder(services[0], api)];
    api.pay(paid.id);
    await api.deliverTo(services[1]);
    await passDeadline(paid.order.order_id);
    expect(await askAt(0)).toBe(0);
    expect([await statusOf(waiting.order), await statusOf(paid.order)]).toEqual(['pending_payment', 'paid']);
  });

  it('is asked for by one of many who look at once', async () => {
    const opened = await inParallel(6, () => openOrder(services[0], api));
    await passDeadline(...opened.map(({ order }) => order.order_id));
    const counts = await inParallel(8, (index) => askAt(index % 2 ? 0 : 1));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(6);
    for (const { order, id } of opened) {
      expect(await statusOf(order)).toBe('cancelled');
      expect(cancelsOf(id)).toHaveLength(1);
    }
  });

  it('whose session nobody was told of ends at once, and what is made of it afterwards is ended, too', async () => {
    api.fateOfAll = 'hang up';
    const order = await orderWith(services[0]);
    await passDeadline(order.order_id);
    expect(await askAt(1)).toBe(1);
    expect(await statusOf(order)).toBe('cancelled');
    api.fateOfAll = undefined;
    await eventually(async () => {
      await passWait(order);
      expect(await tasksOf(order)).toEqual([{ task: null }]);
    });
    const ours = api.intents.filter(({ metadata }) => metadata.payment_reference === order.payment_reference);
    for (const intent of ours) expect(intent.status).toBe('canceled');
  });
});

describe('a buyer who pays at the deadline', () => {
  it.each(['before', 'after'] as const)('has paid when his success comes %s we are told of it', async (when) => {
    const { order, id } = await openOrder(services[0], api);
    await passDeadline(order.order_id);
    // It is committed at the stand-in between our question and our transaction; its notice comes to the other instance.
    api.during(CANCEL, 'before', async () => {
      api.pay(id);
      if (when === 'before') await api.deliverTo(services[1]);
    });
    expect(await askAt(0)).toBe(1);
    expect(await statusOf(order)).toBe('paid');
    expect(await paidBy(order)).toBe(id);
    await api.deliverTo(services[1], (events) => [...events, ...events].reverse());
    expect(await statusOf(order)).toBe('paid');
    expect(await refundsOf(order.order_id)).toEqual([]);
    await expectStockIdentity(order.product_id);
  });

  it('on a page of the provider has paid, too', async () => {
    const { order, id } = await openOrder(services[0], api, CHECKOUT);
    await passDeadline(order.order_id);
    api.during('POST /v1/checkout/sessions/*/expire', 'before', () => api.pay(id));
    expect(await askAt(0)).toBe(1);
    expect(await statusOf(order)).toBe('paid');
  });

  it('in the same second, with his notice on its way while both instances ask, has paid once', async () => {
    for (let round = 0; round < 5; round++) {
      const { id: product_id } = await createProduct(services[0], { stock_total: 1 });
      const { order, id } = await openOrder(services[0], api, INTENT, { product_id });
      await passDeadline(order.order_id);
      api.latencyMs = Math.random() * 20;
      const paying = new Promise((paid) => setTimeout(() => paid(api.pay(id)), Math.random() * 25));
      const isPaid = paying.then(async (hasPaid) => {
        await api.deliverTo(services[round % 2 ? 0 : 1]);
        return hasPaid;
      });
      await Promise.all([askAt(0), askAt(1), isPaid]);
      expect(await statusOf(order)).toBe((await isPaid) ? 'paid' : 'cancelled');
      expect(await refundsOf(order.order_id)).toEqual([]);
      await expectStockIdentity(product_id);
    }
  });

  it('something else has his order kept for review, for as long as that takes and no longer', async () => {
    const { order, id } = await openOrder(services[0], api);
    Object.assign(
      api.intents.find((intent) => intent.id === id)!,
      { amount: 5000 },
    );
    await passDeadline(order.order_id);
    api.during(CANCEL, 'before', () => api.pay(id));
    expect(await askAt(0)).toBe(1);
    expect(await statusOf(order)).toBe('pending_payment');
    expect(await dueIn(order)).toBeGreaterThan(86_000);
    await api.deliverTo(services[1]);
    await passClaim(order);
    expect(await askAt(1)).toBe(1);
    expect(await statusOf(order)).toBe('cancelled');
  });

  it('something else has his order kept also where a try before it was declined over that', async () => {
    const { order, id } = await openOrder(services[0], api);
    Object.assign(
      api.intents.find((intent) => intent.id === id)!,
      { amount: 5000 },
    );
    api.decline(id);
    await api.deliverTo(services[1]);
    expect(await query('SELECT status FROM webhook_logs WHERE order_id = ?', [order.order_id])).toEqual([
      { status: 'review' },
    ]);
    await passDeadline(order.order_id);
    api.during(CANCEL, 'before', () => api.pay(id));
    expect(await askAt(0)).toBe(1);
    expect(await statusOf(order)).toBe('pending_payment');
    expect(await dueIn(order)).toBeGreaterThan(86_000);
  });

  it('otherwise, while we ask, has his order kept although its session is over', async () => {
    const { order, id } = await openOrder(services[0], api);
    await passDeadline(order.order_id);
    api.during(CANCEL, 'after', async () => {
      taken(await notify(gateway, noticeOf(order, { amount: '1.00', currency: 'EUR' })), 200);
    });
    expect(await askAt(0)).toBe(1);
    expect(api.intents.find((intent) => intent.id === id)).toMatchObject({ status: 'canceled' });
    expect(await statusOf(order)).toBe('pending_payment');
    expect(await dueIn(order)).toBeGreaterThan(86_000);
    // It is told of what we have ended ourselves, too.
    await api.deliverTo(services[1]);
    expect(await statusOf(order)).toBe('pending_payment');
  });
});

describe('a provider that does not say', () => {
  it('because its reply is lost is asked again by its client', async () => {
    const { order, id } = await openOrder(services[0], api);
    await passDeadline(order.order_id);
    api.answerNextAbout(id, 'hang up afterwards');
    await askAt(0);
    expect(await statusOf(order)).toBe('cancelled');
  });

  it('because all its replies are lost is asked again a moment later', async () => {
    const { order, id } = await openOrder(services[0], api);
    await passDeadline(order.order_id);
    api.answerNextAbout(id, 'hang up afterwards', 'hang up afterwards', 'hang up afterwards');
    await askAt(0);
    expect(await statusOf(order)).toBe('pending_payment');
    expect(await askAt(1)).toBe(0);
    await passClaim(order);
    await askAt(1);
    expect(await statusOf(order)).toBe('cancelled');
    await expectStockIdentity(order.product_id);
  });

  it('for a minute keeps no units, and what was paid meanwhile is late money', async () => {
    const { order, id } = await openOrder(services[0], api);
    const silentFor = (seconds: number) =>
      execute('UPDATE payment_sessions SET unreachable_since = unreachable_since - INTERVAL ? SECOND', [seconds]);
    await passDeadline(order.order_id);
    api.fateOfAll = 'hang up';
    for (const seconds of [0, 50]) {
      await silentFor(seconds);
      await passClaim(order);
      await askAt(0);
      expect(await statusOf(order)).toBe('pending_payment');
    }
    await silentFor(10);
    await passClaim(order);
    await askAt(1);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'cancelled', cancel_reason: 'payment_expired' }]);
    api.pay(id);
    api.fateOfAll = undefined;
    await eventually(async () => {
      await passWait(order);
      expect(await statusOf(order)).toBe('paid');
    });
    await expectStockIdentity(order.product_id);
  });

  it('is given its minute anew once it has said something', async () => {
    const { order, id } = await openOrder(services[0], api);
    await passDeadline(order.order_id);
    api.answerNextAbout(id, 'hang up', 'hang up', 'hang up');
    await askAt(0);
    await execute('UPDATE payment_sessions SET unreachable_since = unreachable_since - INTERVAL 1 DAY');
    await passClaim(order);
    api.during(CANCEL, 'after', async () => {
      taken(await notify(gateway, noticeOf(order, { amount: '1.00', currency: 'EUR' })), 200);
    });
    await askAt(0);
    expect(await query('SELECT unreachable_since FROM payment_sessions')).toEqual([{ unreachable_since: null }]);
    expect(await statusOf(order)).toBe('pending_payment');
  });

  it('is given its minute anew at the end of what money in review is given', async () => {
    const { order, id } = await openOrder(services[0], api);
    await passDeadline(order.order_id);
    api.answerNextAbout(id, 'hang up', 'hang up', 'hang up');
    await askAt(0);
    taken(await notify(gateway, noticeOf(order, { amount: '1.00', currency: 'EUR' })), 200);
    await execute('UPDATE payment_sessions SET unreachable_since = unreachable_since - INTERVAL 1 DAY');
    await passClaim(order);
    api.answerNextAbout(id, 'hang up', 'hang up', 'hang up');
    await askAt(1);
    expect(await statusOf(order)).toBe('pending_payment');
    await passClaim(order);
    await askAt(1);
    expect(await statusOf(order)).toBe('cancelled');
  });

  it('keeps no buyer from giving back, and no operator from cancelling: they ask nobody', async () => {
    const [back, ended] = [await openOrder(services[0], api), await openOrder(services[0], api)];
    api.fateOfAll = 'hang up';
    expect((await giveBack(services[1], back.order.hold_id)).status).toBe(204);
    const path = `/api/admin/orders/${ended.order.order_id}/cancel`;
    taken(await services[1].call('POST', path, {}, adminHeaders(services[1])), 200);
    for (const { order } of [back, ended]) expect(await statusOf(order)).toBe('cancelled');
    api.fateOfAll = undefined;
    for (const { order, id } of [back, ended]) {
      await eventually(async () => {
        await passWait(order);
        expect(await tasksOf(order)).toEqual([{ task: null }]);
      });
      expect(api.pay(id)).toBe(false);
    }
  });
});

/** What a busy sale brings; a thousand take the provider's pace most of a minute. */
const DEADLINES = Number(process.env.DEADLINES ?? 200);

describe('deadlines of many orders in one second', () => {
  it('keep no buyer of the same product waiting while their provider is asked', async () => {
    const seller = await startService({ ...stripeSettings(api), ROLES: 'api', PAYMENT_DEADLINE_CRON: 'off' });
    const { id: product_id } = await createProduct(seller, { stock_total: 100_000 });
    const orders = await inParallel(DEADLINES, () => orderWith(seller, INTENT, { product_id }));
    await execute(
      `UPDATE payment_sessions SET state = 'open', task = NULL, task_due_at = NULL, session_id = CONCAT('pi_of_', HEX(hold_id))`,
    );
    for (const { hold_id } of orders) api.putIntent(`pi_of_${hex(hold_id).toUpperCase()}`);
    await passDeadline(...orders.map(({ order_id }) => order_id));
    api.latencyMs = 100;
    const asking = Promise.all([askAt(0), askAt(1)]);
    let isAsking = true;
    void asking.finally(() => (isAsking = false));
    let held = 0;
    for (; isAsking; held++) await createHold(seller, { product_id });
    expect(held).toBeGreaterThan(5);
    const counts = await asking;
    expect(counts[0] + counts[1]).toBe(DEADLINES);
    expect(await query("SELECT 1 FROM orders WHERE status = 'pending_payment'")).toEqual([]);
    await expectStockIdentity(product_id);
    await seller.stop();
  }, 300_000);
});

describe('an instance that is killed', () => {
  it('between its claim and its answer leaves the order to another one, once the claim is over', async () => {
    await Promise.all(services.map((one) => one.stop()));
    const child = await startChild(stripeSettings(api));
    const other = await startService({ ...stripeSettings(api), ROLES: 'api' });
    const askAgain = () => other.app.get(Asking).askDue();
    const { order, id } = await openOrder(other, api);
    let isAsked = false;
    api.during(CANCEL, 'after', () => {
      child.kill('SIGKILL');
      isAsked = true;
    });
    await passDeadline(order.order_id);
    await eventually(() => expect(isAsked).toBe(true));
    await child.exited;
    expect(await askAgain()).toBe(0);
    expect(await statusOf(order)).toBe('pending_payment');
    await passClaim(order);
    expect(await askAgain()).toBe(1);
    expect(await statusOf(order)).toBe('cancelled');
    expect(api.pay(id)).toBe(false);
    await expectStockIdentity(order.product_id);
  });
});

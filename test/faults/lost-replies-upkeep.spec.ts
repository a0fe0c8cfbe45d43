import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { actOfCli } from '../../src/access/operator.js';
import { HoldsService } from '../../src/holds/holds.service.js';
import { Releasing } from '../../src/holds/releasing/releasing.js';
import { OrdersService } from '../../src/orders/orders.service.js';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { StockAuditService } from '../../src/operations/stock-audit.service.js';
import { ProductsService } from '../../src/products/products.service.js';
import { RefundsService } from '../../src/refunds/refunds.service.js';
import { untilEventsHaveNumbers } from '../support/events.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { countRows, execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createProduct,
  expireHolds,
  giveBack,
  orderOf,
  requestOrder,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { scrape } from '../support/metrics.js';
import { createRefund } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';

/**
 * The same as in `lost-replies.spec.ts` for what operators and the clock do: a transaction whose COMMIT got no
 * answer is run again, has one effect, and answers what the try that counted had answered. Others go on meanwhile.
 */
let proxy: DatabaseProxy;
/** Its connections lose the COMMIT. */
let fragile: Service;
/** It goes on while the other one waits. */
let neighbour: Service;

beforeAll(async () => {
  proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
  [fragile, neighbour] = await Promise.all([
    startService({ ROLES: 'api', ...proxy.env }),
    startService({ ROLES: 'api' }),
  ]);
});

afterAll(async () => {
  await fragile.stop();
  await proxy.goAway();
});

async function refundOf(id: number): Promise<{ status: string; provider_refund_id: string | null }> {
  const [row] = await query<{ status: string; provider_refund_id: string | null }>(
    'SELECT status, provider_refund_id FROM refunds WHERE id = ?',
    [id],
  );
  return row!;
}

describe.each([
  ['the reply to COMMIT is lost', 'reply', 1],
  ['COMMIT itself is lost', 'commit', 1],
  ['the reply to COMMIT is lost three times in a row', 'reply', 3],
] as const)('when %s', (_, loses, times) => {
  it('a restock adds its units once, and those that were sold meanwhile stay sold', async () => {
    const { id } = await createProduct(neighbour, { stock_total: 10 });
    await untilEventsHaveNumbers();
    proxy.cutNextCommits(loses, times, () => createHold(neighbour, { product_id: id }));
    const row = await fragile.app.get(ProductsService).restockProduct(actOfCli(), id, 5);
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    expect(row).toMatchObject({ id, stock_total: 15 });
    expect(await stockOf(id)).toMatchObject({ stock_total: 15 });
    await expectStockIdentity(id);
  });

  it('a product is made once, also when its operator hears nothing and asks again, here or there', async () => {
    const [body, key] = [{ name: unique('product'), price: '9.99', stock_total: 5 }, unique('key')];
    const headers = { ...adminHeaders(neighbour), 'idempotency-key': key };
    const leaving = new AbortController();
    await untilEventsHaveNumbers();
    proxy.cutNextCommits(loses, times, () => Promise.resolve(leaving.abort()));
    const unheard = fetch(`${fragile.url}/api/admin/products`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: leaving.signal,
    });
    await expect(unheard).rejects.toThrow();
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    const again = [];
    for (const to of [neighbour, fragile]) again.push(await to.call('POST', '/api/admin/products', body, headers));
    const made = await query<{ id: number }>('SELECT id FROM products WHERE name = ?', [body.name]);
    expect(made).toHaveLength(1);
    for (const answer of again) expect(taken(answer, 201)).toMatchObject({ id: made[0]!.id, stock_total: 5 });
  });

  it('unpaid orders past their deadline are cancelled once, and all of them are counted', async () => {
    const { id } = await createProduct(neighbour, { stock_total: 10 });
    const orders = [
      await createOrder(neighbour, { product_id: id, quantity: 2 }),
      await createOrder(neighbour, { product_id: id }),
    ];
    await execute(
      'UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 SECOND, due_at = payment_due_at WHERE id IN (?)',
      [orders.map(({ order_id }) => order_id)],
    );
    await untilEventsHaveNumbers();
    proxy.cutNextCommits(loses, times, () => createHold(neighbour, { product_id: id }));
    expect(await fragile.app.get(Cancelling).cancelDueOrders()).toBe(2);
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    for (const { hold_id } of orders) expect(await orderOf(hold_id)).toMatchObject([{ status: 'cancelled' }]);
    await expectStockIdentity(id);
  });

  it('expired holds are released once', async () => {
    const { id } = await createProduct(neighbour, { stock_total: 10 });
    const { hold_id } = await createHold(neighbour, { product_id: id, quantity: 3 });
    await expireHolds(hold_id);
    await untilEventsHaveNumbers();
    proxy.cutNextCommits(loses, times, () => createHold(neighbour, { product_id: id }));
    await fragile.app.get(Releasing).releaseExpiredHolds(id);
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    await expectStockIdentity(id);
  });

  it('drifted counters are repaired once, whatever is sold meanwhile', async () => {
    const { id } = await createProduct(neighbour, { stock_total: 10 });
    await execute('UPDATE products SET stock_held = 4 WHERE id = ?', [id]);
    await untilEventsHaveNumbers();
    proxy.cutNextCommits(loses, times, () => createHold(neighbour, { product_id: id }));
    expect(await fragile.app.get(StockAuditService).repairStock(actOfCli(), id)).toMatchObject({ product_id: id });
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    expect(await stockOf(id)).toMatchObject({ stock_held: times });
    await expectStockIdentity(id);
  });

  it('a refund is moved once, with what the provider called it', async () => {
    const id = await createRefund(neighbour);
    await untilEventsHaveNumbers();
    proxy.cutNextCommits(loses, times);
    expect(await fragile.app.get(RefundsService).markRefundSent(actOfCli(), id)).toMatchObject({ id, status: 'sent' });
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    expect(await refundOf(id)).toMatchObject({ status: 'sent' });
  });

  it('what has served its time is deleted, and counted, once', async () => {
    const { id } = await createProduct(neighbour, { stock_total: 10 });
    const hold = await createHold(neighbour, { product_id: id });
    const order = await createOrder(neighbour, { product_id: id });
    await giveBack(neighbour, hold.hold_id);
    await giveBack(neighbour, order.hold_id);
    await execute('UPDATE holds SET expires_at = NOW(3) - INTERVAL 91 DAY WHERE product_id = ?', [id]);
    await execute('UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 91 DAY, due_at = payment_due_at WHERE id = ?', [
      order.order_id,
    ]);
    const before = await countRows();
    for (const purge of [
      () => fragile.app.get(HoldsService).purgeReleasedHolds(id, 90, 10),
      () => fragile.app.get(OrdersService).purgeCancelledOrders(90, 10),
    ]) {
      await untilEventsHaveNumbers();
      proxy.cutNextCommits(loses, times);
      expect(await purge()).toBe(1);
      expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    }
    expect(await countRows()).toMatchObject({ holds: before.holds! - 2, orders: before.orders! - 1 });
    await expectStockIdentity(id);
  });
});

describe('what is told once the reply to COMMIT was lost', () => {
  const released = async (reason: string): Promise<number> =>
    (await scrape(fragile)).value('checkout_holds_released_total', { reason });

  it('what was given back is counted, and the units are there for who reads next', async () => {
    const { id } = await createProduct(neighbour, { stock_total: 10 });
    const hold = await createHold(fragile, { product_id: id, quantity: 3 });
    const order = await createOrder(fragile, { product_id: id, quantity: 2 });
    const before = { given_back: await released('given_back'), order_cancelled: await released('order_cancelled') };
    for (const { hold_id } of [hold, order]) {
      // So that this instance has the figure in its cache.
      await fragile.call('GET', `/api/products/${id}`);
      await untilEventsHaveNumbers();
      proxy.cutNextCommits('reply');
      expect((await giveBack(fragile, hold_id)).status).toBe(204);
      expect(proxy.cuts).toBe(1);
    }
    expect((await fragile.call('GET', `/api/products/${id}`)).body).toMatchObject({ available_stock: 10 });
    expect(await released('given_back')).toBe(before.given_back + 1);
    expect(await released('order_cancelled')).toBe(before.order_cancelled + 1);
  });

  it('expired holds that were released are counted', async () => {
    const { hold_id, product_id } = await createHold(neighbour, { quantity: 3 });
    await expireHolds(hold_id);
    const before = await released('expired');
    await untilEventsHaveNumbers();
    proxy.cutNextCommits('reply');
    expect(await fragile.app.get(Releasing).releaseExpiredHolds(product_id)).toBe(1);
    expect(proxy.cuts).toBe(1);
    expect(await released('expired')).toBe(before + 1);
  });

  it('expired holds that a COMMIT on its way still has locked are left to the next look, and counted once', async () => {
    const { hold_id, product_id } = await createHold(neighbour, { quantity: 3 });
    await expireHolds(hold_id);
    const before = await released('expired');
    await untilEventsHaveNumbers();
    let arrives = (): void => {};
    proxy.cutNextCommits('time', 1, () => new Promise<void>((resolve) => (arrives = resolve)));
    const release = () => fragile.app.get(Releasing).releaseExpiredHolds(product_id);
    expect(await release()).toBe(0);
    expect(proxy.cuts).toBe(1);
    expect(await stockOf(product_id)).toMatchObject({ stock_held: 3 });
    arrives();
    await eventually(async () => expect(await release()).toBe(1));
    expect(await stockOf(product_id)).toMatchObject({ stock_held: 0 });
    expect(await released('expired')).toBe(before + 1);
    await expectStockIdentity(product_id);
  });
});

describe('when the COMMIT of an order is lost and somebody else makes the order of its hold meanwhile', () => {
  it('only he is told so, and the first buyer that the hold is used', async () => {
    const { hold_id, product_id } = await createHold(neighbour);
    let other: Answer | undefined;
    await untilEventsHaveNumbers();
    proxy.cutNextCommits('commit', 1, async () => (other = await requestOrder(neighbour, hold_id)));
    const answer = await requestOrder(fragile, hold_id);
    expect(proxy.cuts).toBe(1);
    expect(other!.status).toBe(201);
    expectProblem(answer, 'HOLD_ALREADY_USED');
    expect(answer.body.order_id).toBe(other!.body.order_id);
    await expectStockIdentity(product_id);
  });
});

describe('when the reply to COMMIT is lost and somebody else comes next', () => {
  it('a change of a product does not undo the later one', async () => {
    const { id } = await createProduct(neighbour, { stock_total: 10 });
    const change = (service: Service, stock_total: number) =>
      service.call('PATCH', `/api/admin/products/${id}`, { stock_total }, adminHeaders(service));
    await untilEventsHaveNumbers();
    proxy.cutNextCommits('reply', 1, async () => taken(await change(neighbour, 40), 200));
    expect(taken(await change(fragile, 30), 200)).toMatchObject({ stock_total: 30 });
    expect(proxy.cuts).toBe(1);
    expect(await stockOf(id)).toMatchObject({ stock_total: 40 });
  });

  it('a refund that was noted as failed and then sent again stays sent', async () => {
    const id = await createRefund(neighbour);
    await untilEventsHaveNumbers();
    proxy.cutNextCommits('reply', 1, () => neighbour.app.get(RefundsService).markRefundSent(actOfCli(), id));
    await fragile.app.get(RefundsService).failRefund(actOfCli(), id, 'The account is closed');
    expect(proxy.cuts).toBe(1);
    expect(await refundOf(id)).toMatchObject({ status: 'sent' });
  });
});

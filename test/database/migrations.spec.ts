import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type QueryRunner } from 'typeorm';
import { QuantitySold1764600000000 } from '../../migrations/1764600000000-quantity-sold.js';
import { HoldPrice1764700000000 } from '../../migrations/1764700000000-hold-price.js';
import { PaymentRows1764800000000 } from '../../migrations/1764800000000-payment-rows.js';
import { OutsideRefunds1765000000000 } from '../../migrations/1765000000000-outside-refunds.js';
import { Sales1765200000000 } from '../../migrations/1765200000000-sales.js';
import { SaleTerms1765600000000 } from '../../migrations/1765600000000-sale-terms.js';
import { CustomerLimits1765700000000 } from '../../migrations/1765700000000-customer-limits.js';
import { OrderReferences1765800000000 } from '../../migrations/1765800000000-order-references.js';
import { OrderDueAt1767200000000 } from '../../migrations/1767200000000-order-due-at.js';
import { DelayedMethods1767700100000 } from '../../migrations/1767700100000-delayed-methods.js';
import { DisputeOutcomes1768200000000 } from '../../migrations/1768200000000-dispute-outcomes.js';
import { CountedRefunds1768300000000 } from '../../migrations/1768300000000-counted-refunds.js';
import { loadConfig } from '../../src/config/config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { RetentionService } from '../../src/operations/retention.service.js';
import { StockAuditService } from '../../src/operations/stock-audit.service.js';
import { execute, query, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  createHold,
  adminHeaders,
  createOrder,
  createPaidOrder,
  createProduct,
  giveBack,
  noticeOf,
  notify,
  orderOf,
  passDeadline,
  requestOrder,
  refundsOf,
  taken,
  unique,
} from '../support/factories.js';
import { createReview, sendEvent, STRIPE_SECRET, stripeEvent } from '../support/payments.js';
import { type Service, startService } from '../support/service.js';

/** Migrations that have to understand what was written before them, and run while a sale goes on. */
let dataSource: DataSource;
let runner: QueryRunner;
let service: Service;
let stripe: Service;

beforeAll(async () => {
  dataSource = await new DataSource(dataSourceOptions(loadConfig(process.env))).initialize();
  runner = dataSource.createQueryRunner();
  service = await startService({ ROLES: 'api' });
  stripe = await startService({ ROLES: 'api', STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET });
});

afterAll(async () => {
  await runner.release();
  await dataSource.destroy();
});

describe('the migration of what counts as sold', () => {
  const migration = new QuantitySold1764600000000();

  const soldOf = async (orderId: number) =>
    (await query<{ quantity_sold: number | null }>('SELECT quantity_sold FROM orders WHERE id = ?', [orderId]))[0]!
      .quantity_sold;

  it('gives paid orders the units of their holds and leaves all others, however often it is run', async () => {
    const { id: product_id } = await createProduct(service, { stock_total: 9 });
    const paid = await createPaidOrder(service, { product_id, quantity: 3 });
    const open = await createOrder(service, { product_id, quantity: 2 });
    const cancelled = await createOrder(service, { product_id });
    await giveBack(service, cancelled.hold_id);
    const before = await query('SELECT id, updated_at FROM orders ORDER BY id');
    await migration.down(runner);
    for (let time = 0; time < 2; time++) await migration.up(runner);
    expect(await soldOf(paid.order_id)).toBe(3);
    expect([await soldOf(open.order_id), await soldOf(cancelled.order_id)]).toEqual([null, null]);
    expect(await query('SELECT id, updated_at FROM orders ORDER BY id')).toEqual(before);
    await expectStockIdentity(product_id);
  });

  it('keeps nobody waiting who has an order locked, nor a payment that comes meanwhile', async () => {
    const { id: product_id } = await createProduct(service, { stock_total: 30 });
    const orders = [];
    for (let count = 0; count < 20; count++) orders.push(await createOrder(service, { product_id }));
    const paying = Promise.all(orders.map((order) => notify(service, noticeOf(order))));
    await migration.up(runner);
    for (const answer of await paying) expect(taken(answer, 200)).toMatchObject({ order_status: 'paid' });
    await expectStockIdentity(product_id);
  });

  it('does a step again that a lock was in the way of for longer than it is waited for', async () => {
    const { order_id } = await createPaidOrder(service);
    await execute('UPDATE orders SET quantity_sold = NULL WHERE id = ?', [order_id]);
    /** When the try began that waits now. */
    const tryThatWaits = async (): Promise<string> => {
      await query('SELECT SLEEP(0.11)');
      const [row] = await query<{ trx_started: string }>(
        `SELECT trx_started FROM information_schema.innodb_trx
         WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE 'UPDATE orders o JOIN holds%'`,
      );
      return row!.trx_started;
    };
    let migrating: Promise<void> = Promise.resolve();
    await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM orders WHERE id = ? FOR UPDATE', [order_id]);
      migrating = migration.up(runner);
      const outcome = migrating.catch(() => undefined);
      const first = await eventually(tryThatWaits);
      const another = eventually(async () => expect(await tryThatWaits()).not.toBe(first));
      await Promise.race([another, outcome]);
    });
    await migrating;
    expect(await soldOf(order_id)).toBe(1);
  });

  it('counts an order that an instance of the version before has paid since, too', async () => {
    const { product_id, order_id } = await createPaidOrder(service, { quantity: 2 });
    await execute('UPDATE orders SET quantity_sold = NULL WHERE id = ?', [order_id]);
    const [proof] = await service.app.get(StockAuditService).auditStock(product_id);
    expect(proof).toMatchObject({ stock_sold: 2, proven_sold: 2, stock_held: 0, proven_held: 0 });
  });
});

describe('the migration of the price of a hold', () => {
  it('writes no hold anew and leaves those there are to the price of their product', async () => {
    const hold = await createHold(service);
    const migration = new HoldPrice1764700000000();
    await migration.down(runner);
    await migration.up(runner);
    await migration.up(runner);
    expect(await query('SELECT unit_price FROM holds WHERE unit_price IS NOT NULL')).toEqual([]);
    expect(taken(await requestOrder(service, hold.hold_id), 201)).toMatchObject({ amount: '99.99' });
    await expectStockIdentity(hold.product_id);
  });
});

describe('the migration of payments', () => {
  const migration = new PaymentRows1764800000000();
  /** What the tables have got since, which are made anew. */
  const later = [
    new OutsideRefunds1765000000000(),
    new DisputeOutcomes1768200000000(),
    new CountedRefunds1768300000000(),
  ];

  const paymentsOf = (orderId: number) =>
    query(
      'SELECT provider, transaction_id, amount, currency, amount_refunded FROM payments WHERE order_id = ? ORDER BY id',
      [orderId],
    );

  /** Twice, since an interrupted migration is run again; and as if no row had been there. */
  async function migrateAnew(): Promise<void> {
    await migration.down(runner);
    for (let time = 0; time < 2; time++) await migration.up(runner);
    for (const each of later) await each.up(runner);
  }

  it('fills in what paid an order, and by which provider, with what was paid', async () => {
    const [generic, other, told] = [await createOrder(service), await createOrder(service), await createOrder(service)];
    const paying = [noticeOf(generic), noticeOf(told, { amount: '99.990', currency: 'eur' })] as const;
    for (const notice of paying) taken(await notify(service, notice), 200);
    const event = stripeEvent('payment_intent.succeeded', other, { id: unique('pi') });
    taken(await sendEvent(stripe, event), 200);
    const intent = (event.data as { object: { id: string } }).object.id;
    await migrateAnew();
    const money = { amount: '99.990', amount_refunded: '0.000' };
    expect(await paymentsOf(generic.order_id)).toEqual([
      { provider: 'generic', transaction_id: paying[0].transaction_id, currency: null, ...money },
    ]);
    expect(await paymentsOf(told.order_id)).toMatchObject([{ provider: 'generic', currency: 'EUR', ...money }]);
    expect(await paymentsOf(other.order_id)).toEqual([
      { provider: 'stripe', transaction_id: intent, currency: 'EUR', ...money },
    ]);
    // It is the order's own payment still: told again it owes nothing, and it pays no other order.
    expect(
      (await sendEvent(stripe, stripeEvent('payment_intent.succeeded', other, { id: intent }))).body,
    ).toMatchObject({
      result: 'ignored',
    });
    const next = await createOrder(service);
    const again = stripeEvent('payment_intent.succeeded', next, { id: intent });
    expect((await sendEvent(stripe, again)).body).toMatchObject({ result: 'review' });
  });

  it('fills in what paid an order whose event was deleted since', async () => {
    const order = await createOrder(service);
    const transaction_id = unique('pi_');
    taken(await notify(service, noticeOf(order, { transaction_id })), 200);
    await execute('DELETE FROM webhook_logs WHERE order_id = ?', [order.order_id]);
    await migrateAnew();
    expect(await paymentsOf(order.order_id)).toMatchObject([{ provider: 'stripe', transaction_id, amount: '99.990' }]);
  });

  it('fills in what is owed back, and what has gone back, and goes on from there', async () => {
    const [due, confirmed] = [await createPaidOrder(service), await createPaidOrder(service)];
    for (const order of [due, confirmed]) taken(await notify(service, noticeOf(order)), 200);
    const [refund] = await refundsOf(confirmed.order_id);
    const act = (action: string, body?: object) =>
      service.call('POST', `/api/admin/refunds/${refund!.id}/${action}`, body, adminHeaders(service));
    taken(await act('confirm'), 200);
    await migrateAnew();
    expect(await paymentsOf(due.order_id)).toMatchObject([{ amount_refunded: '0.000' }, { amount_refunded: '0.000' }]);
    expect(await paymentsOf(confirmed.order_id)).toMatchObject([
      { amount_refunded: '0.000' },
      { amount: '99.990', amount_refunded: '99.990' },
    ]);
    expect(taken(await act('fail', { reason: 'the bank sent it back' }), 200)).toMatchObject({
      status: 'failed',
      cause: 'duplicate',
      amount_paid: '99.99',
      amount_refunded: '0.00',
    });
  });

  it('keeps no payment waiting that comes meanwhile', async () => {
    const { id: product_id } = await createProduct(service, { stock_total: 30 });
    const orders = [];
    for (let count = 0; count < 20; count++) orders.push(await createOrder(service, { product_id }));
    const paying = Promise.all(orders.map((order) => notify(service, noticeOf(order))));
    await migration.up(runner);
    for (const answer of await paying) expect(taken(answer, 200)).toMatchObject({ order_status: 'paid' });
    for (const { order_id } of orders) expect(await paymentsOf(order_id)).toHaveLength(1);
  });
});

describe('the migration of refunds that began outside', () => {
  const migration = new OutsideRefunds1765000000000();

  const unreadOf = async (orderId: number) =>
    (
      await query<{ transaction_id: string }>(
        'SELECT transaction_id FROM payments WHERE order_id = ? AND refunds_due_at IS NOT NULL',
        [orderId],
      )
    ).map(({ transaction_id }) => transaction_id);

  it('has those asked for that went back before, as far as no refund tells of them, however often it is run', async () => {
    const [outside, stayed] = [await createOrder(service), await createPaidOrder(service)];
    const intent = unique('pi');
    taken(await sendEvent(stripe, stripeEvent('payment_intent.succeeded', outside, { id: intent })), 200);
    const charge = { id: unique('ch'), payment_intent: intent, amount_refunded: 4000 };
    taken(await sendEvent(stripe, stripeEvent('charge.refunded', {}, charge)), 200);
    await migration.down(runner);
    for (let time = 0; time < 2; time++) await migration.up(runner);
    expect(await unreadOf(outside.order_id)).toEqual([intent]);
    expect(await unreadOf(stayed.order_id)).toEqual([]);
  });

  it('asks for none whose refund has a number', async () => {
    const order = await createPaidOrder(service);
    taken(await notify(service, noticeOf(order)), 200);
    await execute(
      `UPDATE refunds SET status = 'confirmed', provider_refund_id = 're_1', updated_at = updated_at WHERE order_id = ?`,
      [order.order_id],
    );
    await execute(
      `UPDATE payments p JOIN refunds r ON r.order_id = p.order_id AND r.transaction_id = p.transaction_id
       SET p.amount_refunded = p.amount WHERE r.order_id = ?`,
      [order.order_id],
    );
    await migration.down(runner);
    await migration.up(runner);
    expect(await unreadOf(order.order_id)).toEqual([]);
  });
});

describe('the migration of sales', () => {
  const migration = new Sales1765200000000();
  /** Without the table its later columns are gone, too. */
  afterEach(() => new SaleTerms1765600000000().up(runner));

  /** As an instance of the version before does it. */
  const sell = (productId: number) =>
    execute('INSERT INTO holds (id, product_id, qty) VALUES (UNHEX(?), ?, 1)', [
      randomUUID().replaceAll('-', ''),
      productId,
    ]);

  // The table is made anew, as it first was.
  afterAll(async () => {
    for (const later of [new SaleTerms1765600000000(), new DelayedMethods1767700100000()]) await later.up(runner);
  });

  it('leaves products as they are, in no sale, however often it is run', async () => {
    const { id } = await createProduct(service);
    const rows = () =>
      query('SELECT id, name, price, stock_total, stock_version, updated_at FROM products ORDER BY id');
    const before = await rows();
    await migration.down(runner);
    for (let time = 0; time < 2; time++) await migration.up(runner);
    expect(await rows()).toEqual(before);
    expect(
      await query('SELECT sale_id, sku, currency, on_sale_from, is_paused FROM products WHERE id = ?', [id]),
    ).toEqual([{ sale_id: null, sku: null, currency: null, on_sale_from: null, is_paused: 0 }]);
    await new SaleTerms1765600000000().up(runner);
    const answer = await service.call('GET', `/api/admin/products/${id}`, undefined, adminHeaders(service));
    expect(taken(answer, 200)).toMatchObject({ id, currency: 'EUR', sku: null, sale_id: null });
  });

  it('gives way to buyers while somebody has the table open, and is done once he has gone', async () => {
    const { id } = await createProduct(service, { stock_total: 1000 });
    await migration.down(runner);
    let isDone = false;
    await withConnection(async (reader) => {
      await reader.query('START TRANSACTION');
      await reader.query('SELECT id FROM products LIMIT 1');
      const migrating = migration.up(runner).then(() => (isDone = true));
      // The server's own word for it: the statement waits for the table, and those of buyers for the statement.
      await eventually(async () => {
        const waiting = await query(
          "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'ALTER TABLE products%' AND db = DATABASE()",
        );
        expect(waiting).not.toEqual([]);
      });
      for (let count = 0; count < 3; count++) {
        expect(await sell(id)).toBe(1);
        expect(await execute('UPDATE products SET stock_held = stock_held + 1 WHERE id = ?', [id])).toBe(1);
      }
      expect(isDone).toBe(false);
      await reader.query('COMMIT');
      await migrating;
    });
    expect(await query('SELECT stock_held, is_paused FROM products WHERE id = ?', [id])).toEqual([
      { stock_held: 3, is_paused: 0 },
    ]);
    await expectStockIdentity(id);
  });
});

describe('the migration of the terms of sales', () => {
  it('leaves holds and orders as they are, under no sale, however often it is run', async () => {
    const migration = new SaleTerms1765600000000();
    const { hold_id } = await createOrder(service);
    const rows = () => query('SELECT id, expires_at, used, released, created_at FROM holds ORDER BY id');
    const before = await rows();
    await migration.down(runner);
    for (let time = 0; time < 2; time++) await migration.up(runner);
    expect(await rows()).toEqual(before);
    expect(await query('SELECT sale_id FROM orders WHERE sale_id IS NOT NULL')).toEqual([]);
    const hold = taken(await service.call('GET', `/api/holds/${hold_id}`), 200);
    expect(hold).toMatchObject({ sale_id: null, status: 'used' });
  });
});

describe('the migration of limits for each customer', () => {
  it('counts what buyers have already, by their names, and nothing of who has none, however often it is run', async () => {
    const migration = new CustomerLimits1765700000000();
    const { id: product_id } = await createProduct(service, { stock_total: 20 });
    const [held, back] = [await createHold(service, { product_id }), await createHold(service, { product_id })];
    const [open, paid] = [
      await createOrder(service, { product_id, quantity: 2 }),
      await createPaidOrder(service, { product_id, quantity: 3 }),
    ];
    await createHold(service, { product_id });
    await giveBack(service, back.hold_id);
    const owned = [held, back, open, paid].map(({ hold_id }) => Buffer.from(hold_id.replaceAll('-', ''), 'hex'));
    await query("UPDATE holds SET customer_id = 'c_42' WHERE id IN (?)", [owned]);
    await migration.down(runner);
    for (let time = 0; time < 2; time++) await migration.up(runner);
    expect(
      await query('SELECT limit_key, units FROM customer_holds WHERE product_id = ? ORDER BY units', [product_id]),
    ).toEqual([0, 1, 2, 3].map((units) => ({ limit_key: 'c_42', units })));
    expect(await query('SELECT max_per_customer FROM products WHERE id = ?', [product_id])).toEqual([
      { max_per_customer: null },
    ]);
  });
});

describe('the migration of references', () => {
  it('leaves orders as they are, without a reference, however often it is run', async () => {
    const migration = new OrderReferences1765800000000();
    const { hold_id } = await createOrder(service);
    const rows = () => query('SELECT id, status, amount, created_at, updated_at FROM orders ORDER BY id');
    const before = await rows();
    await migration.down(runner);
    for (let time = 0; time < 2; time++) await migration.up(runner);
    expect(await rows()).toEqual(before);
    const hold = taken(await service.call('GET', `/api/holds/${hold_id}`), 200);
    expect(hold).toMatchObject({ order: { reference: null, reference_by: null, metadata: null } });
  });
});

describe('the migration of what ends an order', () => {
  const migration = new OrderDueAt1767200000000();
  /** What is paid is ended by no clock. */
  const rows = () =>
    query(
      "SELECT id, IF(status IN ('pending_payment', 'cancelled'), due_at, NULL) AS due_at, updated_at FROM orders ORDER BY id",
    );
  const keys = async () => {
    const found = await query<{ name: string }>(
      `SELECT DISTINCT index_name AS name FROM information_schema.statistics
       WHERE table_schema = DATABASE() AND table_name = 'orders' AND index_name LIKE 'orders%due'`,
    );
    return found.map(({ name }) => name);
  };

  it('keeps what is kept from its deadline, both ways, and however often it is run', async () => {
    const [open, review, cancelled] = [
      await createOrder(service),
      await createOrder(service),
      await createOrder(service),
    ];
    await createReview(service, review);
    await giveBack(service, cancelled.hold_id);
    const before = await rows();
    for (let time = 0; time < 2; time++) await migration.down(runner);
    expect(await keys()).toEqual(['orders_status_due']);
    const kept = await query('SELECT id FROM orders WHERE review_until > NOW(3) + INTERVAL 1 HOUR');
    expect(kept).toEqual([{ id: review.order_id }]);
    for (let time = 0; time < 2; time++) await migration.up(runner);
    expect(await rows()).toEqual(before);
    expect(await keys()).toEqual(['orders_due']);
    await passDeadline(open.order_id, review.order_id);
    expect(await service.app.get(Cancelling).cancelDueOrders()).toBe(1);
    expect(await orderOf(review.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
  });

  it('leaves what an instance of the version before makes meanwhile to when its payment is due', async () => {
    const [waiting, due] = [await createOrder(service), await createOrder(service)];
    const old = [waiting.order_id, due.order_id];
    await passDeadline(due.order_id);
    await execute('UPDATE orders SET due_at = NULL WHERE id IN (?)', [old]);
    const cancelling = service.app.get(Cancelling);
    expect(await cancelling.findOverdueMs()).toBeGreaterThan(0);
    expect(await cancelling.cancelDueOrders()).toBe(1);
    expect(await orderOf(waiting.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    await execute('UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 YEAR WHERE id = ?', [due.order_id]);
    await service.app.get(RetentionService).purge();
    expect(await orderOf(due.hold_id)).toEqual([]);
  });
});

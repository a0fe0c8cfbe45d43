import { beforeAll, describe, expect, it } from '@jest/globals';
import { expireHolds as runHoldsExpire } from '../../src/cli/operation-commands.js';
import { Releasing } from '../../src/holds/releasing/releasing.js';
import { RetentionService } from '../../src/operations/retention.service.js';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { runCli } from '../support/cli.js';
import { customer, customersEnv } from '../support/customers.js';
import { execute, query, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  createHold,
  createOrder,
  createProduct,
  createSale,
  expireHolds,
  giveBack,
  hex,
  noticeOf,
  notify,
  orderOf,
  requestHold,
  requestOrder,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { sendEvent, STRIPE_SECRET, stripeEvent } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService(customersEnv());
});

/** An unpaid order past its deadline, of a product of its own. */
async function createDueOrder(): Promise<{ product: number; order: number }> {
  const { id } = await createProduct(service, { stock_total: 3 });
  const { order_id } = await createOrder(service, { product_id: id, quantity: 2 });
  await execute('UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 MINUTE, due_at = payment_due_at WHERE id = ?', [
    order_id,
  ]);
  return { product: id, order: order_id };
}

describe('the cancelling of unpaid orders', () => {
  it('goes on where the counters of one product drift, and names that product at the end', async () => {
    const [first, drifted, last] = [await createDueOrder(), await createDueOrder(), await createDueOrder()];
    await execute('UPDATE products SET stock_held = 0 WHERE id = ?', [drifted.product]);
    await expect(service.app.get(Cancelling).cancelDueOrders()).rejects.toThrow(`product ${drifted.product} `);
    for (const { product } of [first, last]) expect(await stockOf(product)).toMatchObject({ available: 3 });

    const another = await createDueOrder();
    const { code, output } = await runCli(['holds:expire']);
    expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining(`product ${drifted.product} `) });
    expect(output).toContain('1 unpaid orders cancelled');
    expect(await stockOf(another.product)).toMatchObject({ available: 3 });
    await execute('UPDATE products SET stock_held = 2 WHERE id = ?', [drifted.product]);
    expect(await service.app.get(Cancelling).cancelDueOrders()).toBe(1);
  });

  it('goes on where somebody has the row of one product locked', async () => {
    const [locked, free] = [await createDueOrder(), await createDueOrder()];
    await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [locked.product]);
      await expect(service.app.get(Cancelling).cancelDueOrders()).rejects.toThrow(`product ${locked.product} `);
      expect(await stockOf(free.product)).toMatchObject({ available: 3 });
    });
    expect(await service.app.get(Cancelling).cancelDueOrders()).toBe(1);
  });
});

describe('holds:expire', () => {
  it('releases the expired holds of all other products where the counters of one drift', async () => {
    const products: number[] = [];
    for (let n = 0; n < 3; n++) {
      const { id } = await createProduct(service, { stock_total: 3 });
      await expireHolds((await createHold(service, { product_id: id, quantity: 2 })).hold_id);
      products.push(id);
    }
    const [first, drifted, last] = products;
    await execute('UPDATE products SET stock_held = 0 WHERE id = ?', [drifted]);
    await expect(runHoldsExpire(service.config)).rejects.toThrow(`product ${drifted} `);
    for (const id of [first!, last!]) expect(await stockOf(id)).toMatchObject({ available: 3 });
    await execute('UPDATE products SET stock_held = 2 WHERE id = ?', [drifted]);
    await runHoldsExpire(service.config);
    expect(await stockOf(drifted!)).toMatchObject({ available: 3 });
  });
});

describe('buyers', () => {
  /** Both kinds of requests in one batch, and again while the row stays locked. */
  async function whileLocked(
    rows: string,
    ids: readonly unknown[],
    ofOthers: (round: number) => Promise<Answer>[],
    ofLocked: () => Promise<Answer>,
  ): Promise<void> {
    await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query(`SELECT id FROM ${rows} WHERE id IN (?) FOR UPDATE`, [ids]);
      const kept: Promise<Answer>[] = [];
      for (let round = 0; round < 3; round++) {
        kept.push(ofLocked());
        const answers = await Promise.all(ofOthers(round));
        expect(answers.map(({ status, text }) => (status < 300 ? 'done' : `${status} ${text}`))).toEqual(
          answers.map(() => 'done'),
        );
      }
      for (const answer of await Promise.all(kept)) {
        expectProblem(answer, 'UNAVAILABLE');
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    });
    // The row is free: whoever asks now is served as ever.
    await eventually(async () => expect((await ofLocked()).status).toBeLessThan(300));
  }

  it('of other products get their holds while one product is locked, and its own buyers a 503', async () => {
    const [locked, ...free] = await Promise.all([1, 2, 3, 4].map(() => createProduct(service)));
    await whileLocked(
      'products',
      [locked!.id],
      () => free.map(({ id }) => requestHold(service, id)),
      () => requestHold(service, locked!.id),
    );
    for (const { id } of [locked!, ...free]) await expectStockIdentity(id);
  });

  it('get their holds while somebody has a sale locked that has no limit for each customer', async () => {
    const sale = await createSale(service);
    const [inSale, other] = [await createProduct(service, { sale_id: sale.id }), await createProduct(service)];
    const buyer = await customer();
    await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM sales WHERE id = ? FOR UPDATE', [sale.id]);
      const asked = [requestHold(service, inSale.id, 1, buyer), requestHold(service, other.id)];
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([201, 201]);
    });
  });

  it('of other products pay while one product, or one order, is locked', async () => {
    const [locked, ...free] = await Promise.all(Array.from({ length: 7 }, () => createOrder(service)));
    for (const [rows, id] of [
      ['products', locked!.product_id],
      ['orders', locked!.order_id],
    ] as const) {
      const notice = noticeOf(locked!, { status: rows === 'products' ? 'success' : 'failed' });
      await whileLocked(
        rows,
        [id],
        () => [notify(service, noticeOf(free.pop()!))],
        () => notify(service, notice),
      );
    }
    await expectStockIdentity(locked!.product_id);
  });

  it('of other products pay while the order of a payment is locked that its buyer disputes', async () => {
    const stripe = await startService({ STRIPE_WEBHOOK_SECRETS: STRIPE_SECRET, ROLES: 'api' });
    const [locked, ...free] = await Promise.all(Array.from({ length: 4 }, () => createOrder(stripe)));
    const payment_intent = unique('pi');
    const paid = stripeEvent('payment_intent.succeeded', locked!, { id: payment_intent });
    taken(await sendEvent(stripe, paid), 200);
    const dispute = { object: 'dispute', payment_intent, status: 'needs_response', metadata: {} };
    await whileLocked(
      'orders',
      [locked!.order_id],
      () => [sendEvent(stripe, stripeEvent('payment_intent.succeeded', free.pop()!))],
      () => sendEvent(stripe, stripeEvent('charge.dispute.created', {}, { id: unique('dp'), ...dispute })),
    );
    await stripe.stop();
  });

  it('of other products pay while late money wants an expired hold that is locked', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const late = await createOrder(service, { product_id: id });
    await giveBack(service, late.hold_id);
    const { hold_id } = await createHold(service, { product_id: id });
    const free = await Promise.all(Array.from({ length: 3 }, () => createOrder(service)));
    await expireHolds(hold_id);
    const notice = noticeOf(late);
    await whileLocked(
      'holds',
      [Buffer.from(hex(hold_id), 'hex')],
      () => [notify(service, noticeOf(free.pop()!))],
      () => notify(service, notice),
    );
    expect(await orderOf(late.hold_id)).toMatchObject([{ status: 'paid' }]);
    await expectStockIdentity(id);
  });

  it('of other products order and give back while one product is locked', async () => {
    const holds = await Promise.all(Array.from({ length: 7 }, () => createHold(service)));
    const [locked, toOrder, toGiveBack] = [holds.slice(0, 1), holds.slice(1, 4), holds.slice(4)];
    await whileLocked(
      'products',
      [locked[0]!.product_id],
      (round) => [requestOrder(service, toOrder[round]!.hold_id), giveBack(service, toGiveBack[round]!.hold_id)],
      () => giveBack(service, locked[0]!.hold_id),
    );
  });

  it('of other products order while one hold, or one product that costs nothing, is locked', async () => {
    const { id: gift } = await createProduct(service, { price: '0.00' });
    const free = await Promise.all(Array.from({ length: 6 }, () => createHold(service)));
    for (const rows of ['holds', 'products'] as const) {
      const { hold_id } = await createHold(service, rows === 'products' ? { product_id: gift } : {});
      // What was asked for before its deadline may still be made after it.
      const key = { 'idempotency-key': unique('key') };
      await whileLocked(
        rows,
        [rows === 'products' ? gift : Buffer.from(hex(hold_id), 'hex')],
        () => [requestOrder(service, free.pop()!.hold_id)],
        () => service.call('POST', '/api/orders', { hold_id }, key),
      );
    }
  });

  it('of other products have expired units back while one product is locked', async () => {
    // With a hold between theirs in the index: to look for the expired ones of a product locks the entry behind them, too.
    const free = await createHold(service);
    await createHold(service);
    const locked = await createHold(service);
    await expireHolds(locked.hold_id, free.hold_id);
    const releasing = service.app.get(Releasing);
    await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [locked.product_id]);
      const kept = expect(releasing.releaseExpiredHolds(locked.product_id)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      });
      await releasing.releaseExpiredHolds(free.product_id);
      expect(await stockOf(free.product_id)).toMatchObject({ stock_held: 0 });
      await kept;
    });
    await releasing.releaseExpiredHolds(locked.product_id);
    await expectStockIdentity(locked.product_id);
  });
});

describe('retention', () => {
  /** A hold, of a product of its own, that has served its time. */
  async function createOldHold(): Promise<{ product_id: number; id: string }> {
    const { product_id, hold_id } = await createHold(service);
    await giveBack(service, hold_id);
    const id = hex(hold_id);
    await execute('UPDATE holds SET expires_at = NOW(3) - INTERVAL 91 DAY WHERE id = UNHEX(?)', [id]);
    return { product_id, id };
  }

  it('goes on where the holds of one product can not be deleted, and names that product at the end', async () => {
    const [first, kept, last] = [await createOldHold(), await createOldHold(), await createOldHold()];
    await execute(
      `CREATE TRIGGER keep BEFORE DELETE ON holds FOR EACH ROW BEGIN
         IF OLD.product_id = ? THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644; END IF;
       END`,
      [kept.product_id],
    );
    try {
      await expect(service.app.get(RetentionService).purge()).rejects.toThrow(`product ${kept.product_id} `);
    } finally {
      await execute('DROP TRIGGER keep');
    }
    const ids = [first, kept, last].map(({ id }) => id);
    const left = await query('SELECT LOWER(HEX(id)) AS id FROM holds WHERE HEX(id) IN (?)', [ids]);
    expect(left).toEqual([{ id: kept.id.toLowerCase() }]);
  });

  it('goes on where the rows of one kind can not be deleted', async () => {
    const old = await createOldHold();
    await execute('RENAME TABLE idempotency_keys TO idempotency_keys_away');
    const purged = service.app.get(RetentionService).purge();
    await expect(purged).rejects.toThrow('keys (');
    await execute('RENAME TABLE idempotency_keys_away TO idempotency_keys');
    expect(await query('SELECT 1 FROM holds WHERE id = UNHEX(?)', [old.id])).toEqual([]);
  });
});

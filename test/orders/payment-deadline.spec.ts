import { beforeAll, describe, expect, it } from '@jest/globals';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { execute } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  createOrder,
  createPaidOrder,
  createProduct,
  noticeOf,
  notify,
  orderOf,
  stockOf,
  passDeadline,
  unique,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

describe('the payment deadline', () => {
  let service: Service;

  beforeAll(async () => {
    service = await startService();
  });

  it('cancels an unpaid order by the clock, and its units come back', async () => {
    const product = await createProduct(service, { stock_total: 4 });
    const order = await createOrder(service, { product_id: product.id, quantity: 4 });
    await passDeadline(order.order_id);
    const scheduler = await startService({ ROLES: 'worker,scheduler' });
    await eventually(async () => expect(await stockOf(product.id)).toMatchObject({ available: 4 }));
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'cancelled', cancel_reason: 'payment_expired' }]);
    await expectStockIdentity(product.id);
    await scheduler.stop();
  });

  it('leaves paid orders and orders that still have time alone', async () => {
    const product = await createProduct(service, { stock_total: 4 });
    const paid = await createPaidOrder(service, { product_id: product.id });
    const waiting = await createOrder(service, { product_id: product.id });
    await passDeadline(paid.order_id);
    expect(await service.app.get(Cancelling).cancelDueOrders()).toBe(0);
    expect(await orderOf(paid.hold_id)).toMatchObject([{ status: 'paid' }]);
    expect(await orderOf(waiting.hold_id)).toMatchObject([{ status: 'pending_payment' }]);
    await expectStockIdentity(product.id);
  });

  it('cancels each order once when many do it at once', async () => {
    const product = await createProduct(service, { stock_total: 60 });
    const orders = await Promise.all(
      Array.from({ length: 60 }, () => createOrder(service, { product_id: product.id })),
    );
    await passDeadline(...orders.map(({ order_id }) => order_id));
    const counts = await Promise.all(Array.from({ length: 8 }, () => service.app.get(Cancelling).cancelDueOrders()));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60);
    expect(await stockOf(product.id)).toMatchObject({ stock_held: 0, available: 60 });
  });
});

describe('the periodic reconciliation', () => {
  let service: Service;

  beforeAll(async () => {
    service = await startService();
  });

  it('applies a notice that slipped through when its order was made, and only once', async () => {
    const product = await createProduct(service);
    const leaving = await startService();
    const order = await createOrder(leaving, { product_id: product.id });
    const notice = noticeOf(order);
    expect((await notify(leaving, notice)).status).toBe(200);
    // Nor does it look for notices that came before the order any more.
    await leaving.stop();
    // As if the process had died between storing the notice and applying it: the order knows nothing of it.
    await execute('DELETE FROM payments WHERE order_id = ?', [order.order_id]);
    await execute(
      "UPDATE orders SET status = 'pending_payment', quantity_sold = 0, paid_transaction_id = NULL WHERE id = ?",
      [order.order_id],
    );
    await execute('UPDATE products SET stock_held = 1, stock_sold = 0 WHERE id = ?', [product.id]);
    await execute(
      "UPDATE webhook_logs SET status = 'pending_order', outcome = NULL, processed_at = NULL WHERE order_id = ?",
      [order.order_id],
    );
    const counts = await Promise.all([1, 2, 3].map(() => service.app.get(WebhooksService).reconcilePendingNotices()));
    expect(Math.max(...counts)).toBe(1);
    expect(await orderOf(order.hold_id)).toMatchObject([{ status: 'paid' }]);
    expect(await stockOf(product.id)).toMatchObject({ stock_sold: 1, stock_held: 0 });
    expect((await notify(service, notice)).body).toMatchObject({ result: 'duplicate', order_status: 'paid' });
  });

  it('gets to a notice whose order is there past hundreds whose order never comes', async () => {
    const values = Array.from(
      { length: 700 },
      (_, index) => `('${unique('waiting')}', '{}', REPEAT('0', 32), 'pending_order', ${900_000_000 + index})`,
    );
    await execute(
      `INSERT INTO webhook_logs (idempotency_key, payload, payload_hash, status, order_id) VALUES ${values.join(',')}`,
    );
    const product = await createProduct(service);
    const leaving = await startService();
    const order = await createOrder(leaving, { product_id: product.id });
    await notify(leaving, noticeOf(order, { status: 'failed' }));
    await leaving.stop();
    await execute(
      "UPDATE webhook_logs SET status = 'pending_order', outcome = NULL, processed_at = NULL WHERE order_id = ?",
      [order.order_id],
    );
    expect(await service.app.get(WebhooksService).reconcilePendingNotices()).toBe(1);
    await expectStockIdentity(product.id);
  });
});

import { beforeAll, describe, expect, it } from '@jest/globals';
import { RetentionService } from '../../src/operations/retention.service.js';
import { OrdersService } from '../../src/orders/orders.service.js';
import { runCli } from '../support/cli.js';
import { execute, query, withConnection } from '../support/database.js';
import { createHold, createOrder, createProduct, expireHolds, giveBack, hex, stockOf } from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});

/** An unpaid order past its deadline, of a product of its own. */
async function createDueOrder(): Promise<{ product: number; order: number }> {
  const { id } = await createProduct(service, { stock_total: 3 });
  const { order_id } = await createOrder(service, { product_id: id, quantity: 2 });
  await execute('UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 MINUTE WHERE id = ?', [order_id]);
  return { product: id, order: order_id };
}

describe('the cancelling of unpaid orders', () => {
  it('goes on where the counters of one product drift, and names that product at the end', async () => {
    const [first, drifted, last] = [await createDueOrder(), await createDueOrder(), await createDueOrder()];
    await execute('UPDATE products SET stock_held = 0 WHERE id = ?', [drifted.product]);
    await expect(service.app.get(OrdersService).cancelDueOrders()).rejects.toThrow(`product ${drifted.product} `);
    for (const { product } of [first, last]) expect(await stockOf(product)).toMatchObject({ available: 3 });

    const another = await createDueOrder();
    const { code, output } = await runCli(['holds:expire']);
    expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining(`product ${drifted.product} `) });
    expect(output).toContain('1 unpaid orders cancelled');
    expect(await stockOf(another.product)).toMatchObject({ available: 3 });
    await execute('UPDATE products SET stock_held = 2 WHERE id = ?', [drifted.product]);
    expect(await service.app.get(OrdersService).cancelDueOrders()).toBe(1);
  });

  it('goes on where somebody has the row of one product locked', async () => {
    const [locked, free] = [await createDueOrder(), await createDueOrder()];
    await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [locked.product]);
      await expect(service.app.get(OrdersService).cancelDueOrders()).rejects.toThrow(`product ${locked.product} `);
      expect(await stockOf(free.product)).toMatchObject({ available: 3 });
    });
    expect(await service.app.get(OrdersService).cancelDueOrders()).toBe(1);
  });
});

describe('retention', () => {
  it('goes on where the rows of one kind can not be deleted', async () => {
    const { id } = await createProduct(service);
    const old = await createHold(service, { product_id: id });
    await expireHolds(old.hold_id);
    await giveBack(service, old.hold_id);
    await execute('UPDATE holds SET expires_at = NOW(3) - INTERVAL 91 DAY WHERE id = UNHEX(?)', [hex(old.hold_id)]);
    await execute('RENAME TABLE idempotency_keys TO idempotency_keys_away');
    const purged = service.app.get(RetentionService).purge();
    await expect(purged).rejects.toThrow('keys (');
    await execute('RENAME TABLE idempotency_keys_away TO idempotency_keys');
    expect(await query('SELECT 1 FROM holds WHERE id = UNHEX(?)', [hex(old.hold_id)])).toEqual([]);
  });
});

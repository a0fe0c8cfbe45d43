import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type QueryRunner } from 'typeorm';
import { QuantitySold1764600000000 } from '../../migrations/1764600000000-quantity-sold.js';
import { HoldPrice1764700000000 } from '../../migrations/1764700000000-hold-price.js';
import { loadConfig } from '../../src/config/config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { StockAuditService } from '../../src/operations/stock-audit.service.js';
import { execute, query } from '../support/database.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  giveBack,
  noticeOf,
  notify,
  requestOrder,
  taken,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

/** Migrations that have to understand what was written before them, and run while a sale goes on. */
let dataSource: DataSource;
let runner: QueryRunner;
let service: Service;

beforeAll(async () => {
  dataSource = await new DataSource(dataSourceOptions(loadConfig(process.env))).initialize();
  runner = dataSource.createQueryRunner();
  service = await startService({ ROLES: 'api' });
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

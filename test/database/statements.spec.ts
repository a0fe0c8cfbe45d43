import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RetentionService } from '../../src/operations/retention.service.js';
import { HoldsService } from '../../src/holds/holds.service.js';
import { OrdersService } from '../../src/orders/orders.service.js';
import { ProductsService } from '../../src/products/products.service.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { execute, query } from '../support/database.js';
import {
  adminHeaders,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  expireHolds,
  giveBack,
  noticeOf,
  notify,
  UNKNOWN_ID,
  unique,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

/**
 * Which index each statement uses that the service sends in a sale, on tables that are filled: none reads a table from
 * end to end. The figures of the planner are the server's; only the table, the way in and the index are held here.
 */
const ROWS = 20_000;
/** Of one product: what a sale leaves behind. */
const FILL = [
  `INSERT INTO holds (id, product_id, qty, expires_at, used, released)
     SELECT UNHEX(LPAD(HEX(n), 32, '0')), ?, 1, NOW(3) + INTERVAL 1 HOUR, n % 2, n % 4 IN (0, 3) FROM numbers`,
  `INSERT INTO orders (hold_id, status, amount, payment_due_at, paid_transaction_id, quantity_sold)
     SELECT id, IF(released, 'cancelled', 'paid'), '99.99', NOW(3), HEX(id), IF(released, 0, qty) FROM holds WHERE used = 1 AND product_id = ?`,
  `INSERT INTO webhook_logs (idempotency_key, payload, payload_hash, status, outcome, order_id, processed_at)
     SELECT CONCAT('filled-', n), '{}', UNHEX(SHA2(n, 256)), 'processed', 'applied', n, NOW(3) FROM numbers WHERE n > ? * 0`,
  `INSERT INTO refunds (order_id, provider, transaction_id, amount, currency, status)
     SELECT n, 'generic', n, '1.00', 'EUR', 'confirmed' FROM numbers WHERE n > ? * 0`,
  `INSERT INTO payments (provider, transaction_id, order_id, amount, currency)
     SELECT 'generic', n, n, '1.00', 'EUR' FROM numbers WHERE n > ? * 0`,
  `INSERT INTO idempotency_keys (scope, idempotency_key, content, reference)
     SELECT 'holds', CONCAT('filled-', n), '1:1', UNHEX(LPAD(HEX(n), 32, '0')) FROM numbers WHERE n > ? * 0`,
  `INSERT INTO products (name, price, stock_total) SELECT CONCAT('filled ', n), '1.00', 5 FROM numbers WHERE n > ? * 0`,
];
const TABLES = ['holds', 'orders', 'webhook_logs', 'refunds', 'payments', 'idempotency_keys', 'products'];

let proxy: DatabaseProxy;
let service: Service;

beforeAll(async () => {
  proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
  service = await startService({ ...proxy.env, DB_STATEMENT_TIMEOUT_MS: '30000' });
  const { id } = await createProduct(service, { stock_total: ROWS });
  await execute('CREATE TABLE numbers (n INT PRIMARY KEY)');
  await execute(`INSERT INTO numbers VALUES ${Array.from({ length: ROWS }, (_, n) => `(${n + 1})`).join(',')}`);
  for (const sql of FILL) await execute(sql, [id]);
  await query(`ANALYZE TABLE ${TABLES.join(', ')}`);
}, 120_000);

afterAll(async () => {
  await service.stop();
  await proxy.goAway();
});

/** Everything that a sale and its upkeep do, once. */
async function sell(): Promise<void> {
  const product = await createProduct(service, { stock_total: 4 });
  const key = { 'idempotency-key': unique('key') };
  await service.call('POST', '/api/holds', { product_id: product.id, quantity: 1 }, key);
  const [expired, back] = [
    await createHold(service, { product_id: product.id }),
    await createHold(service, { product_id: product.id }),
  ];
  await expireHolds(expired.hold_id);
  await createHold(service, { product_id: product.id, quantity: 2 });
  await giveBack(service, back.hold_id);
  const order = await createOrder(service);
  await service.call('POST', '/api/orders', { hold_id: (await createHold(service)).hold_id }, key);
  await service.call('GET', `/api/holds/${order.hold_id}`);
  await notify(service, noticeOf(order, { status: 'failed' }));
  await notify(service, noticeOf(order));
  await notify(service, noticeOf({ order_id: UNKNOWN_ID }));
  const paid = await createPaidOrder(service);
  await notify(service, noticeOf(paid));
  const due = await createOrder(service);
  await execute('UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 SECOND WHERE id = ?', [due.order_id]);
  await service.app.get(OrdersService).findOverdueMs();
  await service.app.get(OrdersService).cancelDueOrders();
  const again = await createHold(service);
  await expireHolds(again.hold_id);
  await service.app.get(HoldsService).findProductsWithExpired();
  await service.app.get(HoldsService).releaseExpiredHolds(again.product_id);
  await service.app.get(ProductsService).restockProduct(product.id, 1);
  await service.app.get(WebhooksService).reconcilePendingNotices([due.order_id]);
  await service.app.get(RetentionService).purge();
  for (const path of ['/api/products', '/api/products?cursor=10', '/api/admin/webhooks', '/api/admin/refunds']) {
    await service.call('GET', path, undefined, adminHeaders(service));
  }
}

/** The statement with its values taken out, so that equal ones count once. */
function formOf(statement: string): string {
  return statement
    .replaceAll(/0x[0-9a-f]+|'(?:[^'\\]|\\.)*'|\b\d+\b/gi, '?')
    .replaceAll(/\(\?(?:,\s*\?)+\)/g, '(?)')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Tables, or whole indexes of them, that the server would read from end to end for this statement. */
async function scansOf(statement: string): Promise<string[]> {
  const plan = await query<{ table: string | null; type: string | null; key: string | null; rows: number | null }>(
    // The form with a row a table, which is no longer what MySQL answers unasked.
    `EXPLAIN FORMAT=TRADITIONAL ${statement}`,
  );
  return plan
    .filter(({ type, rows }) => (type === 'ALL' || type === 'index') && Number(rows) > ROWS / 10)
    .map(({ table, key }) => `${table} by ${key ?? 'no index'}`);
}

it('tells a statement that reads a table, or an index of it, from end to end', async () => {
  expect(await scansOf('SELECT * FROM holds WHERE qty = 3')).toEqual(['holds by no index']);
  expect(await scansOf('SELECT SUM(used) FROM holds')).toEqual(['holds by holds_product_open']);
});

it('uses an index for every statement, and reads no filled table from end to end', async () => {
  proxy.queries = [];
  await sell();
  const statements = new Map<string, string>();
  for (const statement of proxy.queries.flatMap((text) => text.split(';\n'))) {
    if (
      /^(SELECT|UPDATE|DELETE)\b.*\b(FROM|UPDATE)\s+`?(holds|orders|webhook_logs|refunds|payments|idempotency_keys|products)\b/is.test(
        statement,
      )
    )
      statements.set(formOf(statement), statement);
  }
  // As many kinds as there are: fewer, and the walk above has lost some.
  expect(statements.size).toBeGreaterThan(25);
  const scans: string[] = [];
  for (const [form, statement] of statements) {
    for (const scan of await scansOf(statement)) scans.push(`${scan}: ${form}`);
  }
  expect(scans).toEqual([]);
}, 120_000);

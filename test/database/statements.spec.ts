import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { actOfCli } from '../../src/access/operator.js';
import { Transactions } from '../../src/database/transactions.js';
import { RetentionService } from '../../src/operations/retention.service.js';
import { HoldsRepository } from '../../src/holds/holds.repository.js';
import { HoldsService } from '../../src/holds/holds.service.js';
import { Releasing } from '../../src/holds/releasing/releasing.js';
import { StockAuditService } from '../../src/operations/stock-audit.service.js';
import { OrdersRepository } from '../../src/orders/orders.repository.js';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { DeadlinesRepository } from '../../src/orders/settling/deadlines.repository.js';
import { PaymentSessionsService } from '../../src/payment-sessions/payment-sessions.service.js';
import { ProductsService } from '../../src/products/products.service.js';
import { PaymentsRepository } from '../../src/refunds/payments.repository.js';
import { RefundsRepository } from '../../src/refunds/refunds.repository.js';
import { Returning } from '../../src/refunds/returning.js';
import type { UnreadPayment } from '../../src/refunds/refunds.types.js';
import { SalesService } from '../../src/sales/sales.service.js';
import { Asking } from '../../src/webhooks/deadlines/asking.js';
import { SessionOutbox } from '../../src/webhooks/outbox/session-outbox.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { bearer, KeyFile, shopKey, signedToken } from '../support/buyers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { execute, query } from '../support/database.js';
import {
  actOnSale,
  adminHeaders,
  createHold,
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  expireHolds,
  extend,
  giveBack,
  noticeOf,
  notify,
  type Order,
  passDeadline,
  refundsOf,
  taken,
  UNKNOWN_ID,
  unique,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';
import { apiError, StripeApi } from '../support/stripe-api.js';

/**
 * Which index each statement uses that the service sends in a sale, on tables that are filled: none reads a table from
 * end to end. The figures of the planner are the server's; only the table, the way in and the index are held here.
 */
const ROWS = 200_000;
/** Of one product: what a sale leaves behind. */
const FILL = [
  `INSERT INTO holds (id, product_id, qty, expires_at, used, released)
     SELECT UNHEX(LPAD(HEX(n), 32, '0')), ?, 1, NOW(3) + INTERVAL 1 HOUR, n % 2, n % 4 IN (0, 3) FROM numbers`,
  `INSERT INTO orders (hold_id, status, amount, payment_due_at, due_at, paid_transaction_id, quantity_sold, reference)
     SELECT id, IF(released, 'cancelled', 'paid'), '99.99', NOW(3), NOW(3), HEX(id), IF(released, 0, qty), HEX(id) FROM holds WHERE used = 1 AND product_id = ?`,
  `UPDATE orders SET status = 'pending_payment', paid_transaction_id = NULL, quantity_sold = NULL,
     payment_due_at = NOW(3) + INTERVAL 1 HOUR, due_at = NOW(3) + INTERVAL 1 HOUR
     WHERE status = 'paid' AND id % 10 = 0 AND id > ? * 0`,
  `INSERT INTO webhook_logs (idempotency_key, payload, payload_hash, status, outcome, order_id, processed_at)
     SELECT CONCAT('filled-', n), '{}', UNHEX(SHA2(n, 256)), IF(n % 1000, 'processed', IF(n % 2000, 'pending_order', 'review')), 'applied', n, IF(n % 2000 = 1000, NULL, NOW(3)) FROM numbers WHERE n > ? * 0`,
  `INSERT INTO refunds (order_id, provider, transaction_id, amount, currency, status)
     SELECT n, 'generic', n, '1.00', 'EUR', IF(n % 1000, 'confirmed', 'due') FROM numbers WHERE n > ? * 0`,
  `INSERT INTO payments (provider, transaction_id, order_id, amount, currency)
     SELECT 'generic', n, n, '1.00', 'EUR' FROM numbers WHERE n > ? * 0`,
  `INSERT INTO idempotency_keys (scope, idempotency_key, content, reference)
     SELECT 'holds', CONCAT('filled-', n), '1:1', UNHEX(LPAD(HEX(n), 32, '0')) FROM numbers WHERE n > ? * 0`,
  `INSERT INTO operator_sessions (secret_hash, expires_at)
     SELECT UNHEX(SHA2(n, 256)), NOW(3) + INTERVAL 1 HOUR FROM numbers WHERE n > ? * 0`,
  `INSERT INTO audit_log (act_id, actor, action, target, target_id)
     SELECT UNHEX(LPAD(HEX(n), 32, '0')), 'root', 'product.change', 'product', n FROM numbers WHERE n > ? * 0`,
  `INSERT INTO products (name, price, stock_total, sku, sale_id)
     SELECT CONCAT('filled ', n), '1.00', 5, CONCAT('filled-', n), IF(n % 10, NULL, n) FROM numbers WHERE n > ? * 0`,
  `INSERT INTO customer_holds (hold_id, customer_id, limit_key, product_id, units)
     SELECT id, HEX(id), HEX(id), product_id, IF(released, 0, qty) FROM holds WHERE product_id = ?`,
  `INSERT INTO payment_sessions (hold_id, provider, kind, payment_seconds, state, task, task_due_at)
     SELECT id, 'stripe', 'intent', 900, IF(released, 'cancelled', 'open'), IF(HEX(id) LIKE '%000', 'end', NULL), IF(HEX(id) LIKE '%000', NOW(3) + INTERVAL 1 HOUR, NULL)
       FROM holds WHERE used = 1 AND product_id = ?`,
  `INSERT INTO sales (name, starts_at, is_start_told, is_end_told)
     SELECT CONCAT('filled ', n), NOW(3), 1, n % 1000 > 0 FROM numbers WHERE n > ? * 0`,
  `INSERT INTO events (sequence, type, data) SELECT n, 'order.paid', '{}' FROM numbers WHERE n > ? * 0`,
  `UPDATE event_sequence SET last = ${ROWS} WHERE id > ? * 0`,
];
const TABLES = [
  'holds',
  'customer_holds',
  'orders',
  'payment_sessions',
  'webhook_logs',
  'refunds',
  'payments',
  'idempotency_keys',
  'audit_log',
  'operator_sessions',
  'products',
  'sales',
  'events',
];

const SINCE = 'from=2026-01-01T00:00:00Z&to=2036-01-01T00:00:00Z';

/** What people and scrapers ask of the filled tables. */
const PAGES = [
  '/metrics',
  '/api/admin/overview',
  '/api/products',
  '/api/products?cursor=10',
  '/api/products?sku=filled-7',
  '/api/sales',
  '/api/sales/10',
  '/api/admin/sales?cursor=10',
  '/api/products?cursor=10&order=desc',
  '/api/admin/webhooks',
  '/api/admin/webhooks?status=processed',
  '/api/admin/webhooks?status=review',
  '/api/admin/audit',
  '/api/admin/events?after=7',
  '/api/admin/events?after=7&types=order.paid,order.refunded',
  '/api/admin/refunds',
  '/api/admin/refunds?order=desc',
  `/api/admin/refunds?${SINCE}`,
  `/api/admin/webhooks?${SINCE}`,
  `/api/admin/webhooks?${SINCE}&status=review&order=desc`,
  '/api/admin/orders',
  '/api/admin/orders?order=desc',
  '/api/admin/orders/1000',
  `/api/admin/orders?${SINCE}`,
  '/api/admin/orders?status=paid',
  '/api/admin/orders?status=refund_due',
  '/api/admin/orders?disputed=true',
  '/api/admin/orders?product_id=10',
  '/api/admin/orders?sale_id=10&order=desc',
  '/api/admin/orders?customer_id=000000000000000000000000000003E9',
  '/api/admin/orders?reference=000000000000000000000000000003E9',
  '/api/admin/orders?transaction_id=1000',
  `/api/admin/orders?hold_id=019a0000-0000-7000-8000-000000000001`,
  '/api/admin/refunds?status=confirmed',
  '/api/admin/refunds?status=due',
];

/**
 * The statements by their shape, and the indexes that lead to their rows. A page in one state is read by the state or in
 * the order of its rows, whichever is less; of two ways to one row, either will do: a guard on a state that few rows have
 * leads there, too. Of a hold without a sale no row of a sale is read (`null`).
 */
const INDEXES: Record<string, string> = {
  'DELETE FROM audit_log WHERE created_at < NOW(?) - INTERVAL ? DAY ORDER BY created_at LIMIT ?':
    'audit_log audit_log_created',
  'DELETE FROM events WHERE created_at < NOW(?) - INTERVAL ? DAY ORDER BY created_at LIMIT ?': 'events events_created',
  'DELETE FROM holds WHERE id IN (?) AND released = ?': 'holds PRIMARY',
  'DELETE FROM operator_sessions WHERE expires_at <= NOW(?) ORDER BY expires_at LIMIT ?':
    'operator_sessions operator_sessions_expires',
  'DELETE FROM idempotency_keys WHERE created_at < NOW(?) - INTERVAL ? HOUR ORDER BY created_at LIMIT ?':
    'idempotency_keys idempotency_keys_created',
  'DELETE FROM orders WHERE id IN (?) AND status = ?': 'orders PRIMARY, orders orders_due',
  'DELETE FROM idempotency_keys WHERE scope = ? AND idempotency_key = ?': 'idempotency_keys PRIMARY',
  'DELETE FROM payments WHERE order_id IS NULL AND amount IS NULL AND created_at < NOW(?) - INTERVAL ? DAY AND NOT EXISTS (SELECT ? FROM refunds r WHERE r.order_id IS NULL AND r.transaction_id = payments.transaction_id) ORDER BY order_id, id LIMIT ?':
    'payments payments_order, r refunds_cause',
  'DELETE FROM webhook_logs WHERE status = ? AND processed_at < NOW(?) - INTERVAL ? DAY ORDER BY status, processed_at LIMIT ?':
    'webhook_logs webhook_logs_status',
  'SELECT COUNT(*) AS count FROM (SELECT ? FROM orders WHERE status = ? LIMIT ?) some': 'orders orders_due',
  'SELECT COUNT(*) AS count FROM payments WHERE disputed_at IS NOT NULL AND order_id IS NOT NULL AND dispute_status = ?':
    'payments payments_disputed',
  'SELECT COUNT(*) AS count FROM refunds WHERE status IN (?)': 'refunds refunds_status',
  'SELECT COUNT(*) AS count FROM webhook_logs WHERE status = ?': 'webhook_logs webhook_logs_status',
  'SELECT COUNT(*) AS expired, SUM(qty) AS units FROM (SELECT qty FROM holds WHERE product_id = ? AND used = ? AND released = ? AND expires_at <= NOW(?) ORDER BY expires_at LIMIT ?) AS due':
    'holds holds_product_open',
  'SELECT … FROM audit_log WHERE target = ? AND LOCATE(?, fields_after) > ? LIMIT ?': 'audit_log audit_log_target',
  'SELECT … FROM audit_log WHERE target = ? AND target_id IN (?) AND LOCATE(?, fields_after) > ? FOR UPDATE':
    'audit_log audit_log_target',
  'SELECT … FROM audit_log a WHERE a.id > ? AND a.id < ? ORDER BY a.id ASC LIMIT ?': 'a PRIMARY',
  'SELECT … FROM customer_holds WHERE hold_id IN (?)': 'customer_holds PRIMARY',
  'SELECT … FROM customer_holds WHERE hold_id IN (?) AND ? IN (customer_id, limit_key)': 'customer_holds PRIMARY',
  'SELECT … FROM ((SELECT hold_id FROM customer_holds WHERE customer_id = ? LIMIT ?) UNION (SELECT hold_id FROM customer_holds WHERE limit_key = ? LIMIT ?)) AS named LIMIT ?':
    'customer_holds customer_holds_customer, customer_holds customer_holds_units',
  'SELECT … FROM customer_holds c STRAIGHT_JOIN holds h ON h.id = c.hold_id LEFT JOIN orders o ON o.hold_id = h.id WHERE c.customer_id = ? AND c.units > ? AND (h.used = ? AND h.released = ? AND h.expires_at > NOW(?) OR o.status = ?) LIMIT ?':
    'c customer_holds_customer, h PRIMARY, o orders_hold',
  'SELECT … FROM customer_holds c STRAIGHT_JOIN holds h ON h.id = c.hold_id WHERE c.limit_key IN (?) AND c.units > ? AND (c.product_id IN (?) OR c.sale_id IN (?)) AND h.used = ? AND h.released = ? AND h.expires_at <= NOW(?)':
    'c customer_holds_units, h PRIMARY',
  'SELECT … FROM customer_holds c LEFT JOIN sales s ON s.id = c.sale_id WHERE c.limit_key IN (?) AND c.units > ? AND (c.product_id IN (?) OR s.max_per_customer IS NOT NULL) GROUP BY c.limit_key, c.product_id, c.sale_id':
    'c customer_holds_units, s PRIMARY',
  'SELECT … FROM holds JOIN products ON products.id = holds.product_id LEFT JOIN sales ON sales.id = holds.sale_id WHERE holds.id = ?':
    'holds PRIMARY, products PRIMARY, sales PRIMARY, sales null',
  'SELECT … FROM holds JOIN products ON products.id = holds.product_id LEFT JOIN sales ON sales.id = holds.sale_id WHERE holds.id IN (?)':
    'holds PRIMARY, products PRIMARY, sales PRIMARY, sales null',
  'SELECT … FROM holds JOIN products ON products.id = holds.product_id WHERE holds.id IN (?)':
    'holds PRIMARY, products PRIMARY',
  'UPDATE holds SET … WHERE id IN (?) AND used = ? AND released = ? AND expires_at > NOW(?)': 'holds PRIMARY',
  'SELECT … FROM holds WHERE id IN (?) ORDER BY id FOR UPDATE': 'holds PRIMARY',
  'SELECT … FROM holds WHERE id IN (?) AND used = ? AND released = ? AND expires_at <= NOW(?) FOR UPDATE SKIP LOCKED':
    'holds PRIMARY',
  'SELECT … FROM holds WHERE product_id = ? AND used = ? AND released = ? AND expires_at < NOW(?) - INTERVAL ? DAY ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED':
    'holds holds_product_open',
  'SELECT … FROM holds WHERE product_id = ? AND used = ? AND released = ? AND expires_at <= NOW(?) ORDER BY expires_at LIMIT ?':
    'holds holds_product_open',
  'SELECT … FROM holds WHERE product_id = ? AND used = ? AND released = ? AND expires_at <= NOW(?) ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED':
    'holds holds_product_open',
  'SELECT … FROM holds WHERE product_id = ? AND used = ? AND released = ? AND expires_at <= NOW(?) ORDER BY expires_at LIMIT ? FOR UPDATE':
    'holds holds_product_open',
  'SELECT … FROM holds WHERE used = ? AND released = ? GROUP BY product_id HAVING MIN(expires_at) <= NOW(?)':
    'holds holds_product_open',
  'SELECT … FROM holds h LEFT JOIN orders o ON o.hold_id = h.id WHERE h.id IN (?)': 'h PRIMARY, o orders_hold',
  'SELECT … FROM holds h LEFT JOIN orders o ON o.hold_id = h.id WHERE o.id IN (?)': 'h PRIMARY, o PRIMARY',
  'SELECT … FROM holds': 'holds holds_product_open',
  'UPDATE audit_log SET … WHERE target = ? AND target_id IN (?)': 'audit_log audit_log_target',
  'UPDATE events SET … WHERE hold_id IN (?)': 'events events_hold',
  'UPDATE holds SET … WHERE id IN (?) AND customer_id = ?': 'holds PRIMARY',
  'UPDATE orders SET … WHERE hold_id = ?': 'orders orders_hold',
  'SELECT … FROM events': '',
  'SELECT … FROM events WHERE sequence > ? AND sequence <= ? AND type IN (?) ORDER BY sequence LIMIT ?':
    'events PRIMARY',
  'SELECT … FROM events WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?': 'events PRIMARY',
  'SELECT … FROM idempotency_keys WHERE scope = ? AND idempotency_key IN (?)': 'idempotency_keys PRIMARY',
  // Each provider once: the planner hops from one to the next.
  'SELECT … FROM (SELECT DISTINCT provider FROM payments) known STRAIGHT_JOIN payments y ON y.provider = known.provider AND y.transaction_id = ? WHERE y.order_id IS NOT NULL':
    'payments payments_transaction, y payments_transaction',
  'SELECT … FROM (SELECT id FROM orders WHERE id > ? AND id < ? ORDER BY id ASC LIMIT ?) step': 'orders PRIMARY',
  'SELECT … FROM (SELECT id FROM orders WHERE id > ? AND id < ? ORDER BY id DESC LIMIT ?) step': 'orders PRIMARY',
  'SELECT … FROM orders': '',
  'SELECT … FROM orders WHERE id >= ? ORDER BY id LIMIT ?': 'orders PRIMARY',
  'SELECT … FROM orders o STRAIGHT_JOIN holds h ON h.id = o.hold_id WHERE o.id = ? FOR UPDATE': 'h PRIMARY, o PRIMARY',
  'SELECT … FROM orders o STRAIGHT_JOIN holds h ON h.id = o.hold_id WHERE o.id IN (?) ORDER BY o.id FOR UPDATE':
    'h PRIMARY, o PRIMARY',
  'SELECT … FROM orders o FORCE INDEX (orders_due) STRAIGHT_JOIN holds h ON h.id = o.hold_id WHERE o.status = ? AND (o.due_at <= NOW(?) OR (o.due_at IS NULL AND o.payment_due_at <= NOW(?))) AND o.payment_provider IS NULL ORDER BY o.due_at LIMIT ? FOR UPDATE SKIP LOCKED':
    'h PRIMARY, o orders_due',
  'SELECT … FROM orders o FORCE INDEX (orders_due) STRAIGHT_JOIN holds h ON h.id = o.hold_id WHERE o.status = ? AND (o.due_at <= NOW(?) OR (o.due_at IS NULL AND o.payment_due_at <= NOW(?))) AND o.payment_provider IS NULL':
    'h PRIMARY, o orders_due',
  'SELECT … FROM orders o WHERE o.hold_id = ?': 'o orders_hold',
  'SELECT … FROM orders o WHERE o.hold_id IN (?) FOR UPDATE': 'o orders_hold',
  'SELECT … FROM orders o WHERE o.hold_id IN (?)': 'o orders_hold',
  'SELECT … FROM orders o STRAIGHT_JOIN holds h ON h.id = o.hold_id STRAIGHT_JOIN products p ON p.id = h.product_id WHERE o.hold_id IN (?)':
    'h PRIMARY, o orders_hold, p PRIMARY',
  'SELECT … FROM orders o FORCE INDEX (orders_due) WHERE o.status = ? AND (o.due_at < NOW(?) - INTERVAL ? DAY OR (o.due_at IS NULL AND o.payment_due_at < NOW(?) - INTERVAL ? DAY)) ORDER BY o.due_at LIMIT ? FOR UPDATE SKIP LOCKED':
    'o orders_due',
  'SELECT … FROM orders o FORCE INDEX (orders_due) WHERE o.status = ? AND (o.due_at <= NOW(?) OR (o.due_at IS NULL AND o.payment_due_at <= NOW(?))) ORDER BY o.due_at LIMIT ?':
    'o orders_due',
  'SELECT … FROM orders o WHERE o.hold_id IN (?) AND (o.reference = X? OR LOCATE(X?, o.metadata) > ? OR LOCATE(X?, o.adjustments) > ?)':
    'o orders_hold',
  'SELECT … FROM payment_sessions WHERE task IS NOT NULL GROUP BY task': 'payment_sessions payment_sessions_due',
  'SELECT … FROM orders o FORCE INDEX (orders_due) WHERE o.status = ? AND (o.due_at <= NOW(?) OR (o.due_at IS NULL AND o.payment_due_at <= NOW(?))) AND o.payment_provider IS NULL ORDER BY o.due_at LIMIT ?':
    'o orders_due',
  'SELECT … FROM orders o FORCE INDEX (orders_due) WHERE o.status = ? AND (o.due_at <= NOW(?) OR (o.due_at IS NULL AND o.payment_due_at <= NOW(?))) AND NOT o.payment_provider IS NULL':
    'o orders_due',
  'SELECT … FROM orders o FORCE INDEX (orders_due) WHERE o.status = ? AND (o.due_at <= NOW(?) OR (o.due_at IS NULL AND o.payment_due_at <= NOW(?))) AND o.payment_provider = ? ORDER BY o.due_at LIMIT ? FOR UPDATE SKIP LOCKED':
    'o orders_due',
  'SELECT … FROM payment_sessions s WHERE s.hold_id IN (?)': 's PRIMARY',
  'SELECT … FROM payment_sessions s WHERE s.hold_id IN (?) ORDER BY s.hold_id FOR UPDATE': 's PRIMARY',
  'SELECT … FROM payment_sessions s WHERE s.task = ? AND s.provider = ? AND s.task_due_at <= NOW(?) ORDER BY s.task_due_at LIMIT ? FOR UPDATE SKIP LOCKED':
    's payment_sessions_due',
  'SELECT … FROM payment_sessions s WHERE s.task IN (?) AND s.task_due_at <= NOW(?)': 's payment_sessions_due',
  'SELECT … FROM payments WHERE id = ? AND refunds_due_at = ?': 'payments PRIMARY',
  'SELECT … FROM payments WHERE order_id IN (?)': 'payments payments_order',
  'SELECT … FROM payments WHERE provider = ? AND transaction_id IN (?) ORDER BY provider, transaction_id FOR UPDATE':
    'payments payments_transaction',
  'SELECT … FROM payments WHERE refunds_due_at <= NOW(?) AND provider IN (?) ORDER BY refunds_due_at LIMIT ?':
    'payments payments_refunds_due',
  'SELECT … FROM products p LEFT JOIN ( SELECT holds.product_id, SUM(holds.qty) AS held FROM holds LEFT JOIN orders o ON o.hold_id = holds.id WHERE holds.released = ? AND (o.id IS NULL OR o.status = ?) AND holds.product_id = ? GROUP BY holds.product_id ) h ON h.product_id = p.id LEFT JOIN ( SELECT holds.product_id, SUM(COALESCE(o.quantity_sold, IF(o.status = ?, holds.qty, ?))) AS sold FROM orders o JOIN holds ON holds.id = o.hold_id WHERE COALESCE(o.quantity_sold, o.status = ?) > ? AND holds.product_id = ? GROUP BY holds.product_id ) s ON s.product_id = p.id WHERE TRUE AND p.id = ? ORDER BY p.id':
    'holds holds_product_open, o orders_hold, p PRIMARY',
  'SELECT … FROM products p WHERE p.id > ? AND p.id < ? AND p.is_archived = ? ORDER BY p.id ASC LIMIT ?': 'p PRIMARY',
  'SELECT … FROM products p WHERE p.id > ? AND p.id < ? AND p.is_archived = ? ORDER BY p.id DESC LIMIT ?': 'p PRIMARY',
  'SELECT … FROM products p WHERE p.id IN (?) ORDER BY p.id ASC FOR UPDATE': 'p PRIMARY',
  'SELECT … FROM products p WHERE p.is_archived = ? ORDER BY p.id DESC LIMIT ?': 'p PRIMARY',
  'SELECT … FROM products p WHERE p.sale_id IN (?) ORDER BY p.sale_id ASC, p.id ASC': 'p products_sale',
  'SELECT … FROM products p WHERE p.sku = ? AND p.is_archived = ?': 'p products_sku',
  'SELECT … FROM products WHERE sale_id = ? ORDER BY id': 'products products_sale',
  'SELECT … FROM products WHERE id = ?': 'products PRIMARY',
  'SELECT … FROM products WHERE id IN (?) AND sale_max_per_customer IS NOT NULL': 'products PRIMARY',
  'SELECT … FROM products WHERE sku = ?': 'products products_sku',
  'SELECT … FROM refunds r LEFT JOIN payments p ON p.provider = r.provider AND p.transaction_id = r.transaction_id WHERE r.order_id = ? ORDER BY r.id LIMIT ?':
    'p payments_transaction, r refunds_cause',
  'SELECT … FROM refunds r LEFT JOIN payments p ON p.provider = r.provider AND p.transaction_id = r.transaction_id WHERE r.id = ?':
    'p payments_transaction, r PRIMARY',
  'SELECT … FROM refunds r LEFT JOIN payments p ON p.provider = r.provider AND p.transaction_id = r.transaction_id WHERE r.id > ? AND r.id < ? AND r.created_at >= ? AND r.created_at < ? ORDER BY r.id ASC LIMIT ?':
    'p payments_transaction, r PRIMARY',
  'SELECT … FROM refunds r LEFT JOIN payments p ON p.provider = r.provider AND p.transaction_id = r.transaction_id WHERE r.id > ? AND r.id < ? AND r.status = ? ORDER BY r.id ASC LIMIT ?':
    'p payments_transaction, r refunds_status',
  'SELECT … FROM refunds r LEFT JOIN payments p ON p.provider = r.provider AND p.transaction_id = r.transaction_id WHERE r.id > ? AND r.id < ? ORDER BY r.id ASC LIMIT ?':
    'p payments_transaction, r PRIMARY',
  'SELECT … FROM refunds r LEFT JOIN payments p ON p.provider = r.provider AND p.transaction_id = r.transaction_id WHERE r.id > ? AND r.id < ? ORDER BY r.id DESC LIMIT ?':
    'p payments_transaction, r PRIMARY',
  // The ends of the table, for where rows of some time begin: the planner answers by the index itself, and names no table.
  'SELECT … FROM refunds': '',
  'SELECT … FROM refunds WHERE id >= ? ORDER BY id LIMIT ?': 'refunds PRIMARY',
  'SELECT … FROM refunds WHERE order_id <=> ? AND transaction_id = ? AND provider = ? AND id <> ? AND provider_refund_id IS NOT NULL':
    'refunds refunds_cause',
  'SELECT … FROM refunds r WHERE r.order_id IN (?) OR r.order_id IS NULL AND r.transaction_id IN (?) ORDER BY r.id':
    'r refunds_cause',
  'SELECT … FROM refunds r WHERE r.order_id IN (?) ORDER BY r.id': 'r refunds_cause',
  'SELECT … FROM sales WHERE id = ?': 'sales PRIMARY',
  'SELECT … FROM sales WHERE sales.id > ? AND sales.id < ? AND (ends_at IS NULL OR ends_at > NOW(?) - INTERVAL ? DAY) AND (ended_at IS NULL OR ended_at > NOW(?) - INTERVAL ? DAY) ORDER BY sales.id ASC LIMIT ?':
    'sales PRIMARY',
  'SELECT … FROM sales WHERE sales.id > ? AND sales.id < ? AND (ends_at IS NULL OR ends_at > NOW(?) - INTERVAL ? DAY) AND (ended_at IS NULL OR ended_at > NOW(?) - INTERVAL ? DAY) ORDER BY sales.id DESC LIMIT ?':
    'sales PRIMARY',
  'SELECT … FROM sales WHERE is_end_told = ? AND ((is_start_told = ? AND starts_at <= NOW(?)) OR ends_at <= NOW(?) OR ended_at <= NOW(?)) ORDER BY id LIMIT ?':
    'sales sales_untold',
  'SELECT … FROM sales WHERE sales.id > ? AND sales.id < ? ORDER BY sales.id ASC LIMIT ?': 'sales PRIMARY',
  'SELECT … FROM sales WHERE id IN (?) ORDER BY id FOR UPDATE': 'sales PRIMARY',
  'SELECT … FROM (SELECT DISTINCT sale_id FROM products WHERE id IN (?) AND sale_max_per_customer IS NOT NULL) limited STRAIGHT_JOIN sales s FORCE INDEX (PRIMARY) ON s.id = limited.sale_id ORDER BY limited.sale_id FOR UPDATE':
    'products PRIMARY, s PRIMARY',
  'SELECT … FROM webhook_logs WHERE order_id = ? ORDER BY id LIMIT ?': 'webhook_logs webhook_logs_order',
  'SELECT … FROM webhook_logs WHERE id = ? ORDER BY id LIMIT ?': 'webhook_logs PRIMARY',
  'SELECT … FROM webhook_logs': '',
  'SELECT … FROM webhook_logs WHERE id >= ? ORDER BY id LIMIT ?': 'webhook_logs PRIMARY',
  'SELECT … FROM webhook_logs WHERE webhook_logs.id > ? AND webhook_logs.id < ? AND status = ? ORDER BY webhook_logs.id ASC LIMIT ?':
    'webhook_logs PRIMARY, webhook_logs webhook_logs_status',
  'SELECT … FROM webhook_logs WHERE webhook_logs.id > ? AND webhook_logs.id < ? AND webhook_logs.created_at >= ? AND webhook_logs.created_at < ? AND status = ? ORDER BY webhook_logs.id DESC LIMIT ?':
    'webhook_logs PRIMARY, webhook_logs webhook_logs_status',
  'SELECT … FROM webhook_logs WHERE webhook_logs.id > ? AND webhook_logs.id < ? AND webhook_logs.created_at >= ? AND webhook_logs.created_at < ? ORDER BY webhook_logs.id ASC LIMIT ?':
    'webhook_logs PRIMARY',
  'SELECT … FROM webhook_logs WHERE webhook_logs.id > ? AND webhook_logs.id < ? ORDER BY webhook_logs.id ASC LIMIT ?':
    'webhook_logs PRIMARY',
  'SELECT … FROM webhook_logs WHERE idempotency_key IN (?)': 'webhook_logs webhook_logs_key',
  'SELECT … FROM webhook_logs WHERE order_id IN (?) AND status = ?': 'webhook_logs webhook_logs_order',
  'SELECT … FROM webhook_logs WHERE status = ? AND id > ? AND EXISTS (SELECT ? FROM orders WHERE orders.id = order_id) ORDER BY id LIMIT ?':
    'orders PRIMARY, webhook_logs webhook_logs_status',
  'SELECT … FROM webhook_logs WHERE status = ? AND id > ? AND created_at < NOW(?) - INTERVAL ? SECOND ORDER BY id LIMIT ?':
    'webhook_logs webhook_logs_status',
  'SELECT … FROM webhook_logs WHERE status = ? AND id > ? AND order_id IN (?) AND EXISTS (SELECT ? FROM orders WHERE orders.id = order_id) ORDER BY id LIMIT ?':
    'orders PRIMARY, webhook_logs webhook_logs_order',
  'UPDATE customer_holds SET … WHERE hold_id IN (?)': 'customer_holds PRIMARY',
  'UPDATE customer_holds c JOIN holds h ON h.id = c.hold_id SET … WHERE c.hold_id IN (?)': 'c PRIMARY, h PRIMARY',
  'UPDATE holds SET … WHERE id IN (?) AND used = ? AND released = ?': 'holds PRIMARY',
  'UPDATE orders SET … WHERE id IN (?) AND status = ?': 'orders PRIMARY, orders orders_due',
  'UPDATE orders SET … WHERE id = ? AND status = ? AND first_due_at IS NULL': 'orders PRIMARY',
  'UPDATE orders SET … WHERE id = ? AND COALESCE(return_count, ?) = ?': 'orders PRIMARY',
  'UPDATE orders SET … WHERE id IN (?)': 'orders PRIMARY',
  'UPDATE payment_sessions SET … WHERE hold_id = ?': 'payment_sessions PRIMARY',
  'UPDATE payment_sessions SET … WHERE hold_id = ? AND state = ?': 'payment_sessions PRIMARY',
  'UPDATE payment_sessions SET … WHERE hold_id = ? AND task = ?':
    'payment_sessions PRIMARY, payment_sessions payment_sessions_due',
  'UPDATE payment_sessions SET … WHERE hold_id = ? AND task = ? AND make_attempt = ?':
    'payment_sessions PRIMARY, payment_sessions payment_sessions_due',
  'UPDATE payment_sessions SET … WHERE hold_id IN (?)': 'payment_sessions PRIMARY',
  'UPDATE payment_sessions SET … WHERE task = ? AND provider = ? AND task_due_at <= NOW(?)':
    'payment_sessions payment_sessions_due',
  'UPDATE payments SET … WHERE id = ? AND refunds_due_at = ?': 'payments PRIMARY, payments payments_refunds_due',
  'UPDATE products SET … WHERE id IN (?)': 'products PRIMARY',
  'UPDATE refunds SET … WHERE id = ? AND status = ?': 'refunds PRIMARY, refunds refunds_status',
  'UPDATE sales SET … WHERE id = ?': 'sales PRIMARY',
  'UPDATE webhook_logs SET … WHERE id = ? AND status = ?': 'webhook_logs PRIMARY, webhook_logs webhook_logs_status',
};

const KEY = shopKey('HS256');
/** Which orders an operator wants is told by an inner statement, and what is told of them by what is around it. */
const ORDERS_FOUND: Readonly<Record<string, string>> = {
  'orders w WHERE w.id > ? AND w.id < ? ORDER BY w.id ASC': 'w PRIMARY',
  'orders w WHERE w.id > ? AND w.id < ? ORDER BY w.id DESC': 'w PRIMARY',
  'orders w WHERE w.id > ? AND w.id < ? AND w.id IN (?) ORDER BY w.id ASC': 'w PRIMARY',
  'orders w WHERE w.id > ? AND w.id < ? AND w.created_at >= ? AND w.created_at < ? ORDER BY w.id ASC': 'w PRIMARY',
  'orders w WHERE w.id > ? AND w.id < ? AND w.hold_id = ? ORDER BY w.id ASC': 'w orders_hold',
  'orders w WHERE w.id > ? AND w.id < ? AND w.reference = X? ORDER BY w.id ASC': 'w orders_reference',
  // Of a state that few orders are in, all of these; of others those of some thousand numbers.
  'orders w WHERE w.id > ? AND w.id < ? AND w.status = ? ORDER BY w.id ASC': 'w PRIMARY, w orders_due',
  // No index leads to them: each looks at some thousand numbers.
  'orders w WHERE w.id > ? AND w.id < ? AND w.sale_id = ? ORDER BY w.id DESC': 'w PRIMARY',
  'orders w STRAIGHT_JOIN holds v FORCE INDEX (PRIMARY) ON v.id = w.hold_id WHERE w.id > ? AND w.id < ? AND v.product_id = ? ORDER BY w.id ASC':
    'v PRIMARY, w PRIMARY',
  // Disputes are few: all of them are looked at.
  '(SELECT DISTINCT order_id FROM payments WHERE disputed_at IS NOT NULL AND order_id IS NOT NULL) d STRAIGHT_JOIN orders w ON w.id = d.order_id WHERE w.id > ? AND w.id < ? ORDER BY w.id ASC':
    'payments payments_disputed, w PRIMARY',
  'customer_holds c STRAIGHT_JOIN orders w ON w.hold_id = c.hold_id WHERE w.id > ? AND w.id < ? AND c.customer_id = ? ORDER BY w.id ASC':
    'c customer_holds_customer, w orders_hold',
};

for (const [found, indexes] of Object.entries(ORDERS_FOUND)) {
  const order = found.endsWith('ASC') ? 'ASC' : 'DESC';
  const shape = `SELECT … FROM (SELECT w.id FROM ${found} LIMIT ?) wanted STRAIGHT_JOIN orders o ON o.id = wanted.id STRAIGHT_JOIN holds h ON h.id = o.hold_id STRAIGHT_JOIN products p ON p.id = h.product_id LEFT JOIN payments y ON y.order_id = o.id AND y.transaction_id = o.paid_transaction_id ORDER BY o.id ${order}`;
  INDEXES[shape] = `${indexes}, o PRIMARY, h PRIMARY, p PRIMARY, y payments_order`;
}

let proxy: DatabaseProxy;
let api: StripeApi;
let service: Service;

beforeAll(async () => {
  proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
  api = await StripeApi.start();
  const stripe = { STRIPE_API_KEY: 'sk_test_key', STRIPE_API_BASE: api.url };
  const env = new KeyFile([KEY]).env('optional', { ...proxy.env, ...stripe, DB_STATEMENT_TIMEOUT_MS: '30000' });
  service = await startService(env);
  const { id } = await createProduct(service, { stock_total: ROWS });
  await execute('CREATE TABLE numbers (n INT PRIMARY KEY)');
  await execute(
    `INSERT INTO numbers WITH RECURSIVE thousand (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM thousand WHERE n < 1000)
       SELECT a.n + 1000 * (b.n - 1) FROM thousand a JOIN thousand b ON b.n <= ${ROWS / 1000}`,
  );
  for (const sql of FILL) await execute(sql, [id]);
  await query(`ANALYZE TABLE ${TABLES.join(', ')}`);
});

afterAll(async () => {
  await service.stop();
  await api.stop();
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
  await giveBack(service, (await createOrder(service)).hold_id);
  const due = await createOrder(service);
  await execute('UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 SECOND, due_at = payment_due_at WHERE id = ?', [
    due.order_id,
  ]);
  await service.app.get(Cancelling).findOverdueMs();
  await service.app.get(Cancelling).findOverdueMs('plain');
  await service.app.get(Cancelling).cancelDueOrders();
  const again = await createHold(service);
  await expireHolds(again.hold_id);
  await service.app.get(Releasing).findOverdueMs();
  await service.app.get(Releasing).releaseExpiredHolds(again.product_id);
  await service.app.get(ProductsService).restockProduct(actOfCli(), product.id, 1);
  const [one, other] = [await createSale(service), await createSale(service)];
  const sku = unique('sku');
  const inSale = await createProduct(service, { sku, sale_id: one.id });
  await service.app.get(SalesService).changeProduct(actOfCli(), inSale.id, { sale_id: other.id });
  const ofSale = await createHold(service, { product_id: inSale.id });
  taken(await extend(service, ofSale.hold_id), 200);
  taken(await actOnSale(service, other.id, 'pause'), 200);
  await service.app.get(SalesService).tellEdges();
  await sellToCustomer();
  await sellBySessions();
  await service.app.get(WebhooksService).reconcilePendingNotices([due.order_id]);
  await service.app.get(WebhooksService).reconcilePendingNotices();
  await service.app.get(WebhooksService).markUnmatched();
  const refund = (await refundsOf(paid.order_id)).at(-1)!;
  taken(await service.call('POST', `/api/admin/refunds/${refund.id}/mark-sent`, undefined, adminHeaders(service)), 200);
  const sent = { id: refund.id, orderId: paid.order_id, provider: 'generic', transactionId: refund.transaction_id };
  await service.app.get(RefundsRepository).findNumbersBeside(sent);
  const [returned, unpaid] = [await createPaidOrder(service), await createOrder(service)];
  const all = { quantity: null, amount: null, restock: true };
  await service.app.get(Returning).returnUnits(actOfCli(), returned.order_id, all);
  await service.app.get(Cancelling).cancelOrder(actOfCli(), unpaid.order_id);
  const unread = await service.app.get(PaymentsRepository).findUnread(['generic'], 20);
  const [payment = { id: 1, dueAt: '2026-01-01 00:00:00.000' } as UnreadPayment] = unread;
  await service.app.get(Transactions).run((tx) => service.app.get(PaymentsRepository).markRead(tx, payment));
  await service.app.get(PaymentsRepository).readLater(payment, 0);
  const short = await createOrder(service);
  await notify(service, noticeOf(short, { amount: '1.00', currency: 'EUR' }));
  const [event] = await query<{ id: number }>('SELECT MAX(id) AS id FROM webhook_logs');
  taken(await service.call('POST', `/api/admin/webhooks/${event!.id}/accept`, undefined, adminHeaders(service)), 200);
  await service.app.get(StockAuditService).auditStock(product.id);
  await service.app.get(HoldsService).findRowsToOrder([short.hold_id], new Set([short.hold_id]));
  await service.app.get(OrdersRepository).findRowsOfHolds([short.hold_id]);
  await service.app.get(OrdersRepository).findRows([short.order_id]);
  await service.app.get(HoldsRepository).findExpired({ productId: product.id, limit: 1 });
  await service.app.get(ProductsService).findLimitedSales([product.id]);
  await service.app.get(DeadlinesRepository).findProductsWithDue();
  for (const path of PAGES) await service.call('GET', path, undefined, adminHeaders(service));
  await execute('UPDATE orders SET payment_due_at = NOW(3) - INTERVAL 1 YEAR, due_at = payment_due_at WHERE id = ?', [
    due.order_id,
  ]);
  await expireHolds(back.hold_id);
  await execute('UPDATE holds SET expires_at = NOW(3) - INTERVAL 1 YEAR WHERE product_id = ? AND released = 1', [
    product.id,
  ]);
  await service.app.get(RetentionService).purge();
}

/** What is sent of orders whose sessions are made here, and of the outbox. */
async function sellBySessions(): Promise<void> {
  const outbox = service.app.get(SessionOutbox);
  const wish = { provider: 'stripe', kind: 'intent' };
  const [paid, ended, refused] = [await createHold(service), await createHold(service), await createHold(service)];
  for (const { hold_id } of [paid, ended])
    taken(await service.call('POST', '/api/orders', { hold_id, payment: wish }), 201);
  await outbox.work('make', () => Promise.resolve());
  api.fateOfAll = apiError(402, 'card_error', 'Not today');
  taken(await service.call('POST', '/api/orders', { hold_id: refused.hold_id, payment: wish }), 201);
  await outbox.work('make', () => Promise.resolve());
  taken(await service.call('POST', `/api/holds/${refused.hold_id}/payment`), 200);
  api.fateOfAll = 'hang up';
  for (let time = 0; time < 4; time++) {
    await outbox.work('make', () => Promise.resolve());
    await execute("UPDATE payment_sessions SET task_due_at = NOW(3) WHERE task = 'make'");
  }
  api.fateOfAll = undefined;
  await giveBack(service, ended.hold_id);
  const [intent] = api.intents;
  api.decline(intent!.id);
  api.pay(intent!.id);
  await api.deliverTo(service);
  await service.app.get(PaymentSessionsService).findDueTasks();
  await endBySessions(wish, outbox);
  await outbox.work('end', () => Promise.resolve());
}

/** What is sent at the deadlines of such orders: of one that nobody paid, and of one whose provider does not say. */
async function endBySessions(wish: object, outbox: SessionOutbox): Promise<void> {
  for (const fate of [undefined, 'hang up'] as const) {
    const { hold_id } = await createHold(service);
    const order = taken<Order>(await service.call('POST', '/api/orders', { hold_id, payment: wish }), 201);
    await outbox.work('make', () => Promise.resolve());
    await passDeadline(order.order_id);
    api.fateOfAll = fate;
    await service.app.get(Asking).askDue();
  }
  api.fateOfAll = undefined;
}

/** What is sent of a customer who is limited, whose money comes late, and who is forgotten. */
async function sellToCustomer(): Promise<void> {
  const sale = await createSale(service, { max_per_customer: 2 });
  const { id } = await createProduct(service, { max_per_customer: 2, sale_id: sale.id });
  const customer = unique('c');
  const buyer = bearer(await signedToken(KEY, { sub: customer }));
  const hold = () => createHold(service, { product_id: id, quantity: 2 }, buyer);
  await expireHolds((await hold()).hold_id);
  const { hold_id } = await hold();
  const order = taken<Order>(await service.call('POST', '/api/orders', { hold_id, reference: customer }, buyer), 201);
  await notify(service, noticeOf(order, { status: 'failed' }));
  expect((await notify(service, noticeOf(order))).body).toMatchObject({ order_status: 'paid' });
  taken(await service.call('DELETE', `/api/admin/customers/${customer}`, undefined, adminHeaders(service)), 204);
}

const isOfFilledTable = (statement: string): boolean =>
  /^(SELECT|UPDATE|DELETE)\b/.test(statement) &&
  new RegExp(`\\b(FROM|JOIN|UPDATE)\\s+\`?(${TABLES.join('|')})\\b`).test(statement);

/** What decides on the way in, so that equal ones count once: the tables and the conditions, without values and columns. */
function shapeOf(statement: string): string {
  return statement
    .replaceAll(/0x[0-9a-f]+|'(?:[^'\\]|\\.)*'|\b\d+\b/gi, '?')
    .replaceAll(/\(\?(?:,\s*\?)+\)/g, '(?)')
    .replaceAll('`', '')
    .replaceAll(/\s+/g, ' ')
    .replace(/^SELECT (?!COUNT).*? FROM /, 'SELECT … FROM ')
    .replace(/ SET .* WHERE /, ' SET … WHERE ')
    .trim();
}

interface PlanRow {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly rows: number | null;
  readonly Extra: string | null;
}

/** A row a table: the form that is no longer what MySQL answers unasked. */
function planOf(statement: string): Promise<PlanRow[]> {
  return query<PlanRow>(`EXPLAIN FORMAT=TRADITIONAL ${statement}`);
}

/** Tables, or whole indexes of them, that the server would read from end to end. */
function scansIn(plan: readonly PlanRow[]): string[] {
  return plan
    .filter(({ type, rows }) => (type === 'ALL' || type === 'index') && Number(rows) > ROWS / 10)
    .map(({ table, key }) => `${table} by ${key ?? 'no index'}`);
}

/** Which index leads to the rows of each table. Where a row is not there the planner knows so, and names no table. */
function indexesIn(plan: readonly PlanRow[]): string[] {
  return plan.flatMap(({ table, key }) => (table === null || table.startsWith('<') ? [] : `${table} ${key}`));
}

async function isOnMariaDb(): Promise<boolean> {
  const [row] = await query<{ version: string }>('SELECT VERSION() AS version');
  return row!.version.includes('MariaDB');
}

it('tells a statement that reads a table, or an index of it, from end to end', async () => {
  expect(scansIn(await planOf('SELECT * FROM holds WHERE qty = 3'))).toEqual(['holds by no index']);
  expect(scansIn(await planOf('SELECT SUM(used) FROM holds'))).toEqual(['holds by holds_product_open']);
});

it('reads every filled table by the index that is meant for it', async () => {
  proxy.queries = [];
  await sell();
  const statements = new Set(proxy.queries.flatMap((text) => text.split(';\n')).filter(isOfFilledTable));
  const shapes = new Set<string>();
  const [scans, sorts, others]: [string[], string[], string[]] = [[], [], []];
  for (const statement of statements) {
    const shape = shapeOf(statement);
    shapes.add(shape);
    const plan = await planOf(statement);
    scans.push(...scansIn(plan).map((scan) => `${scan}: ${shape}`));
    if (statement.startsWith('DELETE') && plan.some(({ Extra }) => Extra?.includes('filesort'))) sorts.push(shape);
    const meant = INDEXES[shape]?.split(', ') ?? [];
    others.push(...indexesIn(plan).flatMap((index) => (meant.includes(index) ? [] : `${index}: ${shape}`)));
  }
  expect(scans).toEqual([]);
  // What is deleted in steps is found in its order: a step that sorts reads, and locks, all that is due.
  expect(sorts).toEqual([]);
  expect([...shapes].sort()).toEqual(Object.keys(INDEXES).sort());
  // MySQL's planner has a mind of its own about which of two good ways it takes.
  if (await isOnMariaDb()) expect(others).toEqual([]);
});

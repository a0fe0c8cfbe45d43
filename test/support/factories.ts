import { randomUUID } from 'node:crypto';
import { execute, query } from './database.js';
import { type Answer, forgetProducts, type Service } from './service.js';

/** Things of the sale, made through the service's own calls; every name is unique. */

export interface Product {
  id: number;
  name: string;
  price: string;
  currency: string;
  sku: string | null;
  sale_id: number | null;
  stock_total: number;
  available_stock: number;
  max_per_customer: number | null;
  archived: boolean;
}

export interface Hold {
  hold_id: string;
  product_id: number;
  quantity: number;
  expires_at: string;
  status: string;
  sale_id: number | null;
  extensions_left: number;
}

export interface Order {
  order_id: number;
  payment_reference: string;
  hold_id: string;
  product_id: number;
  quantity: number;
  subtotal: string;
  amount: string;
  status: string;
  payment_due_at: string;
}

export interface Notice {
  order_id: number;
  status: 'success' | 'failed' | 'processing';
  transaction_id: string;
  [field: string]: unknown;
}

/** An id of a hold that nobody has. */
export const UNKNOWN_HOLD_ID = '019a0000-0000-7000-8000-000000000000';

/** A number that no product and no order has. */
export const UNKNOWN_ID = 999_999_999;

export function unique(prefix: string): string {
  return `${prefix}-${randomUUID()}`;
}

export function adminHeaders(service: Service): Record<string, string> {
  return { authorization: `Bearer ${service.config.adminToken}` };
}

export interface ApiKey {
  id: number;
  name: string;
  scopes: string[];
  key: string;
}

export async function createKey(service: Service, scopes: readonly string[] = ['read']): Promise<ApiKey> {
  const body = { name: unique('key'), scopes };
  return taken<ApiKey>(await service.call('POST', '/api/admin/keys', body, adminHeaders(service)), 201);
}

/** An address that nobody listens on, which is told of events. */
export async function createEndpoint(service: Service, url = 'http://127.0.0.1:9/hook'): Promise<{ id: number }> {
  const path = '/api/admin/webhook-endpoints';
  return taken(await service.call('POST', path, { url }, adminHeaders(service)), 201);
}

/** What of a key nobody may find again; its alphabet has the underscore that sets the parts apart, too. */
export const secretPart = ({ key }: Pick<ApiKey, 'key'>): string => key.split('_').slice(2).join('_');

/** Calls as who has this key. */
export function keyHeaders({ key }: Pick<ApiKey, 'key'>): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

export async function createProduct(service: Service, overrides: Partial<Product> = {}): Promise<Product> {
  const body = { name: unique('product'), price: '99.99', stock_total: 10, ...overrides };
  return taken<Product>(await service.call('POST', '/api/admin/products', body, adminHeaders(service)), 201);
}

export interface Sale {
  id: number;
  name: string;
  state: 'scheduled' | 'open' | 'paused' | 'ended';
  starts_at: string;
  ends_at: string | null;
  ended_at: string | null;
  paused_at: string | null;
  server_time: string;
  terms: Terms;
  products: Product[];
}

export interface Terms {
  hold_seconds: number;
  payment_seconds: number;
  hold_extensions: number;
  processing_seconds: number;
  show_stock: 'exact' | 'few' | 'none';
  max_per_customer: number | null;
  early: { group: string; starts_at: string }[];
}

/** A sale that is open from now on, unless the overrides say otherwise. */
export async function createSale(service: Service, overrides: Partial<Sale & Terms> = {}): Promise<Sale> {
  const body = { name: unique('sale'), ...overrides };
  return taken<Sale>(await service.call('POST', '/api/admin/sales', body, adminHeaders(service)), 201);
}

/** What an operator does to a sale: `pause`, `resume` or `end`. */
export function actOnSale(service: Service, id: number, action: 'pause' | 'resume' | 'end'): Promise<Answer> {
  return service.call('POST', `/api/admin/sales/${id}/${action}`, undefined, adminHeaders(service));
}

/** Moves the window of a sale as time would, on its own row and on those of its products. */
export async function moveSale(id: number, { startsIn, endsIn }: { startsIn: number; endsIn?: number }): Promise<void> {
  const end = endsIn === undefined ? 'NULL' : `NOW(3) + INTERVAL ${endsIn} SECOND`;
  await execute(`UPDATE sales SET starts_at = NOW(3) + INTERVAL ${startsIn} SECOND, ends_at = ${end} WHERE id = ?`, [
    id,
  ]);
  await execute(
    `UPDATE products p JOIN sales s ON s.id = p.sale_id
       SET p.on_sale_from = s.starts_at, p.on_sale_until = s.ends_at, p.stock_version = p.stock_version + 1 WHERE s.id = ?`,
    [id],
  );
  await forgetProductsOf(id);
}

/** Lets the early start of a group pass as time would, on the row of its sale and on those of its products. */
export async function beginEarly(saleId: number, index = 0): Promise<void> {
  const early = `JSON_SET(early, '$[${index}].starts_at', CAST(NOW(3) - INTERVAL 1 SECOND AS CHAR))`;
  await execute(`UPDATE sales SET early = ${early} WHERE id = ?`, [saleId]);
  await execute(`UPDATE products SET early = ${early}, stock_version = stock_version + 1 WHERE sale_id = ?`, [saleId]);
  await forgetProductsOf(saleId);
}

/** Has all services of the file look the products of a sale up again. */
async function forgetProductsOf(saleId: number): Promise<void> {
  const products = await query<{ id: number }>('SELECT id FROM products WHERE sale_id = ?', [saleId]);
  forgetProducts(products.map(({ id }) => id));
}

/** A time so many seconds from now, as the API takes it. */
export function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

export function requestHold(
  service: Service,
  productId: number,
  quantity = 1,
  headers?: Record<string, string>,
): Promise<Answer> {
  return service.call('POST', '/api/holds', { product_id: productId, quantity }, headers);
}

/** @param headers of a buyer with a token; nobody's without. */
export async function createHold(
  service: Service,
  overrides: { product_id?: number; quantity?: number } = {},
  headers?: Record<string, string>,
) {
  const productId = overrides.product_id ?? (await createProduct(service)).id;
  return taken<Hold>(await requestHold(service, productId, overrides.quantity, headers), 201);
}

/** Asks for more time for a hold. */
export function extend(service: Service, holdId: string, headers?: Record<string, string>): Promise<Answer> {
  return service.call('POST', `/api/holds/${holdId}/extend`, undefined, headers);
}

export function requestOrder(service: Service, holdId: string): Promise<Answer> {
  return service.call('POST', '/api/orders', { hold_id: holdId });
}

export async function createOrder(service: Service, overrides: Parameters<typeof createHold>[1] = {}): Promise<Order> {
  const { hold_id } = await createHold(service, overrides);
  return taken<Order>(await requestOrder(service, hold_id), 201);
}

export function noticeOf(order: Pick<Order, 'order_id'>, overrides: Partial<Notice> = {}): Notice {
  return { order_id: order.order_id, status: 'success', transaction_id: unique('txn'), ...overrides };
}

/** The key that the service gives a notice whose sender chose none. */
export function keyOf({ status, transaction_id }: Notice): string {
  return `${status} ${transaction_id}`;
}

export function notify(service: Service, notice: Notice, headers?: Record<string, string>): Promise<Answer> {
  return service.call('POST', '/api/payments/webhook', notice, headers);
}

export async function createPaidOrder(service: Service, overrides: Parameters<typeof createHold>[1] = {}) {
  const order = await createOrder(service, overrides);
  taken(await notify(service, noticeOf(order)), 200);
  return order;
}

export function giveBack(service: Service, holdId: string): Promise<Answer> {
  return service.call('DELETE', `/api/holds/${holdId}`);
}

/** Moves the end of holds into the past, as time would. */
export async function expireHolds(...holdIds: string[]): Promise<void> {
  for (const id of holdIds) {
    await execute('UPDATE holds SET expires_at = NOW(3) - INTERVAL 1 SECOND WHERE id = UNHEX(?)', [hex(id)]);
  }
}

/** Moves the payment deadline of orders into the past, as time would; what keeps one longer goes on keeping it. */
export async function passDeadline(...orderIds: number[]): Promise<void> {
  await execute(
    `UPDATE orders SET due_at = IF(due_at > payment_due_at, due_at, NOW(3) - INTERVAL 1 SECOND),
       payment_due_at = NOW(3) - INTERVAL 1 SECOND WHERE id IN (?)`,
    [orderIds],
  );
}

export interface StockRow {
  stock_total: number;
  stock_held: number;
  stock_sold: number;
  available: number;
}

/** The counters of a product as the database has them. */
export async function stockOf(productId: number): Promise<StockRow> {
  const [row] = await query<Omit<StockRow, 'available'>>(
    'SELECT stock_total, stock_held, stock_sold FROM products WHERE id = ?',
    [productId],
  );
  return { ...row!, available: row!.stock_total - row!.stock_held - row!.stock_sold };
}

export async function orderOf(holdId: string): Promise<{ id: number; status: string; cancel_reason: string | null }[]> {
  return query('SELECT id, status, cancel_reason FROM orders WHERE hold_id = UNHEX(?)', [hex(holdId)]);
}

export interface Refund {
  id: number;
  transaction_id: string;
  status: string;
  amount: string;
  currency: string;
}

/** The refunds of an order, oldest first. */
export async function refundsOf(orderId: number): Promise<Refund[]> {
  return query('SELECT id, transaction_id, status, amount, currency FROM refunds WHERE order_id = ? ORDER BY id', [
    orderId,
  ]);
}

export function hex(holdId: string): string {
  return holdId.replaceAll('-', '');
}

/** The body of an answer that must have this status. */
export function taken<T>(answer: Answer, status: number): T {
  if (answer.status !== status) throw new Error(`Expected ${status}, got ${answer.status}: ${answer.text}`);
  return answer.body as T;
}

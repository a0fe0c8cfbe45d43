import { beforeAll, describe, expect, it } from '@jest/globals';
import { type ProblemCode, PROBLEMS } from '../../src/common/problem.js';
import { bearer, KeyFile, shopKey, signedToken } from '../support/buyers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { execute, lockingReads, query, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  createEndpoint,
  createHold,
  createKey,
  createOrder,
  createPaidOrder,
  createProduct,
  createSale,
  expireHolds,
  hex,
  inSeconds,
  keyOf,
  noticeOf,
  notify,
  taken,
  unique,
  UNKNOWN_HOLD_ID,
  UNKNOWN_ID,
} from '../support/factories.js';
import { createRefund, createReview, eventIdOf, stripeEvent } from '../support/payments.js';
import {
  type ApiDocument,
  codesOf,
  type Operation as DocumentedOperation,
  operationsOf,
  schemaChecker,
} from '../support/openapi.js';
import { startPatientService } from '../support/patient-service.js';
import { type Answer, type Service, startService } from '../support/service.js';

/**
 * The HTTP contract as one table: every operation with what makes it succeed and what makes it refuse. The
 * table and GET /docs/json must list the same operations, statuses and codes.
 */
interface Call {
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

type Scenario = (service: Service) => Promise<Call> | Call;

interface Operation {
  readonly successes: Record<number, Scenario>;
  /** The refusals of this operation alone; those that all share are tried with its first success. */
  readonly refusals: Partial<Record<ProblemCode, Scenario>>;
}

const admin = adminHeaders;
const newProduct = () => ({ name: unique('product'), price: '9.99', stock_total: 5 });

/** A call to /api/admin by who knows the token; it needs none of the service that answers. */
const toAdmin = (path: string, body?: unknown): Call => ({
  path: `/api/admin/${path}`,
  ...(body !== undefined && { body }),
  headers: { authorization: `Bearer ${process.env.ADMIN_TOKEN}` },
});

/** An order of a new hold that the shop was paid for. */
async function orderPaid(service: Service, paid: { transaction_id: string; amount?: string }): Promise<Call> {
  const { hold_id } = await createHold(service);
  return {
    path: '/api/orders',
    body: { hold_id, paid: { amount: '99.99', currency: 'EUR', ...paid } },
    headers: admin(service),
  };
}

const toSku = (sku: string, body?: unknown): Call => toAdmin(`products/by-sku/${sku}`, body);

function adminList(path: string): Operation {
  return {
    successes: { 200: (service) => ({ path: `${path}?limit=2`, headers: admin(service) }) },
    refusals: {
      VALIDATION_FAILED: (service) => ({ path: `${path}?status=lost`, headers: admin(service) }),
      UNAUTHORIZED: () => ({ path }),
    },
  };
}

/** A hold of a product whose sale does not let it. */
async function holdInSale(service: Service, window: { starts_at?: string }, action?: 'pause' | 'end'): Promise<Call> {
  const sale = await createSale(service, window);
  const { id } = await createProduct(service, { sale_id: sale.id });
  if (action !== undefined) await actOnSale(service, sale.id, action);
  return { path: '/api/holds', body: { product_id: id, quantity: 1 } };
}

const handMade = (product_id: number, overrides: object = {}): Call =>
  toAdmin('holds', { product_id, quantity: 1, expires_at: inSeconds(600), ...overrides });

const productOf = ({ body }: Call): number => (body as { product_id: number }).product_id;

/** `pause`, `resume` or `end`; only the last of them can still be said of a sale that has ended. */
function saleAction(action: 'pause' | 'resume' | 'end'): Operation {
  return {
    successes: { 200: async (service) => toAdmin(`sales/${(await createSale(service)).id}/${action}`) },
    refusals: {
      ...refusalsOfNumber((id) => `sales/${id}/${action}`),
      SALE_NOT_FOUND: () => toAdmin(`sales/${UNKNOWN_ID}/${action}`),
      ...(action !== 'end' && {
        SALE_ENDED: async (service: Service) => {
          const { id } = await createSale(service);
          await actOnSale(service, id, 'end');
          return toAdmin(`sales/${id}/${action}`);
        },
      }),
    },
  };
}

function refusalsOfNumber(pathOf: (id: string) => string, body?: unknown): Operation['refusals'] {
  return {
    VALIDATION_FAILED: () => toAdmin(pathOf('x'), body),
    UNAUTHORIZED: () => ({ ...toAdmin(pathOf('1'), body), headers: {} }),
  };
}

/** A call about one endpoint. */
function ofEndpoint(rest: string, status: number, body?: unknown): Operation {
  return {
    successes: {
      [status]: async (service: Service) =>
        toAdmin(`webhook-endpoints/${(await createEndpoint(service)).id}${rest}`, body),
    },
    refusals: {
      ...refusalsOfNumber((id) => `webhook-endpoints/${id}${rest}`, body),
      ENDPOINT_NOT_FOUND: () => toAdmin(`webhook-endpoints/${UNKNOWN_ID}${rest}`, body),
    },
  };
}

/** `before`: a transition after which this one is not possible any more. */
function refundTransition(name: string, before?: string, body?: unknown): Operation {
  return {
    successes: { 200: async (service) => toAdmin(`refunds/${await createRefund(service)}/${name}`, body) },
    refusals: {
      ...refusalsOfNumber((id) => `refunds/${id}/${name}`, body),
      REFUND_NOT_FOUND: () => toAdmin(`refunds/${UNKNOWN_ID}/${name}`, body),
      ...(before !== undefined && {
        REFUND_STATUS_CONFLICT: async (service: Service) => {
          const id = await createRefund(service);
          await service.call('POST', `/api/admin/refunds/${id}/${before}`, undefined, admin(service));
          return toAdmin(`refunds/${id}/${name}`, body);
        },
      }),
    },
  };
}

const OPERATIONS: Record<string, Operation> = {
  'GET /api/products': {
    successes: { 200: () => ({ path: '/api/products?limit=2' }) },
    refusals: { VALIDATION_FAILED: () => ({ path: '/api/products?limit=0' }) },
  },
  'GET /api/products/{id}': {
    successes: { 200: async (service) => ({ path: `/api/products/${(await createProduct(service)).id}` }) },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/products/x' }),
      PRODUCT_NOT_FOUND: () => ({ path: `/api/products/${UNKNOWN_ID}` }),
    },
  },
  'GET /api/products/{id}/live': {
    successes: { 200: async (service) => ({ path: `/api/products/${(await createProduct(service)).id}/live` }) },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/products/x/live' }),
      PRODUCT_NOT_FOUND: () => ({ path: `/api/products/${UNKNOWN_ID}/live` }),
    },
  },
  'GET /api/sales/{id}/live': {
    successes: { 200: async (service) => ({ path: `/api/sales/${(await createSale(service)).id}/live` }) },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/sales/x/live' }),
      SALE_NOT_FOUND: () => ({ path: `/api/sales/${UNKNOWN_ID}/live` }),
    },
  },
  'GET /api/sales': {
    successes: { 200: () => ({ path: '/api/sales?limit=2' }) },
    refusals: { VALIDATION_FAILED: () => ({ path: '/api/sales?limit=0' }) },
  },
  'GET /api/sales/{id}': {
    successes: { 200: async (service) => ({ path: `/api/sales/${(await createSale(service)).id}` }) },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/sales/x' }),
      SALE_NOT_FOUND: () => ({ path: `/api/sales/${UNKNOWN_ID}` }),
    },
  },
  'POST /api/admin/sales': {
    successes: { 201: () => toAdmin('sales', { name: unique('sale') }) },
    refusals: {
      VALIDATION_FAILED: () => toAdmin('sales', { name: 'x', starts_at: '2026-11-27T12:00:00' }),
      UNAUTHORIZED: () => ({ path: '/api/admin/sales', body: { name: 'x' } }),
      IDEMPOTENCY_KEY_REUSED: async (service) => {
        const headers = { ...admin(service), 'idempotency-key': unique('key') };
        await service.call('POST', '/api/admin/sales', { name: unique('sale') }, headers);
        return { path: '/api/admin/sales', body: { name: unique('sale') }, headers };
      },
    },
  },
  'GET /api/admin/sales': {
    successes: { 200: () => toAdmin('sales?limit=2') },
    refusals: {
      VALIDATION_FAILED: () => toAdmin('sales?limit=0'),
      UNAUTHORIZED: () => ({ path: '/api/admin/sales' }),
    },
  },
  'GET /api/admin/sales/{id}': {
    successes: { 200: async (service) => toAdmin(`sales/${(await createSale(service)).id}`) },
    refusals: {
      ...refusalsOfNumber((id) => `sales/${id}`),
      SALE_NOT_FOUND: () => toAdmin(`sales/${UNKNOWN_ID}`),
    },
  },
  'PATCH /api/admin/sales/{id}': {
    successes: { 200: async (service) => toAdmin(`sales/${(await createSale(service)).id}`, { name: unique('sale') }) },
    refusals: {
      ...refusalsOfNumber((id) => `sales/${id}`, { name: 'x' }),
      SALE_NOT_FOUND: () => toAdmin(`sales/${UNKNOWN_ID}`, { name: 'x' }),
      SALE_STARTED: async (service) =>
        toAdmin(`sales/${(await createSale(service)).id}`, { starts_at: inSeconds(3600) }),
      SALE_ENDED: async (service) => {
        const { id } = await createSale(service);
        await actOnSale(service, id, 'end');
        return toAdmin(`sales/${id}`, { ends_at: inSeconds(3600) });
      },
      PRECONDITION_FAILED: async (service) => {
        const call = toAdmin(`sales/${(await createSale(service)).id}`, { name: 'x' });
        return { ...call, headers: { ...call.headers, 'if-match': '"another"' } };
      },
    },
  },
  'POST /api/admin/sales/{id}/pause': saleAction('pause'),
  'POST /api/admin/sales/{id}/resume': saleAction('resume'),
  'POST /api/admin/sales/{id}/end': saleAction('end'),
  'POST /api/holds': {
    successes: {
      201: async (service) => ({
        path: '/api/holds',
        body: { product_id: (await createProduct(service)).id, quantity: 1 },
      }),
    },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/holds', body: { product_id: 1, quantity: 0 } }),
      PRODUCT_NOT_FOUND: () => ({ path: '/api/holds', body: { product_id: UNKNOWN_ID, quantity: 1 } }),
      PRODUCT_NOT_ON_SALE: async (service) => {
        const { id } = await createProduct(service);
        await service.call('PATCH', `/api/admin/products/${id}`, { archived: true }, admin(service));
        return { path: '/api/holds', body: { product_id: id, quantity: 1 } };
      },
      SALE_NOT_STARTED: (service) => holdInSale(service, { starts_at: inSeconds(3600) }),
      SALE_PAUSED: (service) => holdInSale(service, {}, 'pause'),
      SALE_ENDED: (service) => holdInSale(service, {}, 'end'),
      INSUFFICIENT_STOCK: async (service) => ({
        path: '/api/holds',
        body: { product_id: (await createProduct(service, { stock_total: 1 })).id, quantity: 2 },
      }),
      IDEMPOTENCY_KEY_REUSED: async (service) => {
        const product = await createProduct(service);
        const headers = { 'idempotency-key': unique('key') };
        const call = (quantity: number) => ({
          path: '/api/holds',
          body: { product_id: product.id, quantity },
          headers,
        });
        await service.call('POST', '/api/holds', call(1).body, headers);
        return call(2);
      },
    },
  },
  'GET /api/holds/{hold_id}': {
    successes: { 200: async (service) => ({ path: `/api/holds/${(await createOrder(service)).hold_id}` }) },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/holds/x' }),
      HOLD_NOT_FOUND: () => ({ path: `/api/holds/${UNKNOWN_HOLD_ID}` }),
    },
  },
  'POST /api/holds/{hold_id}/payment': {
    successes: {
      200: async (service) => {
        const withPayments = await startService({
          STRIPE_API_KEY: 'sk_test_key',
          STRIPE_API_BASE: 'http://127.0.0.1:9',
        });
        const { hold_id } = await createHold(service);
        const body = { hold_id, payment: { provider: 'stripe', kind: 'intent' } };
        taken(await withPayments.call('POST', '/api/orders', body), 201);
        await withPayments.stop();
        return { path: `/api/holds/${hold_id}/payment` };
      },
    },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/holds/x/payment' }),
      HOLD_NOT_FOUND: () => ({ path: `/api/holds/${UNKNOWN_HOLD_ID}/payment` }),
      PAYMENT_NOT_POSSIBLE: async (service) => ({ path: `/api/holds/${(await createOrder(service)).hold_id}/payment` }),
    },
  },
  'POST /api/holds/{hold_id}/extend': {
    successes: { 200: async (service) => ({ path: `/api/holds/${(await createHold(service)).hold_id}/extend` }) },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/holds/x/extend' }),
      HOLD_NOT_FOUND: () => ({ path: `/api/holds/${UNKNOWN_HOLD_ID}/extend` }),
      HOLD_NOT_EXTENDABLE: async (service) => ({ path: `/api/holds/${(await createOrder(service)).hold_id}/extend` }),
      IDEMPOTENCY_KEY_REUSED: async (service) => {
        const headers = { 'idempotency-key': unique('key') };
        await service.call('POST', `/api/holds/${(await createHold(service)).hold_id}/extend`, undefined, headers);
        return { path: `/api/holds/${(await createHold(service)).hold_id}/extend`, headers };
      },
    },
  },
  'DELETE /api/holds/{hold_id}': {
    successes: { 204: async (service) => ({ path: `/api/holds/${(await createHold(service)).hold_id}` }) },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/holds/x' }),
      HOLD_NOT_FOUND: () => ({ path: `/api/holds/${UNKNOWN_HOLD_ID}` }),
      ORDER_ALREADY_PAID: async (service) => ({ path: `/api/holds/${(await createPaidOrder(service)).hold_id}` }),
    },
  },
  'POST /api/orders': {
    successes: {
      201: async (service) => ({ path: '/api/orders', body: { hold_id: (await createHold(service)).hold_id } }),
    },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/orders', body: { hold_id: 'x' } }),
      HOLD_NOT_FOUND: () => ({ path: '/api/orders', body: { hold_id: UNKNOWN_HOLD_ID } }),
      HOLD_ALREADY_USED: async (service) => ({
        path: '/api/orders',
        body: { hold_id: (await createOrder(service)).hold_id },
      }),
      HOLD_EXPIRED: async (service) => {
        const { hold_id } = await createHold(service);
        await expireHolds(hold_id);
        return { path: '/api/orders', body: { hold_id } };
      },
      IDEMPOTENCY_KEY_REUSED: async (service) => {
        const headers = { 'idempotency-key': unique('key') };
        await service.call('POST', '/api/orders', { hold_id: (await createHold(service)).hold_id }, headers);
        return { path: '/api/orders', body: { hold_id: (await createHold(service)).hold_id }, headers };
      },
      ADJUSTMENTS_NOT_TRUSTED: async (service) => ({
        path: '/api/orders',
        body: {
          hold_id: (await createHold(service)).hold_id,
          adjustments: [{ kind: 'tax', label: 'VAT', amount: '1.00' }],
        },
      }),
      AMOUNT_MISMATCH: async (service) => orderPaid(service, { transaction_id: unique('till'), amount: '0.01' }),
      PAYMENT_ALREADY_USED: async (service) => {
        const { transaction_id } = noticeOf({ order_id: 1 });
        const { path, body, headers } = await orderPaid(service, { transaction_id });
        taken(await service.call('POST', path, body, headers), 201);
        return orderPaid(service, { transaction_id });
      },
    },
  },
  'POST /api/payments/webhook': {
    successes: {
      200: async (service) => ({ path: '/api/payments/webhook', body: noticeOf(await createOrder(service)) }),
      202: () => ({ path: '/api/payments/webhook', body: noticeOf({ order_id: UNKNOWN_ID }) }),
    },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/payments/webhook', body: { order_id: 1 } }),
      IDEMPOTENCY_KEY_REUSED: async (service) => {
        const notice = noticeOf(await createOrder(service), { idempotency_key: unique('key') });
        await notify(service, notice);
        return { path: '/api/payments/webhook', body: { ...notice, status: 'failed' } };
      },
    },
  },
  'POST /api/payments/webhook/{provider}': {
    successes: {
      200: async (service) => ({
        path: '/api/payments/webhook/stripe',
        body: stripeEvent('payment_intent.succeeded', await createOrder(service)),
      }),
    },
    refusals: {
      VALIDATION_FAILED: () => ({ path: '/api/payments/webhook/stripe', body: '{' }),
      PROVIDER_NOT_FOUND: () => ({ path: '/api/payments/webhook/nobody', body: {} }),
      IDEMPOTENCY_KEY_REUSED: async (service) => {
        const event = stripeEvent('payment_intent.succeeded', await createOrder(service));
        await service.call('POST', '/api/payments/webhook/stripe', event);
        return { path: '/api/payments/webhook/stripe', body: { ...event, type: 'payment_intent.payment_failed' } };
      },
    },
  },
  'GET /api/admin/webhooks': adminList('/api/admin/webhooks'),
  'POST /api/admin/webhooks/{id}/replay': {
    successes: {
      200: async (service) => toAdmin(`webhooks/${await createReview(service, await createOrder(service))}/replay`),
    },
    refusals: {
      ...refusalsOfNumber((id) => `webhooks/${id}/replay`),
      PAYMENT_EVENT_NOT_FOUND: () => toAdmin(`webhooks/${UNKNOWN_ID}/replay`),
    },
  },
  'POST /api/admin/webhooks/{id}/refund': {
    successes: {
      200: async (service) => toAdmin(`webhooks/${await createReview(service, await createOrder(service))}/refund`),
    },
    refusals: {
      ...refusalsOfNumber((id) => `webhooks/${id}/refund`),
      PAYMENT_EVENT_NOT_FOUND: () => toAdmin(`webhooks/${UNKNOWN_ID}/refund`),
      PAYMENT_EVENT_NOT_OWED: async (service) => {
        const notice = noticeOf({ order_id: UNKNOWN_ID }, { status: 'failed' });
        await notify(service, notice);
        return toAdmin(`webhooks/${await eventIdOf(service, keyOf(notice))}/refund`);
      },
    },
  },
  'POST /api/admin/webhooks/{id}/accept': {
    successes: {
      200: async (service) => toAdmin(`webhooks/${await createReview(service, await createOrder(service))}/accept`),
    },
    refusals: {
      ...refusalsOfNumber((id) => `webhooks/${id}/accept`),
      PAYMENT_EVENT_NOT_FOUND: () => toAdmin(`webhooks/${UNKNOWN_ID}/accept`),
      PAYMENT_EVENT_NOT_ACCEPTABLE: async (service) => {
        const notice = noticeOf(await createOrder(service), { currency: 'USD' });
        await notify(service, notice);
        return toAdmin(`webhooks/${await eventIdOf(service, keyOf(notice))}/accept`);
      },
    },
  },
  'GET /api/admin/orders': {
    ...adminList('/api/admin/orders'),
    refusals: {
      ...adminList('/api/admin/orders').refusals,
      PRODUCT_NOT_FOUND: () => toAdmin(`orders?sku=${unique('nobody')}`),
    },
  },
  'GET /api/admin/orders/{id}': {
    successes: { 200: async (service) => toAdmin(`orders/${(await createPaidOrder(service)).order_id}`) },
    refusals: {
      ...refusalsOfNumber((id) => `orders/${id}`),
      ORDER_NOT_FOUND: () => toAdmin(`orders/${UNKNOWN_ID}`),
    },
  },
  'POST /api/admin/orders/{id}/cancel': {
    successes: { 200: async (service) => toAdmin(`orders/${(await createOrder(service)).order_id}/cancel`) },
    refusals: {
      ...refusalsOfNumber((id) => `orders/${id}/cancel`),
      ORDER_NOT_FOUND: () => toAdmin(`orders/${UNKNOWN_ID}/cancel`),
      ORDER_ALREADY_PAID: async (service) => toAdmin(`orders/${(await createPaidOrder(service)).order_id}/cancel`),
    },
  },
  'POST /api/admin/orders/{id}/return': {
    successes: {
      200: async (service) => toAdmin(`orders/${(await createPaidOrder(service)).order_id}/return`, { restock: true }),
    },
    refusals: {
      ...refusalsOfNumber((id) => `orders/${id}/return`, { restock: true }),
      ORDER_NOT_FOUND: () => toAdmin(`orders/${UNKNOWN_ID}/return`, { restock: true }),
      ORDER_NOT_PAID: async (service) =>
        toAdmin(`orders/${(await createOrder(service)).order_id}/return`, { restock: true }),
      NOTHING_TO_RETURN: async (service) => {
        const call = toAdmin(`orders/${(await createPaidOrder(service)).order_id}/return`, { restock: true });
        await service.call('POST', call.path, call.body, call.headers);
        return call;
      },
      QUANTITY_NOT_RETURNABLE: async (service) =>
        toAdmin(`orders/${(await createPaidOrder(service)).order_id}/return`, { quantity: 2, restock: true }),
      IDEMPOTENCY_KEY_REUSED: async (service) => {
        const call = toAdmin(`orders/${(await createPaidOrder(service)).order_id}/return`, { restock: true });
        const headers = { ...call.headers, 'idempotency-key': unique('return') };
        await service.call('POST', call.path, call.body, headers);
        return { ...call, body: { restock: false }, headers };
      },
    },
  },
  'DELETE /api/admin/customers/{customer_id}': {
    successes: { 204: () => toAdmin(`customers/${unique('c')}`) },
    refusals: {
      VALIDATION_FAILED: () => toAdmin('customers/Ann%20Smith'),
      UNAUTHORIZED: () => ({ path: '/api/admin/customers/c_42' }),
      CUSTOMER_IS_ACTIVE: async (service) => {
        const customer = unique('c');
        const { product_id, ...hold } = handMade((await createProduct(service)).id).body as { product_id: number };
        const call = toAdmin('holds', { ...hold, product_id, customer_id: customer });
        taken(await service.call('POST', call.path, call.body, call.headers), 201);
        return toAdmin(`customers/${customer}`);
      },
    },
  },
  'GET /api/admin/refunds': adminList('/api/admin/refunds'),
  'POST /api/admin/refunds/{id}/send': {
    successes: {
      200: async (service) => {
        const id = await createRefund(service);
        await service.call('POST', `/api/admin/refunds/${id}/mark-sent`, undefined, admin(service));
        return toAdmin(`refunds/${id}/send`);
      },
    },
    refusals: {
      ...refundTransition('send', 'confirm').refusals,
      REFUND_NOT_SENDABLE: async (service) => toAdmin(`refunds/${await createRefund(service)}/send`),
    },
  },
  'POST /api/admin/refunds/{id}/mark-sent': refundTransition('mark-sent', 'confirm'),
  'POST /api/admin/refunds/{id}/confirm': refundTransition('confirm'),
  'POST /api/admin/refunds/{id}/fail': refundTransition('fail', undefined, { reason: 'The account is closed' }),
  'POST /api/admin/products': {
    successes: { 201: (service) => ({ path: '/api/admin/products', body: newProduct(), headers: admin(service) }) },
    refusals: {
      VALIDATION_FAILED: (service) => ({ path: '/api/admin/products', body: {}, headers: admin(service) }),
      UNAUTHORIZED: () => ({ path: '/api/admin/products', body: newProduct() }),
      SALE_NOT_FOUND: () => toAdmin('products', { ...newProduct(), sale_id: UNKNOWN_ID }),
      SKU_TAKEN: async (service) => {
        const { sku } = await createProduct(service, { sku: unique('sku') });
        return toAdmin('products', { ...newProduct(), sku });
      },
      IDEMPOTENCY_KEY_REUSED: async (service) => {
        const headers = { ...admin(service), 'idempotency-key': unique('key') };
        await service.call('POST', '/api/admin/products', newProduct(), headers);
        return { path: '/api/admin/products', body: newProduct(), headers };
      },
    },
  },
  'GET /api/admin/products/{id}': {
    successes: { 200: async (service) => toAdmin(`products/${(await createProduct(service)).id}`) },
    refusals: {
      ...refusalsOfNumber((id) => `products/${id}`),
      PRODUCT_NOT_FOUND: () => toAdmin(`products/${UNKNOWN_ID}`),
    },
  },
  'POST /api/admin/products/{id}/restock': {
    successes: {
      200: async (service) => toAdmin(`products/${(await createProduct(service)).id}/restock`, { units: 5 }),
    },
    refusals: {
      ...refusalsOfNumber((id) => `products/${id}/restock`, { units: 5 }),
      PRODUCT_NOT_FOUND: () => toAdmin(`products/${UNKNOWN_ID}/restock`, { units: 5 }),
      STOCK_BELOW_COMMITTED: async (service) => {
        const { product_id } = await createHold(service, { quantity: 2 });
        return toAdmin(`products/${product_id}/restock`, { units: -9 });
      },
      IDEMPOTENCY_KEY_REUSED: async (service) => {
        const { id } = await createProduct(service);
        const headers = { ...admin(service), 'idempotency-key': unique('key') };
        await service.call('POST', `/api/admin/products/${id}/restock`, { units: 5 }, headers);
        return { path: `/api/admin/products/${id}/restock`, body: { units: 6 }, headers };
      },
    },
  },
  'GET /api/admin/products/by-sku/{sku}': {
    successes: {
      200: async (service) => toSku((await createProduct(service, { sku: unique('sku') })).sku!),
    },
    refusals: {
      VALIDATION_FAILED: () => toSku('x'.repeat(65)),
      UNAUTHORIZED: () => ({ ...toSku('a'), headers: {} }),
      PRODUCT_NOT_FOUND: () => toSku(unique('sku')),
    },
  },
  'PUT /api/admin/products/by-sku/{sku}': {
    successes: {
      200: async (service) => toSku((await createProduct(service, { sku: unique('sku') })).sku!, newProduct()),
      201: () => toSku(unique('sku'), newProduct()),
    },
    refusals: {
      VALIDATION_FAILED: () => toSku(unique('sku'), {}),
      UNAUTHORIZED: () => ({ ...toSku(unique('sku'), newProduct()), headers: {} }),
      SALE_NOT_FOUND: () => toSku(unique('sku'), { ...newProduct(), sale_id: UNKNOWN_ID }),
      PRECONDITION_FAILED: (service) => ({
        ...toSku(unique('sku'), newProduct()),
        headers: { ...admin(service), 'if-match': '*' },
      }),
      STOCK_BELOW_COMMITTED: async (service) => {
        const { id, sku } = await createProduct(service, { sku: unique('sku') });
        await createHold(service, { product_id: id, quantity: 2 });
        return toSku(sku!, { ...newProduct(), stock_total: 1 });
      },
    },
  },
  'PATCH /api/admin/products/{id}': {
    successes: {
      200: async (service) => ({
        path: `/api/admin/products/${(await createProduct(service)).id}`,
        body: { stock_total: 20 },
        headers: admin(service),
      }),
    },
    refusals: {
      VALIDATION_FAILED: (service) => ({ path: '/api/admin/products/1', body: {}, headers: admin(service) }),
      UNAUTHORIZED: () => ({ path: '/api/admin/products/1', body: { stock_total: 20 } }),
      PRODUCT_NOT_FOUND: (service) => ({
        path: `/api/admin/products/${UNKNOWN_ID}`,
        body: { stock_total: 20 },
        headers: admin(service),
      }),
      SALE_NOT_FOUND: async (service) =>
        toAdmin(`products/${(await createProduct(service)).id}`, { sale_id: UNKNOWN_ID }),
      SKU_TAKEN: async (service) => {
        const { sku } = await createProduct(service, { sku: unique('sku') });
        return toAdmin(`products/${(await createProduct(service)).id}`, { sku });
      },
      PRECONDITION_FAILED: async (service) => ({
        path: `/api/admin/products/${(await createProduct(service)).id}`,
        body: { stock_total: 20 },
        headers: { ...admin(service), 'if-match': '"another"' },
      }),
      STOCK_BELOW_COMMITTED: async (service) => {
        const { product_id } = await createHold(service, { quantity: 2 });
        return { path: `/api/admin/products/${product_id}`, body: { stock_total: 1 }, headers: admin(service) };
      },
    },
  },
  'POST /api/admin/holds': {
    successes: { 201: async (service) => handMade((await createProduct(service)).id) },
    refusals: {
      VALIDATION_FAILED: async (service) => handMade((await createProduct(service)).id, { expires_at: inSeconds(-1) }),
      UNAUTHORIZED: () => ({ ...handMade(UNKNOWN_ID), headers: {} }),
      PRODUCT_NOT_FOUND: () => handMade(UNKNOWN_ID),
      PRODUCT_NOT_ON_SALE: async (service) => handMade((await createProduct(service, { archived: true })).id),
      SALE_NOT_STARTED: async (service) =>
        handMade(productOf(await holdInSale(service, { starts_at: inSeconds(600) }))),
      SALE_PAUSED: async (service) => handMade(productOf(await holdInSale(service, {}, 'pause'))),
      SALE_ENDED: async (service) => handMade(productOf(await holdInSale(service, {}, 'end'))),
      INSUFFICIENT_STOCK: async (service) => handMade((await createProduct(service)).id, { quantity: 11 }),
      IDEMPOTENCY_KEY_REUSED: async (service) => {
        const call = handMade((await createProduct(service)).id);
        const keyed = { ...call, headers: { ...call.headers, 'idempotency-key': unique('key') } };
        await service.call('POST', call.path, call.body, keyed.headers);
        return { ...keyed, body: { ...(call.body as object), quantity: 2 } };
      },
    },
  },
  'GET /api/admin/keys': adminList('/api/admin/keys'),
  'POST /api/admin/keys': {
    successes: { 201: () => toAdmin('keys', { name: 'contract', scopes: ['read'] }) },
    refusals: {
      VALIDATION_FAILED: () => toAdmin('keys', { name: 'contract', scopes: ['all'] }),
      UNAUTHORIZED: () => ({ ...toAdmin('keys', { name: 'contract', scopes: ['read'] }), headers: {} }),
    },
  },
  'DELETE /api/admin/keys/{id}': {
    successes: { 204: async (service) => toAdmin(`keys/${(await createKey(service)).id}`) },
    refusals: {
      ...refusalsOfNumber((id) => `keys/${id}`),
      KEY_NOT_FOUND: () => toAdmin(`keys/${UNKNOWN_ID}`),
    },
  },
  'GET /api/admin/webhook-endpoints': adminList('/api/admin/webhook-endpoints'),
  'POST /api/admin/webhook-endpoints': {
    successes: { 201: () => toAdmin('webhook-endpoints', { url: 'http://127.0.0.1:9/hook' }) },
    refusals: {
      VALIDATION_FAILED: () => toAdmin('webhook-endpoints', { url: 'no address' }),
      UNAUTHORIZED: () => ({ ...toAdmin('webhook-endpoints', { url: 'http://127.0.0.1:9/hook' }), headers: {} }),
    },
  },
  'PATCH /api/admin/webhook-endpoints/{id}': ofEndpoint('', 200, { disabled: true }),
  'DELETE /api/admin/webhook-endpoints/{id}': ofEndpoint('', 204),
  'POST /api/admin/webhook-endpoints/{id}/rotate': ofEndpoint('/rotate', 200),
  'GET /api/admin/webhook-endpoints/{id}/deliveries': ofEndpoint('/deliveries', 200),
  'POST /api/admin/webhook-endpoints/{id}/deliveries/{delivery_id}/redeliver': {
    successes: {
      200: async (service) => {
        const { id } = await createEndpoint(service);
        await execute(
          `INSERT INTO webhook_deliveries (endpoint_id, sequence, status, attempts) VALUES (?, 1, 'failed', 10)`,
          [id],
        );
        const [delivery] = await query<{ id: number }>('SELECT MAX(id) AS id FROM webhook_deliveries');
        return toAdmin(`webhook-endpoints/${id}/deliveries/${delivery!.id}/redeliver`);
      },
    },
    refusals: {
      ...ofEndpoint('/deliveries/1/redeliver', 200).refusals,
      DELIVERY_NOT_FOUND: async (service) =>
        toAdmin(`webhook-endpoints/${(await createEndpoint(service)).id}/deliveries/${UNKNOWN_ID}/redeliver`),
    },
  },
  'GET /api/admin/audit': adminList('/api/admin/audit'),
  'GET /api/admin/events': {
    successes: { 200: () => toAdmin('events?limit=2') },
    refusals: {
      VALIDATION_FAILED: () => toAdmin('events?types=order.lost'),
      UNAUTHORIZED: () => ({ path: '/api/admin/events' }),
      EVENTS_GONE: async () => {
        await execute('UPDATE event_sequence SET last = last + 1');
        await execute('DELETE FROM events');
        return toAdmin('events?after=0');
      },
    },
  },
  'GET /health/live': { successes: { 200: () => ({ path: '/health/live' }) }, refusals: {} },
  'GET /health/startup': { successes: { 200: () => ({ path: '/health/startup' }) }, refusals: {} },
  'GET /health/ready': { successes: { 200: () => ({ path: '/health/ready' }) }, refusals: {} },
  'GET /metrics': { successes: { 200: () => ({ path: '/metrics' }) }, refusals: {} },
};

/** Codes that have a test of their own below, since they come from the state of the service, not from the call. */
const OF_THE_SERVICE: ReadonlySet<string> = new Set([
  'SIGNATURE_INVALID',
  'BUYER_TOKEN_INVALID',
  'BUYER_TOKEN_REQUIRED',
  'SCOPE_MISSING',
  'CUSTOMER_LIMIT_REACHED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
  'OVERLOADED',
  'UNAVAILABLE',
]);

/** Codes that belong to no operation: of requests that reach none, of the console's cookie, and of our own faults. */
const OF_NO_OPERATION = [
  'CROSS_SITE_REQUEST',
  'ROUTE_NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'REQUEST_TIMEOUT',
  'URI_TOO_LONG',
  'EXPECTATION_FAILED',
  'HEADERS_TOO_LARGE',
  'INTERNAL_ERROR',
];

let service: Service;
let openApi: ApiDocument;
let documented: Record<string, DocumentedOperation>;

beforeAll(async () => {
  service = await startService({ TRUSTED_PROXIES: '127.0.0.1' });
  openApi = (await service.call('GET', '/docs/json')).body as unknown as ApiDocument;
  documented = Object.fromEntries(
    operationsOf(openApi).map(({ method, path, operation }) => [`${method.toUpperCase()} ${path}`, operation]),
  );
});

let calls = 0;

async function send(to: Service, operation: string, scenario: Scenario): Promise<Answer> {
  const { path, body, headers } = await scenario(service);
  // From an address of its own: who has no key is told to wait after thirty calls of one.
  const from = { 'x-forwarded-for': `198.51.100.${++calls % 250}` };
  return to.call(operation.split(' ')[0]!, path, body, { ...from, ...headers });
}

function firstSuccess(operation: string): Scenario {
  return Object.values(OPERATIONS[operation]!.successes)[0]!;
}

/** The codes that the document lists for an operation, by status. */
function documentedCodes(operation: string): Record<string, string[]> {
  const codes: Record<string, string[]> = {};
  for (const [status, response] of Object.entries(documented[operation]!.responses)) {
    const listed = codesOf(response);
    if (listed.length > 0) codes[status] = listed;
  }
  return codes;
}

const operations = Object.keys(OPERATIONS);
const takingBody = operations.filter((name) => /^(POST|PATCH)/.test(name));
const successes = operations.flatMap((name) =>
  Object.entries(OPERATIONS[name]!.successes).map(([status, scenario]) => [name, Number(status), scenario] as const),
);
const refusals = operations.flatMap((name) =>
  Object.entries(OPERATIONS[name]!.refusals).map(([code, scenario]) => [name, code as ProblemCode, scenario] as const),
);

describe('GET /docs/json', () => {
  it('lists the operations of the contract and no others', () => {
    expect(Object.keys(documented).sort()).toEqual([...operations].sort());
  });

  it.each(operations)('lists the successes and the codes of %s that are shown here, and no others', (name) => {
    const shown = Object.keys(OPERATIONS[name]!.refusals);
    const listed = Object.values(documentedCodes(name)).flat();
    // Of buyers' calls it is shown below.
    const isShown = (code: string) => code !== 'UNAUTHORIZED' || name.includes('/api/admin');
    expect(listed.filter((code) => !OF_THE_SERVICE.has(code) && isShown(code)).sort()).toEqual(shown.sort());
    const statuses = Object.keys(documented[name]!.responses).filter((status) => status.startsWith('2'));
    expect(statuses).toEqual(Object.keys(OPERATIONS[name]!.successes));
  });

  it('lists exactly the codes of the catalogue, each under its status', () => {
    const listed = new Set<string>(OF_NO_OPERATION);
    for (const name of operations) {
      for (const [status, codes] of Object.entries(documentedCodes(name))) {
        for (const code of codes) {
          expect(PROBLEMS).toHaveProperty(code);
          expect(PROBLEMS[code as ProblemCode].status).toBe(Number(status));
          listed.add(code);
        }
      }
    }
    expect([...listed].sort()).toEqual(Object.keys(PROBLEMS).sort());
    const { oneOf } = openApi.components.schemas.Problem as { oneOf: { properties: { code: { enum: string[] } } }[] };
    const codes = oneOf.flatMap(({ properties }) => properties.code.enum);
    expect(codes.sort()).toEqual(Object.keys(PROBLEMS).sort());
  });

  it('says which answers tell when to try again', () => {
    for (const name of operations) {
      for (const [status, codes] of Object.entries(documentedCodes(name))) {
        const isRetryable = codes.some((code) => 'retryAfterSeconds' in PROBLEMS[code as ProblemCode]);
        // What is said of all of operators' calls at once has the header for some of its codes.
        const has = documented[name]!.responses[status]!.headers?.['Retry-After'] !== undefined;
        expect(has || !isRetryable).toBe(true);
        if (!name.includes('/api/admin')) expect(has).toBe(isRetryable);
      }
    }
  });
});

describe('success', () => {
  it.each(successes)('%s answers %s with what its schema says', async (name, status, scenario) => {
    const call = await scenario(service);
    const answer = await send(service, name, () => call);
    expect(answer.status).toBe(status);
    const content = documented[name]!.responses[String(status)]!.content;
    const schema = content?.['application/json']?.schema;
    if (status === 201) {
      expect(documented[name]!.responses['201']!.headers).toHaveProperty('Location');
      const location = answer.headers.get('location')!;
      expect((await service.call('GET', location, undefined, call.headers)).status).toBe(200);
    }
    if (status === 204) expect(answer.text).toBe('');
    else if (schema === undefined) expect(answer.headers.get('content-type')).toContain(Object.keys(content!)[0]);
    else {
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(schemaChecker(openApi)(schema, answer.body)).toEqual([]);
    }
  });
});

describe('refusal', () => {
  it.each(refusals)('%s answers %s', async (name, code, scenario) => {
    expectProblem(await send(service, name, scenario), code);
  });

  it.each(takingBody)('%s answers PAYLOAD_TOO_LARGE to a body of 300 KB', async (name) => {
    const { path, headers } = await firstSuccess(name)(service);
    const answer = await service.call(name.split(' ')[0]!, path, { a: 'x'.repeat(300_000) }, headers);
    expectProblem(answer, 'PAYLOAD_TOO_LARGE');
    expect(documentedCodes(name)['413']).toEqual(['PAYLOAD_TOO_LARGE']);
  });

  it.each(takingBody)('%s answers UNSUPPORTED_MEDIA_TYPE to a body that is not JSON', async (name) => {
    const { path, headers } = await firstSuccess(name)(service);
    const answer = await service.call(name.split(' ')[0]!, path, 'a=1', { ...headers, 'content-type': 'text/csv' });
    expectProblem(answer, 'UNSUPPORTED_MEDIA_TYPE');
    expect(documentedCodes(name)['415']).toEqual(['UNSUPPORTED_MEDIA_TYPE']);
  });

  it('POST /api/payments/webhook answers SIGNATURE_INVALID where secrets are set', async () => {
    const signed = await startService({ WEBHOOK_SECRETS: 'secret' });
    const name = 'POST /api/payments/webhook';
    expectProblem(await send(signed, name, firstSuccess(name)), 'SIGNATURE_INVALID');
    expect(documentedCodes(name)['401']).toEqual(['SIGNATURE_INVALID']);
  });

  it('the calls of buyers answer BUYER_TOKEN_INVALID, and holds BUYER_TOKEN_REQUIRED, where tokens are required', async () => {
    const strict = await startService(new KeyFile([shopKey('HS256')]).env('required'));
    const ofBuyers = operations.filter((name) => documentedCodes(name)['401']?.includes('BUYER_TOKEN_INVALID'));
    expect(ofBuyers).toHaveLength(6);
    for (const name of ofBuyers) {
      const { path, body } = await firstSuccess(name)(service);
      const [method] = name.split(' ');
      expectProblem(await strict.call(method!, path, body, bearer('c_42')), 'BUYER_TOKEN_INVALID');
      const isAsked = documentedCodes(name)['401']!.includes('BUYER_TOKEN_REQUIRED');
      const answer = await strict.call(method!, path, body);
      if (isAsked) expectProblem(answer, 'BUYER_TOKEN_REQUIRED');
      else expect(answer.status).toBeLessThan(300);
    }
  });

  it('the calls of buyers answer UNAUTHORIZED to a wrong key, and SCOPE_MISSING to one that may not sell', async () => {
    const shop = await startService();
    const ofBuyers = operations.filter((name) => documentedCodes(name)['401']?.includes('BUYER_TOKEN_INVALID'));
    const { key } = await createKey(service, ['products']);
    for (const name of ofBuyers) {
      const { path, body } = await firstSuccess(name)(service);
      const [method] = name.split(' ');
      expectProblem(await shop.call(method!, path, body, bearer('fsk_1_wrong')), 'UNAUTHORIZED');
      expectProblem(await shop.call(method!, path, body, bearer(key)), 'SCOPE_MISSING');
      expect(documentedCodes(name)).toMatchObject({
        401: expect.arrayContaining(['UNAUTHORIZED']),
        403: expect.arrayContaining(['SCOPE_MISSING']),
        429: ['RATE_LIMITED'],
      });
    }
  });

  it('every call for operators answers SCOPE_MISSING to a key that has another scope, and says so', async () => {
    const { key } = await createKey(service, ['sell']);
    for (const name of operations.filter((one) => one.includes('/api/admin'))) {
      const { path, body } = await firstSuccess(name)(service);
      const answer = await service.call(name.split(' ')[0]!, path, body, { authorization: `Bearer ${key}` });
      expectProblem(answer, 'SCOPE_MISSING');
      expect(documentedCodes(name)['403']).toEqual(['SCOPE_MISSING']);
    }
  });

  it('POST /api/holds answers CUSTOMER_LIMIT_REACHED past the limit for each customer', async () => {
    const key = shopKey('HS256');
    const open = await startService(new KeyFile([key]).env('optional'));
    const { id } = await createProduct(service, { max_per_customer: 1 });
    const body = { product_id: id, quantity: 2 };
    const refused = await open.call('POST', '/api/holds', body, bearer(await signedToken(key)));
    expectProblem(refused, 'CUSTOMER_LIMIT_REACHED');
    expect(documentedCodes('POST /api/holds')['409']).toContain('CUSTOMER_LIMIT_REACHED');
  });

  it('any other route answers ROUTE_NOT_FOUND', async () => {
    expectProblem(await service.call('GET', '/api/nothing'), 'ROUTE_NOT_FOUND');
  });
});

/** Whether the call is counted, and tells how much is left; all other 429 are for who comes with a wrong key. */
function isCounted(name: string): boolean {
  const [success] = Object.entries(documented[name]!.responses).filter(([status]) => status.startsWith('2'));
  return success![1].headers?.['ratelimit-remaining'] !== undefined;
}

describe('with RATE_LIMIT_PER_MINUTE', () => {
  const LIMIT = 3;
  let limited: Service;

  beforeAll(async () => {
    limited = await startService({ RATE_LIMIT_PER_MINUTE: String(LIMIT) });
  });

  it.each(operations)('%s answers RATE_LIMITED past the limit exactly if it says so', async (name) => {
    const answers = [];
    for (let n = 0; n <= LIMIT; n++) answers.push(await send(limited, name, firstSuccess(name)));
    const isLimited = isCounted(name);
    for (const answer of answers.slice(0, LIMIT)) expect(answer.status).toBeLessThan(300);
    if (isLimited) expectProblem(answers[LIMIT]!, 'RATE_LIMITED');
    else expect(answers[LIMIT]!.status).toBeLessThan(300);
  });

  it('the buyers’ writes are limited, and neither reads nor the notices of the provider', () => {
    const limitedOnes = operations.filter(isCounted);
    expect(limitedOnes).toEqual([
      'POST /api/holds',
      'POST /api/holds/{hold_id}/payment',
      'POST /api/holds/{hold_id}/extend',
      'DELETE /api/holds/{hold_id}',
      'POST /api/orders',
    ]);
  });
});

describe('while the database is away', () => {
  const NEEDING_NOTHING = ['GET /health/live', 'GET /health/startup', 'GET /metrics'];
  let proxy: DatabaseProxy;
  let cutOff: Service;

  beforeAll(async () => {
    proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
    cutOff = await startService(proxy.env);
    await proxy.goAway();
  });

  it.each(operations.filter((name) => !NEEDING_NOTHING.includes(name)))('%s answers UNAVAILABLE', async (name) => {
    // Of a product that was never seen no figure can be at hand.
    const scenario = OPERATIONS[name]!.refusals.PRODUCT_NOT_FOUND ?? firstSuccess(name);
    expectProblem(await send(cutOff, name, scenario), 'UNAVAILABLE');
    expect(documentedCodes(name)['503']).toContain('UNAVAILABLE');
  });

  it.each(NEEDING_NOTHING)('%s answers as always', async (name) => {
    expect((await send(cutOff, name, firstSuccess(name))).status).toBe(200);
  });
});

describe('with GROUP_COMMIT_WAITING_MAX', () => {
  const BATCHED: [name: string, done: number[]][] = [
    ['POST /api/holds', [201]],
    ['POST /api/orders', [201, 409]],
    ['POST /api/payments/webhook', [200]],
    ['DELETE /api/holds/{hold_id}', [204]],
  ];

  it.each(BATCHED)(
    '%s answers OVERLOADED at once when the line is full, and all in line are served',
    async (name, done) => {
      const busy = await startPatientService(4, { GROUP_COMMIT_WAITING_MAX: '1' });
      const product = await createProduct(service);
      const order = await createOrder(service, { product_id: product.id });
      const hold = await createHold(service, { product_id: product.id });
      const calls: Record<string, Call> = {
        'POST /api/holds': { path: '/api/holds', body: { product_id: product.id, quantity: 1 } },
        'POST /api/orders': { path: '/api/orders', body: { hold_id: hold.hold_id } },
        'POST /api/payments/webhook': { path: '/api/payments/webhook', body: noticeOf(order) },
        'DELETE /api/holds/{hold_id}': { path: `/api/holds/${hold.hold_id}` },
      };
      const settled: Answer[] = [];
      const start = async (): Promise<void> => void settled.push(await send(busy, name, () => calls[name]!));
      const sent = await withConnection(async (connection) => {
        await connection.beginTransaction();
        await connection.query('SELECT id FROM orders WHERE id = ? FOR UPDATE', [order.order_id]);
        await connection.query('SELECT id FROM holds WHERE id = UNHEX(?) FOR UPDATE', [hex(hold.hold_id)]);
        await connection.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [product.id]);
        const inFlight = start();
        await eventually(async () => expect(await lockingReads()).toHaveLength(1));
        const more = [start(), start(), start()];
        // One of the three waits; the line is full for the other two, who hear it while the lock is still held.
        await eventually(() => expect(settled).toHaveLength(2));
        for (const answer of settled) expectProblem(answer, 'OVERLOADED');
        return [inFlight, ...more];
      });
      await Promise.all(sent);
      expect(settled).toHaveLength(4);
      for (const { status } of settled.slice(2)) expect(done).toContain(status);
    },
  );
});

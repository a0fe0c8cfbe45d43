import { type ProblemCode, problemDocument, PROBLEMS } from '../../common/problem.js';

const ITEM = { product_id: 1, sku: 'sneaker-42', quantity: 2, unit_price: '99.99', amount: '199.98' };

const HOLD = {
  hold_id: '019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11',
  ...ITEM,
  currency: 'EUR',
  items: [ITEM],
  sale_id: 1,
  expires_at: '2026-11-27T10:02:00.000Z',
  extensions_left: 1,
  status: 'active',
};

/** What an order says of its items, and of what the shop knows it by. */
const ORDERED = {
  subtotal: '199.98',
  adjustments: [],
  amount: '199.98',
  currency: 'EUR',
  items: [ITEM],
  reference: 'A-1001',
  reference_by: 'buyer',
  metadata: { channel: 'app' },
};

const PRODUCT = {
  id: 1,
  name: 'Limited sneaker',
  price: '99.99',
  currency: 'EUR',
  sku: 'sneaker-42',
  sale_id: 1,
  stock_total: 10,
  available_stock: 8,
  max_per_customer: 2,
  archived: false,
};

const SALE = {
  id: 1,
  name: 'Black Friday',
  state: 'open',
  starts_at: '2026-11-27T10:00:00.000Z',
  ends_at: '2026-11-28T10:00:00.000Z',
  ended_at: null,
  paused_at: null,
  server_time: '2026-11-27T10:00:00.421Z',
  terms: {
    hold_seconds: 120,
    payment_seconds: 900,
    hold_extensions: 1,
    processing_seconds: 0,
    max_per_customer: null,
    early: [{ group: 'members', starts_at: '2026-11-27T09:00:00.000Z' }],
    show_stock: 'exact',
  },
  products: [PRODUCT],
};

const REFUND = {
  id: 1,
  order_id: 1,
  provider: 'stripe',
  transaction_id: 'pi_3MtwBwLkdIwHu7ix28a3tqPa',
  amount: '199.98',
  currency: 'EUR',
  amount_paid: '199.98',
  amount_refunded: '0.00',
  cause: 'late',
  status: 'due',
  reason: null,
  provider_refund_id: null,
  created_at: '2026-11-27T10:20:00.000Z',
  updated_at: '2026-11-27T10:20:00.000Z',
};

const PAYMENT_EVENT = {
  id: 1,
  provider: 'stripe',
  event_id: 'evt_1NG8Du2eZvKYlo2CUI79vXWy',
  type: 'payment_intent.succeeded',
  order_id: 1,
  transaction_id: REFUND.transaction_id,
  amount: '150.00',
  currency: 'EUR',
  status: 'review',
  outcome: 'review',
  reason: 'amount or currency differs from the order',
  order_status: 'pending_payment',
  occurred_at: '2026-11-27T10:19:58.000Z',
  received_at: '2026-11-27T10:20:00.000Z',
  processed_at: '2026-11-27T10:20:00.000Z',
  payment_reference: '1-rsinnsmf3vnuoj3k',
  account: null,
  metadata: { payment_reference: '1-rsinnsmf3vnuoj3k' },
};

const ENDPOINT = {
  id: 1,
  url: 'https://shop.example/hooks',
  types: ['order.paid'],
  failing_since: null,
  disabled_at: null,
  disabled_reason: null,
  created_at: '2026-11-27T10:00:00.000Z',
};

const DELIVERY = {
  id: 1,
  event_id: 'evt_1042',
  // As the feed of events shows it, as long as it is kept.
  request: null,
  status: 'delivered',
  attempts: 1,
  due_at: null,
  answer_status: 204,
  answer: '',
  reason: null,
  took_ms: 31,
  tried_at: '2026-11-27T10:00:00.431Z',
};

const API_KEY = {
  id: 7,
  name: 'warehouse',
  scopes: ['read', 'products'],
  created_at: '2026-11-27T10:00:00.000Z',
  last_used_at: null,
  revoked_at: null,
};

const AUDIT_ENTRY = {
  id: 1,
  actor: 'warehouse',
  key_id: 7,
  action: 'product.restock',
  target: 'product',
  target_id: '1',
  before: { stock_total: 10 },
  after: { stock_total: 60 },
  request_id: '3f9a6c1e2b40-1k',
  created_at: '2026-11-27T10:00:00.000Z',
};

const PAYMENT = {
  state: 'open',
  client_secret: 'pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8HVhfZluoGH',
  url: null,
  attempts: 0,
  last_error: null,
};

const ADMIN_ORDER = {
  order_id: 1,
  payment_reference: '1-rsinnsmf3vnuoj3k',
  hold_id: HOLD.hold_id,
  product_id: 1,
  quantity: 2,
  ...ORDERED,
  status: 'paid',
  payment_due_at: '2026-11-27T10:15:00.000Z',
  cancel_reason: null,
  product_name: PRODUCT.name,
  quantity_sold: 2,
  customer_id: 'c_42',
  sale_id: 1,
  payment: {
    provider: 'stripe',
    transaction_id: REFUND.transaction_id,
    amount: '199.98',
    currency: 'EUR',
    amount_refunded: '0.00',
    disputed_at: null,
    dispute_status: null,
    dispute_reason: null,
  },
  created_at: '2026-11-27T10:00:00.000Z',
  updated_at: '2026-11-27T10:01:00.000Z',
};

const EVENT = {
  id: 'evt_7',
  type: 'order.paid',
  timestamp: '2026-11-27T10:05:00.000Z',
  sequence: 7,
  version: 2,
  data: { order_id: 1, status: 'paid', amount: '199.98', currency: 'EUR' },
};

/** What the problem documents of some codes say beyond their title. */
export const PROBLEM_EXTENSIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  VALIDATION_FAILED: { errors: [{ field: 'quantity', message: 'must be >= 1' }] },
  SKU_TAKEN: { product_id: 1 },
  SALE_NOT_STARTED: { starts_at: '2026-11-27T10:00:00.000Z' },
  HOLD_NOT_EXTENDABLE: { reason: 'none_left' },
  INSUFFICIENT_STOCK: { available_stock: 0 },
  CUSTOMER_LIMIT_REACHED: { limit: 2, remaining: 0, scope: 'product' },
  HOLD_ALREADY_USED: { order_id: 1 },
  QUANTITY_NOT_RETURNABLE: { returnable: 1 },
  STOCK_BELOW_COMMITTED: { committed: 3 },
  EVENTS_GONE: { oldest_sequence: 1 },
  AMOUNT_MISMATCH: { amount: '104.89' },
  SCOPE_MISSING: { scope: 'products' },
};

/** A problem document with a code. */
export function problemExample(code: ProblemCode): object {
  return problemDocument(code, PROBLEMS[code].title, PROBLEM_EXTENSIONS[code]);
}

/** An answer for each schema of the document but pages, which are made of it, by its title. A test holds them true. */
export const ANSWER_EXAMPLES: Readonly<Record<string, unknown>> = {
  Product: PRODUCT,
  Sale: SALE,
  AdminSale: { ...SALE, terms_set: ['early'] },
  Hold: HOLD,
  HandMadeHold: { ...HOLD, extensions_left: 0, customer_id: 'c_42' },
  Extension: { expires_at: '2026-11-27T10:03:40.000Z', extensions_left: 0 },
  HoldWithOrder: {
    ...HOLD,
    extensions_left: 0,
    status: 'used',
    order: {
      order_id: 1,
      payment_reference: '1-rsinnsmf3vnuoj3k',
      status: 'pending_payment',
      cancel_reason: null,
      ...ORDERED,
      payment_due_at: '2026-11-27T10:15:00.000Z',
    },
    payment: PAYMENT,
  },
  Order: {
    order_id: 1,
    payment_reference: '1-rsinnsmf3vnuoj3k',
    hold_id: HOLD.hold_id,
    product_id: 1,
    quantity: 2,
    ...ORDERED,
    status: 'pending_payment',
    payment_due_at: '2026-11-27T10:15:00.000Z',
    payment: { ...PAYMENT, state: 'preparing', client_secret: null },
  },
  Payment: PAYMENT,
  PaymentAnswer: { result: 'applied', order_id: 1, order_status: 'paid' },
  PaymentEvent: PAYMENT_EVENT,
  Refund: REFUND,
  AdminOrder: ADMIN_ORDER,
  AdminOrderDetail: { ...ADMIN_ORDER, events: [], refunds: [] },
  ApiKey: API_KEY,
  // Of the form alone: a whole key in a document would be found by who looks for keys.
  NewApiKey: { ...API_KEY, key: 'fsk_7_…' },
  Endpoint: ENDPOINT,
  // As above.
  EndpointSecret: { ...ENDPOINT, secret: 'whsec_…' },
  Delivery: DELIVERY,
  AuditEntry: AUDIT_ENTRY,
  EventFeed: { items: [EVENT], last_sequence: 7 },
  Problem: problemExample('HOLD_NOT_FOUND'),
  PendingPayment: { result: 'pending_order' },
  Live: { status: 'ok' },
  Startup: { status: 'ok', version: '1.0.0', commit: 'b1946ac92492d2347c6235b4d2611184e6f3ab5c' },
  Ready: { status: 'ok', database: 'up', redis: 'up' },
};

const HOLD = {
  hold_id: '019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11',
  product_id: 1,
  quantity: 2,
  expires_at: '2026-11-27T10:02:00.000Z',
  status: 'active',
};

const PRODUCT = { id: 1, name: 'Limited sneaker', price: '99.99', stock_total: 10, available_stock: 8 };

/** An answer for each schema of the document, by its title. A test holds them against the schemas. */
export const ANSWER_EXAMPLES: Readonly<Record<string, unknown>> = {
  Product: PRODUCT,
  ProductPage: { items: [PRODUCT], next_cursor: null },
  Hold: HOLD,
  HoldWithOrder: {
    ...HOLD,
    status: 'used',
    order: {
      order_id: 1,
      status: 'pending_payment',
      cancel_reason: null,
      amount: '199.98',
      payment_due_at: '2026-11-27T10:15:00.000Z',
    },
  },
  Order: {
    order_id: 1,
    hold_id: HOLD.hold_id,
    product_id: 1,
    quantity: 2,
    amount: '199.98',
    status: 'pending_payment',
    payment_due_at: '2026-11-27T10:15:00.000Z',
  },
  PaymentAnswer: { result: 'applied', order_id: 1, order_status: 'paid' },
  PendingPayment: { result: 'pending_order' },
  Live: { status: 'ok' },
  Startup: { status: 'ok', version: '1.0.0', commit: 'b1946ac92492d2347c6235b4d2611184e6f3ab5c' },
  Ready: { status: 'ok', database: 'up', redis: 'up' },
};

/** What the problem documents of some codes say beyond their title. */
export const PROBLEM_EXTENSIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  VALIDATION_FAILED: { errors: [{ field: 'quantity', message: 'must be >= 1' }] },
  INSUFFICIENT_STOCK: { available_stock: 0 },
  HOLD_ALREADY_USED: { order_id: 1 },
};

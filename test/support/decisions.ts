import { ANONYMOUS, type Caller } from '../../src/access/caller.js';
import type { GrantFacts, NewHold } from '../../src/holds/granting/grant-facts.js';
import { CustomerUnits } from '../../src/holds/customer-units.js';
import type { LockedHoldRow } from '../../src/holds/holds.types.js';
import { addSeconds } from '../../src/database/sql.js';
import type { OrderFacts, OrderRequest } from '../../src/orders/ordering/order-facts.js';
import type { OrderMoney } from '../../src/orders/orders.types.js';
import { NO_SALE, type ProductRow } from '../../src/products/products.types.js';
import { StockLedger } from '../../src/products/stock-ledger.js';

/** What the rules of granting and ordering are asked, and what they look at, without a database. */

const HOLD_ID = '019a0000-0000-7000-8000-000000000001';

/** A product with ten free units of 9.99. */
export function productRow(overrides: Partial<ProductRow> = {}): ProductRow {
  const defaults = { id: 1, name: 'Sneaker', price: '9.99', stock_total: 10, stock_held: 0, stock_sold: 0 };
  return {
    ...defaults,
    ...NO_SALE,
    currency: 'EUR',
    sku: null,
    stock_version: 7,
    is_archived: 0,
    max_per_customer: null,
    ...overrides,
  };
}

/** One unit of product 1. */
export function newHold(overrides: Partial<NewHold> = {}): NewHold {
  return { id: HOLD_ID, product_id: 1, sku: null, qty: 1, keyed: null, buyer: null, byHand: null, ...overrides };
}

export function grantFacts(product: ProductRow | null, overrides: Partial<GrantFacts> = {}): GrantFacts {
  return {
    ledger: new StockLedger(product === null ? [] : [product]),
    now: '2026-01-01 00:00:00.000',
    endAfter: (seconds = 120) => addSeconds('2026-01-01 00:00:00.000', seconds),
    extensions: 1,
    customers: new CustomerUnits(),
    limitedSales: new Set(),
    onTheirWay: new Map(),
    ...overrides,
  };
}

/** An active hold of one unit. */
export function holdRow(overrides: Partial<LockedHoldRow> = {}): LockedHoldRow {
  return {
    id: HOLD_ID,
    product_id: 1,
    qty: 1,
    sku: null,
    unit_price: '9.99',
    amount: '9.99',
    currency: 'EUR',
    sale_id: null,
    extensions_left: 1,
    now: '2026-01-01 00:01:00.000',
    hold_seconds: null,
    payment_seconds: null,
    processing_seconds: null,
    has_sale_ended: false,
    expires_at: '2026-01-01 00:02:00.000',
    used: false,
    released: false,
    customer_id: null,
    is_expired: false,
    ...overrides,
  };
}

/** For the order of the hold that {@link holdRow} makes. */
export function orderRequest(caller: Caller = ANONYMOUS, money: OrderMoney | null = null): OrderRequest {
  const tags = { reference: null, reference_by: null, metadata: null };
  return { holdId: HOLD_ID, caller, payment: null, money, keyed: null, tags };
}

/** @param usedPayments transactions that are known as payments. */
export function orderFacts(hold: LockedHoldRow | null, usedPayments: readonly string[] = []): OrderFacts {
  return {
    holds: new Map(hold === null ? [] : [[hold.id, hold]]),
    taken: new Set(),
    usedPayments: new Set(usedPayments),
  };
}

/** What of the API's answers the console shows. */

export type Scope =
  | 'read'
  | 'products'
  | 'sales'
  | 'orders'
  | 'refunds'
  | 'events'
  | 'webhooks'
  | 'keys'
  | 'audit'
  | 'sell'
  | 'customers';

export interface Session {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly environment: 'local' | 'test' | 'production';
  readonly expires_at: string | null;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

export type SaleState = 'scheduled' | 'open' | 'paused' | 'ended';

interface Stock {
  readonly id: number;
  readonly name: string;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
}

export interface SaleStock extends Stock {
  readonly state: SaleState;
  readonly starts_at: string;
  readonly ends_at: string | null;
  readonly products: number;
}

interface Point {
  readonly at: string;
  readonly holds: number;
  readonly checkouts: number;
  readonly refusals: number;
}

export interface Rates extends Omit<Point, 'at' | 'refusals'> {
  readonly window_seconds: number;
  readonly instances: number;
  readonly is_whole: boolean;
  readonly refusals: Readonly<Record<string, number>>;
  readonly batch_size: number | null;
  readonly commit_p99_ms: number | null;
  readonly answer_p99_ms: number | null;
  readonly waiting: number;
  readonly points: readonly Point[];
}

export interface Overview {
  readonly sales: readonly SaleStock[];
  readonly products: readonly Stock[];
  readonly rates: Rates | null;
  readonly overdue_seconds: { readonly holds: number; readonly orders: number; readonly events: number };
  readonly endpoints_failing: number;
  readonly refunds_due: number;
  readonly payments_in_review: number;
  readonly stock_drift: number;
  readonly payment_sessions: { readonly make: number; readonly end: number };
  readonly jobs: {
    readonly waiting: number;
    readonly active: number;
    readonly delayed: number;
    readonly failed: number;
  } | null;
}

export interface Rush {
  readonly id: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly product_id: number;
  readonly product_name: string;
  readonly buyers: number;
  readonly paid: number;
  readonly refused: number;
  readonly failed: number;
  readonly stock: Omit<Stock, 'id' | 'name'>;
  readonly outcome: {
    readonly units: number;
    readonly sold: number;
    readonly oversold: number;
    readonly reasons: Readonly<Record<string, number>>;
    readonly seconds: number;
    readonly p50_ms: number;
    readonly p99_ms: number;
  } | null;
}

export interface Product {
  readonly id: number;
  readonly name: string;
  readonly price: string;
  readonly currency: string;
  readonly sku: string | null;
  readonly sale_id: number | null;
  readonly stock_total: number;
  readonly available_stock: number;
  readonly max_per_customer: number | null;
  readonly archived: boolean;
}

/** As the public list has it, which shows no figures where a sale hides them. */
export type ListedProduct = Omit<Product, 'stock_total' | 'available_stock'> & {
  readonly stock_total: number | null;
  readonly available_stock: number | null;
};

export interface Sale {
  readonly id: number;
  readonly name: string;
  readonly state: SaleState;
  readonly starts_at: string;
  readonly ends_at: string | null;
  readonly ended_at: string | null;
  readonly paused_at: string | null;
  readonly terms: {
    readonly hold_seconds: number;
    readonly payment_seconds: number;
    readonly max_per_customer: number | null;
  };
  readonly products: readonly Product[];
}

export interface Order {
  readonly order_id: number;
  readonly payment_reference: string;
  readonly hold_id: string;
  readonly product_id: number;
  readonly product_name: string;
  readonly quantity: number;
  readonly quantity_sold: number;
  readonly amount: string;
  readonly currency: string;
  readonly status: 'pending_payment' | 'paid' | 'cancelled' | 'refund_due' | 'refunded';
  readonly cancel_reason: string | null;
  readonly reference: string | null;
  readonly customer_id: string | null;
  readonly sale_id: number | null;
  readonly payment_due_at: string | null;
  readonly payment: {
    readonly provider: string;
    readonly transaction_id: string;
    readonly amount: string | null;
    readonly currency: string | null;
    readonly amount_refunded: string;
  } | null;
  readonly created_at: string;
}

export interface OrderDetail extends Order {
  readonly events: readonly PaymentEvent[];
  readonly refunds: readonly Refund[];
}

export interface Refund {
  readonly id: number;
  readonly order_id: number | null;
  readonly provider: string;
  readonly transaction_id: string;
  readonly amount: string | null;
  readonly currency: string;
  readonly cause: string;
  readonly status: 'due' | 'sent' | 'confirmed' | 'failed';
  readonly reason: string | null;
  readonly created_at: string;
}

export interface PaymentEvent {
  readonly id: number;
  readonly provider: string;
  readonly type: string;
  readonly order_id: number | null;
  readonly transaction_id: string;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly status: string;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly received_at: string;
}

export interface AuditEntry {
  readonly id: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly target_id: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly created_at: string;
}

export interface ApiKey {
  readonly id: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly created_at: string;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
}

export interface Endpoint {
  readonly id: number;
  readonly url: string;
  readonly types: readonly string[] | null;
  readonly failing_since: string | null;
  readonly disabled_at: string | null;
  readonly disabled_reason: string | null;
}

export interface Delivery {
  readonly id: number;
  readonly event_id: string;
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly due_at: string | null;
  readonly answer_status: number | null;
  readonly reason: string | null;
  readonly took_ms: number | null;
  readonly tried_at: string | null;
}

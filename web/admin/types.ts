/** What of the API's answers the console shows: as docs/openapi.json has them, and by hand those that are the pages' alone. */
import type { components } from '../../clients/typescript/src/openapi.js';
import type { Product as ListedProduct } from '../shared/api-types.js';

export type { Page, Product as ListedProduct } from '../shared/api-types.js';

type Schemas = components['schemas'];

export type Scope = Schemas['ApiKey']['scopes'][number];
export type SaleState = Schemas['Sale']['state'];
export type Order = Schemas['AdminOrder'];
export type OrderDetail = Schemas['AdminOrderDetail'];
export type Refund = Schemas['Refund'];
export type PaymentEvent = Schemas['PaymentEvent'];
export type AuditEntry = Schemas['AuditEntry'];
export type ApiKey = Schemas['ApiKey'];
export type NewApiKey = Schemas['NewApiKey'];
export type Endpoint = Schemas['Endpoint'];
export type EndpointSecret = Schemas['EndpointSecret'];
export type Delivery = Schemas['Delivery'];

/** As operators are told of it: figures that its sale hides are hidden from the public alone. */
export type Product = Omit<ListedProduct, 'stock_total' | 'available_stock'> & {
  readonly stock_total: number;
  readonly available_stock: number;
};

export type Sale = Omit<Schemas['AdminSale'], 'products'> & { readonly products: readonly Product[] };

export interface Session {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly environment: 'local' | 'test' | 'production';
  readonly expires_at: string | null;
}

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
  readonly disputes_open: number;
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

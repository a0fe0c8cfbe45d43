// What the pages read of the API's answers (docs/openapi.json).

export interface Product {
  readonly id: number;
  readonly name: string;
  readonly price: string;
  readonly currency: string;
  readonly sku: string | null;
  readonly sale_id: number | null;
  readonly stock_total: number | null;
  readonly available_stock: number | null;
  readonly availability?: 'many' | 'few' | 'some' | 'none';
  readonly max_per_customer: number | null;
  readonly archived: boolean;
}

export interface Sale {
  readonly id: number;
  readonly name: string;
  readonly state: 'scheduled' | 'open' | 'paused' | 'ended';
  readonly starts_at: string;
  readonly ends_at: string | null;
  readonly server_time: string;
  readonly terms: { readonly hold_seconds: number };
  readonly products: readonly Product[];
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

export interface Payment {
  readonly state: 'preparing' | 'open' | 'processing' | 'succeeded' | 'cancelled' | 'failed';
  readonly url: string | null;
  readonly attempts: number;
}

export interface Order {
  readonly order_id: number;
  readonly status: 'pending_payment' | 'paid' | 'cancelled' | 'refund_due' | 'refunded';
  readonly cancel_reason?: 'payment_failed' | 'payment_expired' | 'buyer' | 'operator' | null;
  readonly amount: string;
  readonly currency: string;
  readonly payment_due_at: string | null;
}

export interface Hold {
  readonly hold_id: string;
  readonly product_id: number;
  readonly quantity: number;
  readonly amount: string;
  readonly currency: string;
  readonly expires_at: string;
  readonly extensions_left: number;
  readonly status: 'active' | 'used' | 'released';
  readonly order?: Order | null;
  readonly payment?: Payment | null;
}

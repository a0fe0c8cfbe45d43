/** What Stripe's API answers with, and what it tells of by its events, as far as this service is concerned. */

export type Fields = Readonly<Record<string, string>>;

export interface ApiAnswer {
  readonly status: number;
  /** A text is sent as it is. */
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiRefund {
  readonly id: string;
  readonly object: 'refund';
  readonly payment_intent: string;
  readonly amount: number;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  status: 'pending' | 'succeeded' | 'failed' | 'canceled';
  failure_reason?: string;
}

export interface ApiIntent {
  readonly id: string;
  readonly object: 'payment_intent';
  readonly amount: number;
  readonly currency: string;
  readonly client_secret: string;
  readonly created: number;
  readonly livemode: false;
  readonly metadata: Readonly<Record<string, string>>;
  amount_received: number;
  status: 'requires_payment_method' | 'processing' | 'succeeded' | 'canceled';
  last_payment_error: { code: string; message: string; type: string } | null;
}

export interface ApiSession {
  readonly id: string;
  readonly object: 'checkout.session';
  readonly amount_total: number;
  readonly currency: string;
  readonly created: number;
  readonly expires_at: number;
  readonly livemode: false;
  readonly metadata: Readonly<Record<string, string>>;
  readonly success_url: string;
  payment_intent: string | null;
  payment_status: 'unpaid' | 'paid';
  status: 'open' | 'complete' | 'expired';
  url: string | null;
}

export interface ApiEvent extends Record<string, unknown> {
  readonly id: string;
  readonly type: string;
}

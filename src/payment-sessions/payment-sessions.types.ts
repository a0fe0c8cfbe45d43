import type { SessionKind } from '../payment-providers/payment-provider.js';

/**
 * What a buyer pays by:
 *
 *     preparing ── made ──► open ── paid ──► succeeded      open ── pays by what takes days ──► processing ──► as open
 *        │ refused            └── order ended ──► cancelled
 *        └──► failed ── asked for anew ──► preparing
 */
export type PaymentState = 'preparing' | 'open' | 'processing' | 'succeeded' | 'cancelled' | 'failed';

export const PAYMENT_STATES: readonly PaymentState[] = [
  'preparing',
  'open',
  'processing',
  'succeeded',
  'cancelled',
  'failed',
];

/** What the outbox asks of the provider: to make the session, or to see to it that nobody pays by it any more. */
export type SessionTask = 'make' | 'end';

export const SESSION_TASKS: readonly SessionTask[] = ['make', 'end'];

/** How the buyer of an order wants to pay. */
export interface PaymentWish {
  readonly provider: string;
  readonly kind: SessionKind;
  readonly returnUrl: string | null;
}

/** A wish that comes with an order, which is due so many seconds after its session is open. */
export interface NewSession extends PaymentWish {
  readonly holdId: string;
  readonly paymentSeconds: number;
}

/** What the buyer is shown. */
export interface Payment {
  readonly state: PaymentState;
  readonly clientSecret: string | null;
  readonly url: string | null;
  /** Tries of the buyer that were declined. */
  readonly attempts: number;
  /** Why the last one was, or why the session is not there yet. */
  readonly lastError: string | null;
}

/** A session as the database knows it. */
export interface SessionRow extends NewSession, Payment {
  /** The provider's number of it; null while nobody has heard. */
  readonly sessionId: string | null;
  /** Which try at making it this is; a provider remembers what it said to each. */
  readonly makeAttempt: number;
  /** For how long the provider has been asked to make it by this try; null when it was not. */
  readonly askedForSeconds: number | null;
  readonly task: SessionTask | null;
  /** How often the task was put off. */
  readonly taskTries: number;
  /** For how long its provider has not said whether it was paid, at the order's deadline; null: it has, or was not asked. */
  readonly unreachableForSeconds: number | null;
}

/** A payment as it is when its order is made. */
export const PREPARING: Payment = { state: 'preparing', clientSecret: null, url: null, attempts: 0, lastError: null };

import type { SessionKind } from '../payment-provider.js';

/**
 * A payment at the simulated provider:
 *
 *     open ── pay ──► succeeded
 *      │ pay_by_debit ──► processing ── debit_succeeds ──► succeeded      where the shop waits for it
 *      │                      └── debit_fails ──► open
 *      └── ended by the shop ──► cancelled, or succeeded a moment later where the buyer had chosen to pay later
 */
export type SimulatedState = 'open' | 'processing' | 'succeeded' | 'cancelled';

export interface SimulatedPayment {
  /** The number of the session, of the payment and of the page: nobody comes upon one by chance. */
  readonly id: string;
  readonly kind: SessionKind;
  readonly orderId: number;
  readonly reference: string;
  /** What is bought. */
  readonly title: string;
  /** Decimal string. */
  readonly amount: string;
  readonly currency: string;
  readonly returnUrl: string | null;
  readonly state: SimulatedState;
  /** Whether its money arrives once the shop has ended it, as a transfer does that nobody can stop. */
  readonly isLate: boolean;
  /** Whether the buyer may pay by what takes days. */
  readonly isDelayTaken: boolean;
  /** Whether the buyer wants it back from the bank. */
  readonly isDisputed: boolean;
  /** How often a try at it was declined. */
  readonly declines: number;
}

/** What the buyer, or the buyer's bank, does. */
export const SIMULATED_ACTIONS = [
  'pay',
  'decline',
  'pay_later',
  'pay_by_debit',
  'debit_succeeds',
  'debit_fails',
  'dispute',
] as const;

export type SimulatedAction = (typeof SIMULATED_ACTIONS)[number];

/** What is told of a payment. */
export type SimulatedEventType =
  'payment.succeeded' | 'payment.processing' | 'payment.declined' | 'payment.disputed' | 'refund.created';

/** What an action makes of a payment, and what is told of it; null: nothing. */
interface Step {
  readonly from: SimulatedState;
  readonly to: SimulatedState;
  readonly tells: SimulatedEventType | null;
  /** Why a try is declined. */
  readonly declineCode?: string;
}

export const STEPS: Readonly<Record<SimulatedAction, Step>> = {
  pay: { from: 'open', to: 'succeeded', tells: 'payment.succeeded' },
  decline: { from: 'open', to: 'open', tells: 'payment.declined', declineCode: 'card_declined' },
  pay_later: { from: 'open', to: 'open', tells: null },
  pay_by_debit: { from: 'open', to: 'processing', tells: 'payment.processing' },
  debit_succeeds: { from: 'processing', to: 'succeeded', tells: 'payment.succeeded' },
  dispute: { from: 'succeeded', to: 'succeeded', tells: 'payment.disputed' },
  debit_fails: { from: 'processing', to: 'open', tells: 'payment.declined', declineCode: 'debit_failed' },
};

/** A refund as the simulated provider has it. */
export interface SimulatedRefund {
  readonly id: string;
  /** Our number of it; null where it began at the provider. */
  readonly ownId: number | null;
  readonly amount: string;
}

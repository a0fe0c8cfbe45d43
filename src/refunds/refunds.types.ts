import type { RefundOrder } from '../payment-providers/payment-provider.js';

export type RefundStatus = 'due' | 'sent' | 'confirmed' | 'failed';

export const REFUND_STATUSES: readonly RefundStatus[] = ['due', 'sent', 'confirmed', 'failed'];

/**
 * The only ways a refund changes; the guard of the UPDATE refuses everything else. The provider may confirm what
 * nobody has noted as sent, since operators also use its own pages; a failed refund can be sent again, and fail again.
 */
export const REFUND_TRANSITIONS: Readonly<Record<RefundStatus, readonly RefundStatus[]>> = {
  due: ['sent', 'confirmed', 'failed'],
  sent: ['confirmed', 'failed'],
  failed: ['sent', 'confirmed', 'failed'],
  confirmed: [],
};

/** Money that is owed back for one payment of one order. */
export interface RefundRow extends RefundOrder {
  readonly orderId: number;
  readonly provider: string;
  readonly status: RefundStatus;
  /** Why it failed; null otherwise. */
  readonly reason: string | null;
  /** The provider's number of the refund, when the provider's adapter sent it. */
  readonly providerRefundId: string | null;
  /** Times are UTC as the database prints them. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type NewRefund = Pick<RefundRow, 'orderId' | 'provider' | 'transactionId' | 'amount' | 'currency'>;

/** What is noted with a change of state. */
export type RefundNote = Partial<Pick<RefundRow, 'reason' | 'providerRefundId'>>;

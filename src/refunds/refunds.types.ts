import type { Dispute, RefundOrder } from '../payment-providers/payment-provider.js';

export type RefundStatus = 'due' | 'sent' | 'confirmed' | 'failed';

export const REFUND_STATUSES: readonly RefundStatus[] = ['due', 'sent', 'confirmed', 'failed'];

/**
 * The only ways a refund changes; the guard of the UPDATE refuses everything else. The provider may confirm what
 * nobody has noted as sent, since operators also use its own pages; a failed refund can be sent again, and fail again.
 * A confirmed one can fail still: banks send money back days later.
 */
export const REFUND_TRANSITIONS: Readonly<Record<RefundStatus, readonly RefundStatus[]>> = {
  due: ['sent', 'confirmed', 'failed'],
  sent: ['confirmed', 'failed'],
  failed: ['sent', 'confirmed', 'failed'],
  confirmed: ['failed'],
};

/**
 * Why money goes back: it came when the units were gone, or for more than its customer may have; another payment had paid
 * the order; units of it came back; an operator gave up on matching it; or somebody gave it back at the provider, outside of
 * this service. A payment is owed back once for each cause, but units may come back many times, each by the number of that
 * return, and that it was given back outside may be told many times, each by the provider's number of that refund.
 */
export type RefundCause = 'late' | 'customer_limit' | 'duplicate' | 'returned' | 'operator' | 'outside';

export const REFUND_CAUSES: readonly RefundCause[] = [
  'late',
  'customer_limit',
  'duplicate',
  'returned',
  'operator',
  'outside',
];

/** What names a payment. */
export interface PaymentName {
  readonly provider: string;
  /** The provider's number of it. */
  readonly transactionId: string;
}

/** The name as one text, to find it by. */
export function keyOf({ provider, transactionId }: PaymentName): string {
  return `${provider} ${transactionId}`;
}

/** A payment, from when anything is known of it that counts. */
export interface PaymentRow extends PaymentName {
  readonly id: number;
  /** The order that it is for; null while nobody has told. */
  readonly orderId: number | null;
  /** What was paid, as a decimal string; null while nobody has told. */
  readonly amount: string | null;
  readonly currency: string | null;
  /** What of it has gone back, as far as anybody has told. */
  readonly amountRefunded: string;
  /** When a refund of it last came back, by the provider's clock, as the database prints it. */
  readonly refundFailedAt: string | null;
  /** That its buyer has disputed it at the bank, as far as anybody has told; null: not so. */
  readonly dispute: Dispute | null;
}

/** Money that is owed back for one payment. */
export interface RefundRow extends Omit<RefundOrder, 'paid' | 'others'>, PaymentName {
  /** Null when the payment's order is not known. */
  readonly orderId: number | null;
  readonly cause: RefundCause;
  /** Which of several of one cause: the number of the return; of `outside` the provider's number of the refund as first told, or that nobody told of it. The rest of a refund says of which try. */
  readonly causeRef: string;
  readonly status: RefundStatus;
  /** Why it failed; null otherwise. */
  readonly reason: string | null;
  /** The provider's number of the refund, when the provider's adapter sent it, or the provider told. */
  readonly providerRefundId: string | null;
  /**
   * Whether it is confirmed by the figure of what went back alone, which does not tell by which refunds it did; or sent, as its
   * provider says, by refunds of others.
   */
  readonly isCounted: boolean;
  /** Times are UTC as the database prints them. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A refund beside what is known of its payment. */
export type RefundOfPayment = RefundRow & {
  readonly amountPaid: string | null;
  readonly amountRefunded: string | null;
};

export type NewRefund = Pick<RefundRow, 'orderId' | 'provider' | 'transactionId' | 'amount' | 'currency' | 'cause'> &
  Partial<Pick<RefundRow, 'causeRef'>>;

/** A payment of which more has gone back than is known here by the numbers of its refunds. */
export type UnreadPayment = PaymentName & {
  readonly id: number;
  readonly orderId: number | null;
  /** From when on the provider's list is to be read, as the database prints it; it changes with each news. */
  readonly dueAt: string;
};

/** What is noted with a change of state. */
export type RefundNote = Partial<Pick<RefundRow, 'reason' | 'providerRefundId'>>;

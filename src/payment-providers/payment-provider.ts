import { ValidationError } from '../common/problem.js';

/** Names of headers are in lower case; a header that came twice is an array or one text joined by a comma. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A notice as it came: signatures are over `rawBody`, `body` is the same parsed. */
export interface RawNotice {
  readonly headers: Headers;
  readonly rawBody: string;
  readonly body: unknown;
}

/** What a provider says happened to a payment, in our words. */
export interface PaymentEvent {
  readonly provider: string;
  /** Names the event: the same id never has a second effect. At most 255 visible ASCII characters. */
  readonly eventId: string;
  /** Whether the adapter made `eventId` itself of what the event says, since its sender named it by nothing. */
  readonly isKeyDerived?: boolean;
  /** The provider's own word for what happened. */
  readonly type: string;
  /**
   * `failed`: the payment failed, and no other try of it is to be waited for unless the operator says so; `declined`: one
   * try did, and others may follow; `processing`: it takes days; `canceled` and `expired`: nobody can pay by it any more;
   * `refunded`: money went back, `amount` of it in all; `refund_made`: a refund over `amount` was made, whoever asked for
   * it; `refund_failed`: one over `amount` did not stay with the buyer; `disputed`: the buyer's bank wants it back, or does
   * so no more;
   * `unhandled`: nothing that an order depends on.
   */
  readonly status: PaymentStatus;
  /** Null when the event names none of our orders. */
  readonly orderId: number | null;
  /** The order's `payment_reference`, where the event has one that can be read. */
  readonly reference?: string | null;
  /** Why the event is no concern of this service; null when it may be. At most 60 characters. */
  readonly disregarded?: string | null;
  /** What of it can't be read, so that no payment may count by it; null when all can. */
  readonly unreadable?: 'reference' | 'amount' | null;
  readonly transactionId: string;
  /** Why a try was declined, as the provider calls it, when it tells. */
  readonly declineCode?: string | null;
  /** Of one refund: the provider's number of it, ours, where the provider has it, and why it failed. */
  readonly refund?: { readonly id: string | null; readonly ownId: number | null; readonly reason: string | null };
  /** What the provider tells of a dispute beyond that there is one. */
  readonly dispute?: Dispute;
  /** Decimal string, when the provider tells it. */
  readonly amount: string | null;
  /** ISO 4217 code, when the provider tells it. */
  readonly currency: string | null;
  /** ISO 8601 in UTC, when the provider tells it. */
  readonly occurredAt: string | null;
  /** The provider's name of the account whose payment it is, when it tells it. */
  readonly account?: string | null;
  /** What the shop has written to the payment, for the operator. */
  readonly metadata?: Readonly<Record<string, unknown>> | null;
}

type PaymentStatus =
  | 'success'
  | 'failed'
  | 'declined'
  | 'processing'
  | 'canceled'
  | 'expired'
  | 'refunded'
  | 'refund_made'
  | 'refund_failed'
  | 'disputed'
  | 'unhandled';

/** What the bank has decided: for the shop, for the buyer, or nothing, since the buyer's question came to no dispute. */
export const DISPUTE_STATUSES = ['open', 'won', 'lost', 'closed'] as const;

export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

/** A payment that its buyer wants back from the bank. */
export interface Dispute {
  /** The provider's number of it; null where it has none, or nobody has told. */
  readonly id: string | null;
  readonly status: DisputeStatus;
  /** Why, in the provider's word; null where nobody has told. */
  readonly reason: string | null;
}

/** A refund as its provider has it. */
export interface MadeRefund {
  /** The provider's number of it, and ours, where the provider has that. */
  readonly refundId: string;
  readonly ownId: number | null;
  /** Decimal string. */
  readonly amount: string;
  /** ISO 4217 code. */
  readonly currency: string;
}

/** Money that is to be given back. */
export interface RefundOrder {
  readonly id: number;
  readonly transactionId: string;
  /** Decimal string; null: all that was paid. */
  readonly amount: string | null;
  readonly currency: string;
  /** What was paid, as far as it is known: no refund may ask for more than has not gone back of it. */
  readonly paid: string | null;
  /** Counts the tries: each that failed for good is followed by a new one. */
  readonly attempt: number;
  /** Numbers of the payment's refunds that are known to have given back something else, also where they have ours. */
  readonly others: readonly string[];
}

/** How a buyer pays: by the shop's own form, or on a page of the provider's. */
export type SessionKind = 'intent' | 'checkout';

/** What a buyer is to pay, and by what. */
export interface SessionRequest {
  readonly kind: SessionKind;
  readonly holdId: string;
  readonly orderId: number;
  readonly reference: string;
  /** What is bought, for the buyer to read. */
  readonly title: string;
  /** Decimal string. */
  readonly amount: string;
  readonly currency: string;
  /** Where the page of the provider sends the buyer afterwards. */
  readonly returnUrl: string | null;
  /** Whether the buyer may pay by what takes days, such as a bank debit. */
  readonly isDelayTaken: boolean;
  /** Counts the tries of which the provider has said for certain that they failed; each that follows is a new one. */
  readonly attempt: number;
  /** For how long this try has been repeated, in seconds: a provider forgets after a while what it was asked. */
  readonly askedForSeconds: number;
}

/** A session as its provider has it, and what the buyer pays by. */
export interface MadeSession {
  readonly sessionId: string;
  readonly clientSecret: string | null;
  readonly url: string | null;
}

/** What has become of a session: nobody pays by a cancelled one any more. */
export interface SessionReport {
  readonly state: 'open' | 'processing' | 'succeeded' | 'cancelled';
  /** What was paid, by the provider's number of the payment; null while nothing is. */
  readonly payment: { readonly transactionId: string; readonly amount: string; readonly currency: string } | null;
}

/** How one payment provider speaks. Implement it in a file of its own and name it in `payment-providers.ts`. */
export interface PaymentProvider {
  /** Its notices come to `/api/payments/webhook/<name>`. At most 20 letters. */
  readonly name: string;

  /** Its own secrets, each valid at once so that they can be rotated; what another provider signs with is none of them. */
  readonly secrets: readonly string[];

  /** Whether the notice is signed with one of the secrets, and recently. Must take constant time over them. */
  isAuthentic(notice: RawNotice, nowSeconds: number): boolean;

  /** @throws ValidationError when an authentic notice can not be read, and its sender can mend that. */
  toEvent(notice: RawNotice): PaymentEvent;

  /**
   * Gives money back, and returns the refund, which is over less than was asked for where no more was left of the payment;
   * null when it had been given back already. The same attempt at a refund may be sent again, however much later: the money
   * must move once. Without this method the operator sends refunds by other means.
   *
   * @throws RefundRefusedError when this attempt has failed for good, UnavailableError when nobody can know.
   */
  sendRefund?(refund: RefundOrder): Promise<MadeRefund | null>;

  /**
   * The refunds of a payment, oldest first, whoever made them, but those whose money has come back. A provider that tells how much went
   * back in all, and not by which refunds, is asked for them by this.
   *
   * @throws RefundRefusedError when the provider knows no such payment, UnavailableError when it does not answer.
   */
  findRefunds?(transactionId: string): Promise<readonly MadeRefund[]>;

  /** What it knows of payments, to compare it with what is known here. */
  readonly payments?: PaymentListPort;

  /** How its sessions are made and ended; without it the shop makes them by itself. */
  readonly sessions?: PaymentSessionsPort;
}

/** A payment as its provider has it now, whoever's it is. */
export interface ListedPayment {
  /** Of what somebody can pay by, and has not begun to: the session's number. */
  readonly transactionId: string;
  /** The `payment_reference` that was written to it; null where none was. */
  readonly reference: string | null;
  readonly state: SessionReport['state'];
  /** What was paid, and what of that went back, as decimal strings. */
  readonly amount: string;
  readonly amountRefunded: string;
  /** ISO 4217 code. */
  readonly currency: string;
  readonly isDisputed: boolean;
}

interface PaymentPage {
  readonly payments: readonly ListedPayment[];
  /** Null on the last page. */
  readonly next: string | null;
}

/** How a provider is asked what it knows of payments. Both throw ProviderUnavailableError. */
export interface PaymentListPort {
  /** Those that were begun at that time or later, a page at a time; `next` of a page asks for the one after it. */
  list(since: Date, after: string | null): Promise<PaymentPage>;

  /** One of them, however old; null where the provider knows none with this number. */
  find(transactionId: string): Promise<ListedPayment | null>;
}

/** All of them throw SessionRefusedError for what the provider refuses for good, and ProviderUnavailableError. */
export interface PaymentSessionsPort {
  /** How often it may be asked in a second, for each of these calls. */
  readonly callsPerSecond: number;

  /** Makes a session. The same attempt may be asked for again, however much later: the buyer must not get two. */
  createSession(request: SessionRequest): Promise<MadeSession>;

  readSession(kind: SessionKind, sessionId: string): Promise<SessionReport>;

  /** Sees to it that nobody can pay by the session, unless somebody has, or is about to: then it tells that. */
  cancelSession(kind: SessionKind, sessionId: string): Promise<SessionReport>;
}

/** A notice whose sender is ours alone names an order and the reference of another one. */
export class ReferenceMismatchError extends ValidationError {
  constructor() {
    super('The notice is not valid: payment_reference is not that of the order.', [
      { field: 'payment_reference', message: 'is not that of the order' },
    ]);
  }
}

/** The provider said no; the message is its reason. */
export class RefundRefusedError extends Error {}

/** The provider makes no such session; the message is its reason. */
export class SessionRefusedError extends Error {}

/**
 * Nobody can know what the provider did. `busy`: nothing, for it is asked too often; `failed`: it says itself that it broke,
 * and says so again to the same attempt; `away`: it did not answer, or to none of our calls.
 */
export class ProviderUnavailableError extends Error {
  constructor(
    readonly reason: 'busy' | 'failed' | 'away',
    readonly retryAfterMs: number,
    cause: unknown,
  ) {
    super(`The payment provider is ${reason}`, { cause });
  }
}

import type { Act } from '../../access/operator.js';
import { addSeconds, databaseTime } from '../../database/sql.js';
import type { Settlement, StockedOrderRow, UnderWay } from '../../orders/orders.types.js';
import type { SettlementStock } from '../../orders/settling/settlement.js';
import type { PaymentEvent } from '../../payment-providers/payment-provider.js';
import type { PaymentLedger, TakenPayment } from '../../refunds/payment-ledger.js';
import { settlementByMoney } from '../../refunds/refunds.service.js';
import type { NewRefund } from '../../refunds/refunds.types.js';
import { IdempotencyKeyReusedError } from '../../idempotency/idempotency.errors.js';
import { contentHash } from '../notice-identity.js';
import { isReferenceOf, judgeBelonging, NO_REFERENCE } from './belonging-decision.js';
import { decideMoneyBack, isAboutMoneyBack } from './money-back-decision.js';
import { decidePayment, isOfAnother, OF_ANOTHER_ORDER, type PaymentPolicy } from './payment-decision.js';
import { PaymentEventNotAcceptableError, PaymentEventNotOwedError } from '../webhooks.errors.js';
import type { NewLog, VerdictChange } from '../webhooks.repository.js';
import type { Intent, Notice, PaymentAnswer, WebhookLogRow, NoticeVerdict } from '../webhooks.types.js';

/** What a batch is decided on: rows that its transaction has locked, or that only change under these locks. */
export interface NoticeRows {
  readonly orders: readonly StockedOrderRow[];
  readonly logs: readonly WebhookLogRow[];
  /** Payment events in review of the orders that an operator decides about, or that something may end. */
  readonly inReview: readonly WebhookLogRow[];
  readonly payments: PaymentLedger;
  /** Null when no decision of the batch can depend on the stock. */
  readonly stock: SettlementStock | null;
}

/** The operator's terms for payments. */
export interface NoticePolicy extends PaymentPolicy {
  /** How long before its order a notice may come. */
  readonly earlySeconds: number;
  /** Of money that tells none, and is for no order: an ISO 4217 code. */
  readonly currency: string;
}

/** What an operator did to a payment event. */
export interface OperatorsVerdict {
  readonly act: Act;
  readonly intent: Intent;
  readonly id: number;
  readonly before: NoticeVerdict;
  readonly after: NoticeVerdict;
}

type Known = NoticeVerdict & {
  readonly hash: string;
  readonly id: number | null;
  /** When it came, by the database's clock; null in the batch that it came with. */
  readonly created_at: string | null;
};

/** A batch of notices being decided one after the other; at the end it tells what is to be written. */
export class NoticeBatch {
  readonly inserted: NewLog[] = [];
  readonly changed: VerdictChange[] = [];
  readonly settlements: Settlement[] = [];
  /** What operators did to payment events that are stored. */
  readonly acts: OperatorsVerdict[] = [];
  /** Orders whose money a person has to look at. */
  readonly underReview = new Set<number>();
  /** Payments under way that keep their orders. */
  readonly underWay: UnderWay[] = [];
  /** Tries that failed of orders that stay unpaid, and why they did, as the provider calls it. */
  readonly declined: { readonly order: StockedOrderRow; readonly code: string | null }[] = [];
  /** Orders of which an operator has decided a payment event. */
  private readonly reviewed = new Set<number>();
  private readonly orders: Map<number | null, StockedOrderRow>;
  private readonly known: Map<string, Known>;

  constructor(
    private readonly rows: NoticeRows,
    private readonly policy: NoticePolicy,
  ) {
    this.orders = new Map(rows.orders.map((order) => [order.id, order]));
    // The hash is made anew, since how it is made may have changed since the payment event was stored.
    this.known = new Map(rows.logs.map((log) => [log.idempotency_key, { ...log, hash: contentHash(log.event) }]));
  }

  /** Orders that no money keeps any more: what a person had to look at of them is decided. */
  get released(): ReadonlySet<number> {
    return new Set([...this.reviewed].filter((id) => !this.isKeptForReview(id)));
  }

  /** Whether a person has to look at money of an order: of an earlier batch, or of this one. */
  private isKeptForReview(id: number): boolean {
    const keeps = (log: WebhookLogRow): boolean => {
      const { status, reason, order_status } = this.known.get(log.idempotency_key) ?? log;
      if (log.order_id !== id || log.event.status !== 'success' || status !== 'review') return false;
      // As keepForReview: what came when the order was not there, or not unpaid, has not kept it from its deadline either.
      return order_status === 'pending_payment' && !KEEPS_NOTHING.has(reason);
    };
    return this.underReview.has(id) || this.rows.inReview.some(keeps);
  }

  take(notice: Notice): PaymentAnswer | Error {
    const { event, key, hash, intent } = notice;
    const known = this.known.get(key);
    if (known !== undefined && known.hash !== hash) return this.takeOther(notice);
    if (known !== undefined && isSettled(known, intent)) {
      // Asked for again, what the operator did is no mistake; of anything else it would look as if money went back.
      if (intent === 'refund' && known.reason !== GIVEN_BACK) return new PaymentEventNotOwedError();
      if (intent === 'accept' && known.reason !== ACCEPTED) return new PaymentEventNotAcceptableError();
      return { result: 'duplicate', orderId: known.order_id, orderStatus: known.order_status };
    }
    const verdict = this.judge(event, intent, known);
    if (verdict instanceof Error) return verdict;
    if (verdict.status !== 'pending_order') return this.settle(notice, verdict);
    if (known === undefined) this.note(notice, { ...verdict, order_id: event.orderId });
    return { result: 'pending_order' };
  }

  private judge(event: PaymentEvent, intent: Intent, known: Known | undefined): NoticeVerdict | Error {
    if (intent === 'refund') return this.owe(event, known?.created_at ?? null);
    return intent === 'accept' ? this.accept(event) : this.decide(event, known);
  }

  /**
   * Another payment event has the key. Where the key was made of what the notice says, both are true of one payment,
   * and nobody but a person can tell what the second one means: it is kept, once. A sender who chooses keys is told.
   */
  private takeOther(notice: Notice): PaymentAnswer | Error {
    const { event, otherKey } = notice;
    if (otherKey === null) return new IdempotencyKeyReusedError('payment event');
    const other: Notice = { ...notice, event: { ...event, eventId: otherKey }, key: otherKey, otherKey: null };
    if (this.known.has(otherKey)) return this.take(other);
    const order = this.orders.get(event.orderId);
    const about = { order_id: event.orderId, order_status: order?.status ?? null };
    this.keepForReview(event, order);
    const reason = isOfAnother(order, this.rows.payments.find(event)) ? OF_ANOTHER_ORDER : TOLD_OTHERWISE;
    return this.settle(other, { status: 'review', outcome: 'review', reason, ...about });
  }

  private settle(notice: Notice, verdict: NoticeVerdict): PaymentAnswer {
    this.note(notice, verdict);
    return { result: verdict.outcome!, orderId: verdict.order_id, orderStatus: verdict.order_status };
  }

  private decide(event: PaymentEvent, known: Known | undefined): NoticeVerdict | Error {
    const cameAt = known?.created_at ?? null;
    if (isAboutMoneyBack(event)) return this.takeMoneyBack(event);
    const order = this.orders.get(event.orderId);
    const verdict = judgeBelonging(event, order, cameAt !== null);
    if (verdict instanceof Error) return verdict;
    if (verdict !== null) {
      // What is not ours keeps no order of ours, whatever number it names.
      if (event.unreadable === 'amount' && verdict.order_id !== null) this.keepForReview(event, order);
      return verdict;
    }
    if (order === undefined) return PENDING;
    if (cameAt !== null && this.isTooEarlyFor(order, cameAt, event))
      return { ...TOO_EARLY, order_id: order.id, order_status: order.status };
    const verdictOfOrder = this.carryOut(event, order, event);
    if (verdictOfOrder.status === 'review') this.keepForReview(event, order);
    // A try that ends nothing is ignored, and yet was told: decided anew, it is no other one.
    else if (known?.status !== 'processed') this.noteDecline(event, order);
    return verdictOfOrder;
  }

  /** The operator takes the money as it is: it pays its order, by the late rule where that is cancelled. */
  private accept(event: PaymentEvent): NoticeVerdict | Error {
    const order = this.orders.get(event.orderId);
    if (event.status !== 'success' || order === undefined || !this.mayPay(event, order)) {
      return new PaymentEventNotAcceptableError();
    }
    this.reviewed.add(order.id);
    const verdict = this.carryOut(event, order, { ...event, amount: null, occurredAt: null }, true);
    return { ...verdict, reason: verdict.reason ?? ACCEPTED };
  }

  /** Decides by what counts as said, and does it with what was said. */
  private carryOut(
    event: PaymentEvent,
    order: StockedOrderRow,
    counted: PaymentEvent,
    isAccepted = false,
  ): NoticeVerdict {
    const { payments, stock } = this.rows;
    const facts = payments.find(event);
    const decision = decidePayment(counted, this.policy, {
      order,
      payment: facts && { ...facts, isOwed: payments.isOwed(event) },
      amountPaid: event.amount ?? order.amount,
      isAccepted,
      isUnderReview: () => this.isKeptForReview(order.id),
      available: () => stock!.available(order),
      isWithinLimit: () => stock!.isWithinLimit(order),
    });
    const { result: outcome, reason, orderStatus, settlement, isProcessing, owed } = decision;
    if (isProcessing) this.noteProcessing(event, order);
    if (settlement !== null) this.settleOrder(settlement);
    // A success that does nothing is of a payment that has its row, or whose money is back: that it is told stays known. Where
    // it has none, it was told by another way (the shop that orders, another provider), and is no second payment.
    const isToldTwice = outcome === 'ignored' && facts === undefined;
    // What an operator takes although nobody can read it counts as what was due.
    const told = isAccepted ? { ...event, unreadable: null } : event;
    if (event.status === 'success' && outcome !== 'review' && !isToldTwice) payments.take(this.paymentOf(told, order));
    if (owed !== null) payments.owe({ ...this.debtOf(event, order), cause: owed });
    const about = { order_id: order.id, order_status: orderStatus };
    return { status: outcome === 'review' ? 'review' : 'processed', outcome, reason, ...about };
  }

  /** Notes what went back of a payment, which says whose order it is; what the event itself names is not asked. */
  private takeMoneyBack(event: PaymentEvent): NoticeVerdict {
    const { payments } = this.rows;
    const { reference = null } = event;
    const named = this.orders.get(event.orderId);
    const known = payments.find(event)?.orderId ?? null;
    const isOurs = known !== null || payments.isOwed(event) || (reference !== null && isReferenceOf(named, reference));
    const { result: outcome, reason } = decideMoneyBack(event, payments, isOurs);
    const order = this.orders.get(known);
    if (order !== undefined) this.settleByMoney(order);
    const about = { order_id: known, order_status: this.orders.get(known)?.status ?? null };
    return { status: outcome === 'review' ? 'review' : 'processed', outcome, reason, ...about };
  }

  private settleByMoney(order: StockedOrderRow): void {
    const settlement = settlementByMoney(order, this.rows.payments);
    if (settlement !== null) this.settleOrder(settlement);
  }

  /** Whether an event can be of this order at all: in its currency, not with the reference of another, whose money it is not. */
  private mayPay(event: PaymentEvent, order: StockedOrderRow): boolean {
    const { reference = null } = event;
    if (reference !== null && !isReferenceOf(order, reference)) return false;
    if (event.currency !== null && event.currency !== order.currency) return false;
    return !isOfAnother(order, this.rows.payments.find(event));
  }

  private noteProcessing({ occurredAt }: PaymentEvent, order: StockedOrderRow): void {
    const since = occurredAt && databaseTime(occurredAt);
    this.underWay.push({ order, since });
    this.orders.set(order.id, { ...order, processing_at: since ?? order.created_at });
  }

  private noteDecline({ status, declineCode = null }: PaymentEvent, { id }: StockedOrderRow): void {
    const order = this.orders.get(id)!;
    if (!IS_ATTEMPT.has(status) || order.status !== 'pending_payment') return;
    this.declined.push({ order, code: declineCode });
  }

  /** Somebody has paid something for it: the units must not go to another buyer before a person has looked. */
  private keepForReview(event: PaymentEvent, order: StockedOrderRow | undefined): void {
    if (event.status !== 'success' || order?.status !== 'pending_payment') return;
    if (!isOfAnother(order, this.rows.payments.find(event))) this.underReview.add(order.id);
  }

  /**
   * Whether the order was made so long after the notice came that the notice can't mean it: nobody knows a number
   * long before its COMMIT, and a database that was restored gives numbers out again. A number that another
   * buyer's order has now must not make that order paid or cancelled. The reference of the order is proof enough.
   */
  private isTooEarlyFor(order: StockedOrderRow, cameAt: string, { reference = null }: PaymentEvent): boolean {
    return reference === null && addSeconds(cameAt, this.policy.earlySeconds) < order.created_at;
  }

  /**
   * The operator gives up on matching the money: it is owed back, and its order stays as it is. Money that has paid an
   * order, or is owed back already, is no longer to be matched. Money that is of no order of ours can be owed back, too.
   */
  private owe(event: PaymentEvent, cameAt: string | null): NoticeVerdict | Error {
    const { payments } = this.rows;
    if (event.status !== 'success' || (event.disregarded ?? null) !== null) return new PaymentEventNotOwedError();
    const order = this.orderOf(event, cameAt);
    const isOwed = payments.isOwed(event);
    const takenFor = payments.find(event)?.orderId ?? null;
    if (takenFor !== null && !isOwed) return new PaymentEventNotOwedError();
    const payment = this.paymentOf(event, order);
    payments.take(payment);
    const isNew = !isOwed && payments.owe({ ...this.debtOf(event, order), cause: 'operator' });
    const about = { order_id: payment.orderId, order_status: order?.status ?? null };
    if (order !== undefined) {
      this.reviewed.add(order.id);
      this.settleByMoney(order);
    }
    if (isNew) return { status: 'processed', outcome: 'applied', reason: GIVEN_BACK, ...about };
    const reason = isOwed ? 'the refund of this payment is known' : 'the payment went back before it was told';
    return { status: 'processed', outcome: 'ignored', reason, ...about };
  }

  /** The order that an event is for: one that was made long after it, or whose reference is another, it is not for. */
  private orderOf(event: PaymentEvent, cameAt: string | null): StockedOrderRow | undefined {
    const { orderId, reference = null } = event;
    const order = this.orders.get(orderId);
    if (order === undefined || (reference !== null && !isReferenceOf(order, reference))) return undefined;
    return cameAt !== null && this.isTooEarlyFor(order, cameAt, event) ? undefined : order;
  }

  /** What was paid is not known where the amount can't be read; a generic notice that tells none is believed. */
  private paymentOf(event: PaymentEvent, order: StockedOrderRow | undefined): TakenPayment {
    const { provider, transactionId, unreadable = null } = event;
    return {
      provider,
      transactionId,
      orderId: order?.id ?? null,
      amount: unreadable === 'amount' ? null : (event.amount ?? order?.amount ?? null),
      currency: event.currency ?? order?.currency ?? this.policy.currency,
    };
  }

  private debtOf(event: PaymentEvent, order: StockedOrderRow | undefined): Omit<NewRefund, 'cause'> {
    const { currency, ...payment } = this.paymentOf(event, order);
    return { ...payment, currency: currency ?? this.policy.currency };
  }

  private settleOrder(settlement: Settlement): void {
    const { order, to } = settlement;
    this.push(settlement);
    this.rows.stock?.take(settlement);
    const paid_transaction_id = settlement.to === 'paid' ? settlement.transactionId : order.paid_transaction_id;
    this.orders.set(order.id, { ...order, status: to, paid_transaction_id });
  }

  /** Money that went back and is owed again in one batch takes its order from where it stood to where it ends. */
  private push(settlement: Settlement): void {
    const { order, to } = settlement;
    const index = this.settlements.findLastIndex((earlier) => earlier.order.id === order.id);
    const [earlier] = order.status === 'refunded' && index >= 0 ? this.settlements.splice(index, 1) : [];
    const whole = { ...settlement, order: earlier?.order ?? order };
    if (whole.order.status !== to) this.settlements.push(whole);
  }

  private note({ event, key, hash, intent, act }: Notice, verdict: NoticeVerdict): void {
    const known = this.known.get(key);
    if (act !== null && known?.id != null) this.acts.push({ act, intent, id: known.id, before: known, after: verdict });
    if (known?.id != null) this.changed.push({ id: known.id, from: known.status, verdict });
    else this.inserted.push({ event, key, hash, ...verdict });
    this.known.set(key, { ...verdict, hash, id: known?.id ?? null, created_at: known?.created_at ?? null });
  }
}

/** Whether there is nothing left to decide about a payment event that is known. */
function isSettled({ status, outcome }: NoticeVerdict, intent: Intent): boolean {
  switch (status) {
    case 'pending_order':
    case 'unmatched':
      return false;
    case 'review':
      return intent === 'arrival';
    case 'processed':
      return !(intent === 'replay' && outcome === 'ignored');
  }
}

/** What tells that one try failed; of an order that it has not ended. */
export const IS_ATTEMPT: ReadonlySet<PaymentEvent['status']> = new Set(['declined', 'failed']);

const ACCEPTED = 'the operator accepts it as it is';

const GIVEN_BACK = 'the operator gives it back; refund due';

const TOLD_OTHERWISE = 'the same payment was told with other content';

const TOO_EARLY: NoticeVerdict = {
  status: 'review',
  outcome: 'review',
  reason: 'the order was made long after the notice',
  order_id: null,
  order_status: null,
};

/** Why money is in review that keeps no order: it is another's, or nothing but a number says whose. */
const KEEPS_NOTHING: ReadonlySet<string | null> = new Set([OF_ANOTHER_ORDER, NO_REFERENCE, TOO_EARLY.reason]);

const PENDING: NoticeVerdict = {
  status: 'pending_order',
  outcome: null,
  reason: 'no such order yet',
  order_id: null,
  order_status: null,
};

import { Inject, Injectable, Logger } from '@nestjs/common';
import { AuditService } from '../../access/audit.service.js';
import type { AuditFields } from '../../access/audit.types.js';
import { CONFIG, type Config } from '../../config/config.js';
import { OvertakenError } from '../../database/database-errors.js';
import { type Transaction, Transactions } from '../../database/transactions.js';
import type { GroupCommit } from '../../engine/group-commit.js';
import { GroupCommits } from '../../engine/group-commits.js';
import { attemptNews, processingNews } from '../../orders/order-events.js';
import type { OrderNews, StockedOrderRow } from '../../orders/orders.types.js';
import { Settling } from '../../orders/settling/settling.js';
import type { PaymentEvent } from '../../payment-providers/payment-provider.js';
import { PaymentSessionsService } from '../../payment-sessions/payment-sessions.service.js';
import type { SessionRow } from '../../payment-sessions/payment-sessions.types.js';
import { disputeNews, refundNews } from '../../refunds/refund-events.js';
import { RefundsService } from '../../refunds/refunds.service.js';
import { WebhooksRepository } from '../webhooks.repository.js';
import type { Notice, NoticeVerdict, PaymentAnswer } from '../webhooks.types.js';
import { isAboutMoneyBack } from './money-back-decision.js';
import { IS_ATTEMPT, NoticeBatch, type NoticeRows } from './notice-batch.js';
import { isFailure } from './payment-decision.js';

/** With the sessions of orders whose buyers failed to pay by them, by their holds. */
type Gathered = NoticeRows & { readonly sessions: Map<string, SessionRow> };

/** What may cancel an order. */
const ENDING: ReadonlySet<PaymentEvent['status']> = new Set(['failed', 'canceled', 'expired']);

/** What becomes of notices: their group commit, in five steps. What each does is decided by `NoticeBatch`. */
@Injectable()
export class Deciding {
  private readonly logger = new Logger('Notices');
  private readonly line: GroupCommit<Notice, PaymentAnswer>;

  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly settling: Settling,
    private readonly sessions: PaymentSessionsService,
    private readonly refunds: RefundsService,
    private readonly transactions: Transactions,
    private readonly audit: AuditService,
    @Inject(CONFIG) private readonly config: Config,
    groupCommits: GroupCommits,
  ) {
    this.line = groupCommits.create(
      'payment_notices',
      (batch) => this.commit(batch),
      (batch) => this.findRows(batch),
    );
  }

  /** Answers after the commit. */
  submit(notice: Notice): Promise<PaymentAnswer> {
    return this.line.submit(notice);
  }

  /**
   * One transaction that decides a batch of notices in the order they came.
   *
   * Each has one effect at most: the row lock on the order serializes all notices of that order, here and in other
   * instances, and what was stored about their keys and payments is read once that lock is granted. Notices of an order
   * that doesn't exist yet have no such lock; there the unique key lets one insert win, and the loser's transaction
   * runs again and finds it. Storing and applying commit together or not at all.
   *
   * A payment pays one order: its row is locked after the orders, so that two orders which are told the same payment
   * wait for one another there, or, while it has no row, at its unique key. What tells that money went back need not
   * name the order; whose it is its payment says, which is asked before the transaction so that orders are locked first
   * all the same. A payment that was given an order since is noticed, and the transaction starts over.
   */
  private async commit(batch: readonly Notice[]): Promise<(PaymentAnswer | Error)[]> {
    const named = batch.flatMap(({ event }) => event.orderId ?? []);
    const orderIds = [...named, ...(await this.findPaidOrders(batch)).filter((id) => id !== null)];
    return this.transactions.once(async (tx) => {
      const rows = await this.gather(tx, batch, orderIds);
      const decided = new NoticeBatch(rows, this.config.payments);
      const answers = batch.map((notice) => decided.take(notice));
      this.write(tx, decided, rows);
      await tx.commit();
      this.tell(tx, answers);
      return answers;
    });
  }

  /** Of each notice that money went back the order of its payment, as of now; null where there is none, and of others. */
  private async findPaidOrders(batch: readonly Notice[]): Promise<(number | null)[]> {
    const told = batch.filter(({ event }) => isAboutMoneyBack(event));
    const ids = await this.refunds.findOrderIds(told.map(({ event }) => event));
    const byNotice = new Map(told.map((notice, index) => [notice, ids[index]!]));
    return batch.map((notice) => byNotice.get(notice) ?? null);
  }

  /** Names of the rows that each notice may have to wait for: those of the order that it names, and of its payment's. */
  private async findRows(batch: readonly Notice[]): Promise<string[][]> {
    const [ofNamed, ofPaid] = await Promise.all([
      this.settling.findRowsToSettle(batch.map(({ event }) => event.orderId)),
      this.findPaidOrders(batch).then((ids) => this.settling.findRowsToSettle(ids)),
    ]);
    return batch.map((_, index) => [...ofNamed[index]!, ...ofPaid[index]!]);
  }

  /** Locks orders, then payments, then sessions by which a try failed, then, where money is late, the stock. */
  private async gather(tx: Transaction, batch: readonly Notice[], orderIds: readonly number[]): Promise<Gathered> {
    const aboutMoneyBack = moneyBackIn(batch);
    const isMoneyGoingBack = aboutMoneyBack.length > 0 || batch.some(({ intent }) => intent === 'refund');
    // Asked for where money in review may be decided, and where something may end an order that such money keeps.
    const mayEnd = batch.some(
      ({ event, intent }) => intent === 'accept' || intent === 'refund' || isFailure(event.status),
    );
    const [orders, logs, payments, inReview] = await Promise.all([
      this.settling.lockOrders(tx, orderIds),
      this.webhooks.findByKeys(
        tx,
        batch.flatMap(({ key, otherKey }) => (otherKey === null ? [key] : [key, otherKey])),
      ),
      this.refunds.lockPayments(
        tx,
        batch.map(({ event }) => event).filter(isOfPayment),
        orderIds,
        isMoneyGoingBack ? orderIds : [],
      ),
      mayEnd && orderIds.length > 0 ? this.webhooks.findInReview(tx, orderIds) : [],
    ]);
    const isOvertaken = aboutMoneyBack.some((event) => {
      const orderId = payments.find(event)?.orderId ?? null;
      return orderId !== null && !orderIds.includes(orderId);
    });
    if (isOvertaken) throw new OvertakenError('A payment was given an order meanwhile');
    const tried = triedIn(batch, orders);
    const rows = tried.length === 0 ? [] : await this.sessions.lock(tx, tried);
    const sessions = new Map(rows.map((row) => [row.holdId, row]));
    const stock = await this.settling.lockForSettlement(tx, orders, lateIn(batch, orders));
    return { orders, logs, inReview, payments, sessions, stock };
  }

  private write(tx: Transaction, decided: NoticeBatch, { orders, payments, sessions, stock }: Gathered): void {
    this.webhooks.insert(tx, decided.inserted);
    for (const change of decided.changed) this.webhooks.changeVerdict(tx, change);
    for (const { act, intent: verb, id, before, after } of decided.acts) {
      const fields = { before: auditFieldsOf(before), after: auditFieldsOf(after) };
      this.audit.record(tx, act, { target: 'payment_event', id, verb, ...fields });
    }
    const { underReview, released } = decided;
    const among = (ids: ReadonlySet<number>): StockedOrderRow[] => orders.filter(({ id }) => ids.has(id));
    this.settling.keepForReview(tx, among(underReview), this.config.payments.reviewSeconds);
    this.settling.keepForReview(tx, among(released), null);
    this.settling.noteProcessing(tx, decided.underWay);
    this.refunds.writeLedger(tx, payments);
    const news = [
      ...this.noteDeclines(tx, decided, sessions),
      ...processingNews(decided.underWay),
      ...refundNews(payments, orders),
      ...disputeNews(payments, orders),
    ];
    this.settling.settle(tx, { settlements: decided.settlements, news, stock });
  }

  /** One after the other: of one session several may be told at once. */
  private noteDeclines(tx: Transaction, { declined }: NoticeBatch, sessions: Map<string, SessionRow>): OrderNews[] {
    return declined.map(({ order, code }) => {
      const session = sessions.get(order.hold_id);
      if (session === undefined) return attemptNews(order, null);
      const payment = this.sessions.noteDecline(tx, session, code);
      sessions.set(order.hold_id, payment);
      return attemptNews(order, payment);
    });
  }

  private tell(tx: Transaction, answers: readonly (PaymentAnswer | Error)[]): void {
    const duplicates = answers.filter((answer) => !(answer instanceof Error) && answer.result === 'duplicate').length;
    if (duplicates === 0) return;
    const about = { duplicates, notices: answers.length };
    tx.afterCommit(() => this.logger.log(about, 'Repeated payment notices had no effect'));
  }
}

function auditFieldsOf({ status, outcome, reason, order_id, order_status }: NoticeVerdict): AuditFields {
  return { status, outcome, reason, order_id, order_status };
}

/** Whether an event says something of a payment as such, which may be known to be another order's, rather than of a try at one. */
function isOfPayment(event: PaymentEvent): boolean {
  return event.status === 'success' || event.status === 'processing' || isAboutMoneyBack(event);
}

function moneyBackIn(batch: readonly Notice[]): PaymentEvent[] {
  return batch.map(({ event }) => event).filter(isAboutMoneyBack);
}

/** The holds of orders whose sessions are made here, of which a try failed or is under way. */
function triedIn(batch: readonly Notice[], orders: readonly StockedOrderRow[]): string[] {
  const told = batch.filter(({ event: { status } }) => IS_ATTEMPT.has(status) || status === 'processing');
  const tried = new Set(told.map(({ event }) => event.orderId));
  return orders
    .filter(({ id, payment_provider }) => payment_provider !== null && tried.has(id))
    .map(({ hold_id }) => hold_id);
}

/** The orders to which money comes late: they are cancelled, or may be by an earlier notice of the batch. */
function lateIn(batch: readonly Notice[], orders: readonly StockedOrderRow[]): StockedOrderRow[] {
  const failing = new Set(batch.filter(({ event }) => ENDING.has(event.status)).map(({ event }) => event.orderId));
  const declined = new Set(batch.filter(({ event }) => event.status === 'declined').map(({ event }) => event.orderId));
  const paying = new Set(batch.filter(({ event }) => event.status === 'success').map(({ event }) => event.orderId));
  return orders.filter(({ id, status, processing_seconds }) => {
    // A decline ends an order whose payment is under way, as it may be by an earlier notice of the batch.
    const mayEnd = failing.has(id) || (declined.has(id) && (processing_seconds ?? 0) > 0);
    return paying.has(id) && (status === 'cancelled' || mayEnd);
  });
}

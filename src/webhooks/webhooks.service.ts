import { Inject, Injectable, Logger } from '@nestjs/common';
import type { GroupCommit } from '../engine/group-commit.js';
import { inSteps } from '../common/in-steps.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { CONFIG, type Config } from '../config/config.js';
import { OvertakenError } from '../database/database-errors.js';
import { GroupCommits } from '../engine/group-commits.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { HoldsService } from '../holds/holds.service.js';
import { IdempotencyKeyReusedError } from '../idempotency/idempotency.errors.js';
import { OrdersService } from '../orders/orders.service.js';
import type { StockedOrderRow } from '../orders/orders.types.js';
import { ProductsService } from '../products/products.service.js';
import type { StockLedger } from '../products/stock-ledger.js';
import type { PaymentEvent } from '../payment-providers/payment-provider.js';
import { RefundsService } from '../refunds/refunds.service.js';
import { isAboutMoneyBack } from './deciding/money-back-decision.js';
import { NoticeBatch } from './deciding/notice-batch.js';
import { toNotice } from './notice-identity.js';
import { NoticeCounts } from './notice-counts.js';
import { PaymentEventNotFoundError } from './webhooks.errors.js';
import { WebhooksRepository } from './webhooks.repository.js';
import type { Intent, Notice, PaymentAnswer, WebhookLogRow, WebhookLogStatus } from './webhooks.types.js';

/** What may cancel an order. */
const ENDING: ReadonlySet<PaymentEvent['status']> = new Set(['failed', 'canceled', 'expired']);

/** Whether an event says something of a payment as such, rather than of a try at one. */
function isOfPayment(event: PaymentEvent): boolean {
  return event.status === 'success' || isAboutMoneyBack(event);
}

/** How many waiting notices one step of the reconciliation takes. */
const RECONCILE_STEP = 500;

/** Payment events: kept and applied in one transaction, each at most once, in whatever order they come. */
@Injectable()
export class WebhooksService {
  private readonly logger = new Logger('Notices');
  private readonly notices: GroupCommit<Notice, PaymentAnswer>;
  private readonly newOrders = new Set<number>();
  private reconciling: Promise<void> | undefined;

  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly orders: OrdersService,
    private readonly holds: HoldsService,
    private readonly products: ProductsService,
    private readonly refunds: RefundsService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
    private readonly counts: NoticeCounts,
    groupCommits: GroupCommits,
  ) {
    this.notices = groupCommits.create(
      'payment_notices',
      (batch) => this.commit(batch),
      (batch) => this.orders.findRowsToSettle(batch.map(({ event }) => event.orderId)),
    );
    this.orders.onOrdersCreated((orderIds) => this.reconcileInBackground(orderIds));
  }

  /**
   * Stores what the notice says and applies it; answers after the commit.
   *
   * @throws IdempotencyKeyReusedError
   */
  async handleNotice(event: PaymentEvent): Promise<PaymentAnswer> {
    const answer = await this.notices.submit(toNotice(event, 'arrival')).catch((error: unknown) => {
      if (error instanceof IdempotencyKeyReusedError) this.counts.add('key_reused');
      throw error;
    });
    this.counts.add(answer.result);
    // The order may have been made between our look for it and our commit, and its own look for waiting
    // notices may have come before that commit. One of the two looks is later than both commits.
    if (answer.result === 'pending_order') this.reconcileInBackground([event.orderId!]);
    return answer;
  }

  /**
   * Applies notices whose order has been made since they came.
   *
   * @returns how many are no longer waiting.
   */
  async reconcilePendingNotices(orderIds: readonly number[] | 'all' = 'all'): Promise<number> {
    const pending = await this.webhooks.findPending(orderIds, RECONCILE_STEP);
    return pending.length - (await this.handIn(pending)).length;
  }

  /**
   * Lists notices as `unmatched` that have waited for their order for longer than WEBHOOK_UNMATCHED_AFTER_SECONDS. Each
   * is tried once more before, and one that is unmatched is still applied when it is sent again or replayed after
   * its order was made.
   *
   * @returns how many were given up on.
   */
  markUnmatched(): Promise<number> {
    return inSteps(RECONCILE_STEP, async () => {
      const overdue = await this.webhooks.findOverdue(this.config.payments.unmatchedAfterSeconds, RECONCILE_STEP);
      const waiting = await this.handIn(overdue);
      return this.webhooks.markUnmatched(waiting.map(({ id }) => id));
    });
  }

  /** A page of the payment events, in one state or any. */
  listPaymentEvents(status: WebhookLogStatus | null, page: PageRequest): Promise<Page<WebhookLogRow>> {
    return readPage(page, (afterId, limit) => this.webhooks.findPage(status, afterId, limit));
  }

  /**
   * Decides a payment event anew that had no effect so far; one that had stays as it is.
   *
   * @throws PaymentEventNotFoundError
   */
  replayPaymentEvent(id: number): Promise<WebhookLogRow> {
    return this.submitAgain(id, 'replay');
  }

  /**
   * Owes the money of a payment event back that could not be matched with its order.
   *
   * @throws PaymentEventNotFoundError, PaymentEventNotOwedError
   */
  refundPaymentEvent(id: number): Promise<WebhookLogRow> {
    return this.submitAgain(id, 'refund');
  }

  /**
   * Pays the order of a payment event under review as if its amount were right.
   *
   * @throws PaymentEventNotFoundError, PaymentEventNotAcceptableError
   */
  acceptPaymentEvent(id: number): Promise<WebhookLogRow> {
    return this.submitAgain(id, 'accept');
  }

  /** Payments that a person has to look at. */
  countPaymentsInReview(): Promise<number> {
    return this.webhooks.countInReview();
  }

  /**
   * Deletes one step of settled payment events that were processed more than `days` days ago.
   *
   * @returns how many were deleted.
   */
  purgeProcessedNotices(days: number, step: number): Promise<number> {
    return this.webhooks.deleteProcessedBefore(days, step);
  }

  private async submitAgain(id: number, intent: Intent): Promise<WebhookLogRow> {
    const { event } = await this.getPaymentEvent(id);
    await this.notices.submit(toNotice(event, intent));
    return this.getPaymentEvent(id);
  }

  private async getPaymentEvent(id: number): Promise<WebhookLogRow> {
    const row = await this.webhooks.findById(id);
    if (row === null) throw new PaymentEventNotFoundError(id);
    return row;
  }

  /** Hands notices in again, in their order, and returns those that still wait. */
  private async handIn(rows: readonly WebhookLogRow[]): Promise<WebhookLogRow[]> {
    const answers = await Promise.all(rows.map(({ event }) => this.notices.submit(toNotice(event, 'arrival'))));
    return rows.filter((_, index) => answers[index]!.result === 'pending_order');
  }

  /** Looks at once for notices that wait for these orders, or, while such a look is under way, with the next one. */
  private reconcileInBackground(orderIds: readonly number[]): void {
    if (orderIds.length === 0) return;
    for (const id of orderIds) this.newOrders.add(id);
    this.reconciling ??= this.reconcileNewOrders();
  }

  private async reconcileNewOrders(): Promise<void> {
    while (this.newOrders.size > 0) {
      const orderIds = [...this.newOrders];
      this.newOrders.clear();
      await this.reconcilePendingNotices(orderIds).catch((error: unknown) => {
        this.logger.warn({ err: error }, 'Waiting notices are left to the periodic reconciliation');
      });
    }
    this.reconciling = undefined;
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
    const events = batch.map(({ event }) => event);
    const aboutMoneyBack = events.filter(isAboutMoneyBack);
    const named = events.flatMap(({ orderId }) => orderId ?? []);
    const orderIds = [...named, ...(await this.refunds.findOrderIds(aboutMoneyBack))];
    const isMoneyGoingBack = aboutMoneyBack.length > 0 || batch.some(({ intent }) => intent === 'refund');
    const answers = await this.transactions.once(async (tx) => {
      const [orders, logs, payments] = await Promise.all([
        orderIds.length === 0 ? [] : this.orders.lockOrders(tx, orderIds),
        this.webhooks.findByKeys(
          tx,
          batch.flatMap(({ key, otherKey }) => (otherKey === null ? [key] : [key, otherKey])),
        ),
        this.refunds.lockPayments(tx, events.filter(isOfPayment), orderIds, isMoneyGoingBack ? orderIds : []),
      ]);
      const isOvertaken = aboutMoneyBack.some((event) => {
        const orderId = payments.find(event)?.orderId ?? null;
        return orderId !== null && !orderIds.includes(orderId);
      });
      if (isOvertaken) throw new OvertakenError('A payment was given an order meanwhile');
      const ledger = await this.lockStockForLateMoney(tx, batch, orders);
      const decided = new NoticeBatch({ orders, logs, payments, ledger }, this.config.payments);
      const answers = batch.map((notice) => decided.take(notice));
      this.webhooks.insert(tx, decided.inserted);
      for (const change of decided.changed) this.webhooks.changeVerdict(tx, change);
      this.orders.keepForReview(tx, decided.underReview, this.config.payments.reviewSeconds);
      this.orders.keepForReview(tx, decided.reviewed, null);
      this.refunds.writeLedger(tx, payments);
      this.orders.settle(tx, decided.settlements, ledger);
      return answers;
    });
    const duplicates = answers.filter((answer) => !(answer instanceof Error) && answer.result === 'duplicate').length;
    if (duplicates > 0)
      this.logger.log({ duplicates, notices: batch.length }, 'Repeated payment notices had no effect');
    return answers;
  }

  /**
   * Money for an order that is cancelled, or may be by an earlier notice of the batch, needs its product's figures.
   * Where it is short of units, expired holds give theirs up as they do for a buyer. A sweep that has them locked is
   * waited for, before the product is locked: money is not owed back while units are on their way.
   */
  private async lockStockForLateMoney(
    tx: Transaction,
    batch: readonly Notice[],
    orders: readonly StockedOrderRow[],
  ): Promise<StockLedger | null> {
    const failing = new Set(batch.filter(({ event }) => ENDING.has(event.status)).map(({ event }) => event.orderId));
    const paying = new Set(batch.filter(({ event }) => event.status === 'success').map(({ event }) => event.orderId));
    const late = orders.filter(({ id, status }) => paying.has(id) && (status === 'cancelled' || failing.has(id)));
    if (late.length === 0) return null;
    await this.holds.waitForExpired(tx, late);
    // All products of the batch, so that ids are locked in ascending order by this one statement.
    const { ledger } = await this.products.lockStock(
      tx,
      orders.map((order) => order.product_id),
    );
    const contended = await this.holds.takeBackExpired(tx, ledger, late);
    // Holds that expired after the wait, and that somebody was quicker to lock.
    if (late.some(({ product_id, qty }) => contended.has(product_id) && ledger.available(product_id)! < qty)) {
      throw new OvertakenError('Expired holds are being decided on that late money needs');
    }
    return ledger;
  }
}

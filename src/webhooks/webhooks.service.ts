import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Act } from '../access/operator.js';
import { inSteps } from '../common/in-steps.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { CONFIG, type Config } from '../config/config.js';
import { IdempotencyKeyReusedError } from '../idempotency/idempotency.errors.js';
import { Ordering } from '../orders/ordering/ordering.js';
import type { PaymentEvent } from '../payment-providers/payment-provider.js';
import { Deciding } from './deciding/deciding.js';
import { toNotice } from './notice-identity.js';
import { NoticeCounts } from './notice-counts.js';
import { PaymentEventNotFoundError } from './webhooks.errors.js';
import { WebhooksRepository } from './webhooks.repository.js';
import type { Intent, PaymentAnswer, WebhookLogRow, WebhookLogStatus } from './webhooks.types.js';

/** Payment events of one order that are told with it. */
const OF_ONE_ORDER_MAX = 100;

/** How many waiting notices one step of the reconciliation takes. */
const RECONCILE_STEP = 500;

/** Payment events: kept and applied in one transaction, each at most once, in whatever order they come. */
@Injectable()
export class WebhooksService {
  private readonly logger = new Logger('Notices');
  private readonly newOrders = new Set<number>();
  private reconciling: Promise<void> | undefined;

  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly deciding: Deciding,
    @Inject(CONFIG) private readonly config: Config,
    private readonly counts: NoticeCounts,
    ordering: Ordering,
  ) {
    ordering.onOrdersCreated((orderIds) => this.reconcileInBackground(orderIds));
  }

  /**
   * Stores what the notice says and applies it; answers after the commit.
   *
   * @throws IdempotencyKeyReusedError
   */
  async handleNotice(event: PaymentEvent): Promise<PaymentAnswer> {
    const answer = await this.deciding.submit(toNotice(event, 'arrival')).catch((error: unknown) => {
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

  /** What payment providers told of an order, oldest first, 100 at most. */
  findEventsOf(orderId: number): Promise<WebhookLogRow[]> {
    return this.webhooks.findByOrderId(orderId, OF_ONE_ORDER_MAX);
  }

  /** A page of the payment events, in one state or any. */
  listPaymentEvents(status: WebhookLogStatus | null, page: PageRequest): Promise<Page<WebhookLogRow>> {
    return readPage(page, (range) => this.webhooks.findPage(status, range));
  }

  /**
   * Decides a payment event anew that had no effect so far; one that had stays as it is.
   *
   * @throws PaymentEventNotFoundError
   */
  replayPaymentEvent(act: Act, id: number): Promise<WebhookLogRow> {
    return this.submitAgain(act, id, 'replay');
  }

  /**
   * Owes the money of a payment event back that could not be matched with its order.
   *
   * @throws PaymentEventNotFoundError, PaymentEventNotOwedError
   */
  refundPaymentEvent(act: Act, id: number): Promise<WebhookLogRow> {
    return this.submitAgain(act, id, 'refund');
  }

  /**
   * Pays the order of a payment event under review as if its amount were right.
   *
   * @throws PaymentEventNotFoundError, PaymentEventNotAcceptableError
   */
  acceptPaymentEvent(act: Act, id: number): Promise<WebhookLogRow> {
    return this.submitAgain(act, id, 'accept');
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

  private async submitAgain(act: Act, id: number, intent: Intent): Promise<WebhookLogRow> {
    const { event } = await this.getPaymentEvent(id);
    await this.deciding.submit(toNotice(event, intent, act));
    return this.getPaymentEvent(id);
  }

  private async getPaymentEvent(id: number): Promise<WebhookLogRow> {
    const row = await this.webhooks.findById(id);
    if (row === null) throw new PaymentEventNotFoundError(id);
    return row;
  }

  /** Hands notices in again, in their order, and returns those that still wait. */
  private async handIn(rows: readonly WebhookLogRow[]): Promise<WebhookLogRow[]> {
    const answers = await Promise.all(rows.map(({ event }) => this.deciding.submit(toNotice(event, 'arrival'))));
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
}

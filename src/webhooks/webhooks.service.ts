import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Act } from '../access/operator.js';
import { failureOf, PartlyDoneError } from '../common/sum-of-all.js';
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
   * @throws PartlyDoneError at the end, where some could not be decided.
   */
  async reconcilePendingNotices(orderIds: readonly number[] | 'all' = 'all'): Promise<number> {
    return this.handIn(
      (after) => this.webhooks.findPending(orderIds, after, RECONCILE_STEP),
      (handed, waiting) => Promise.resolve(handed.length - waiting.length),
    );
  }

  /**
   * Lists notices as `unmatched` that have waited for their order for longer than WEBHOOK_UNMATCHED_AFTER_SECONDS. Each
   * is tried once more before, and one that is unmatched is still applied when it is sent again or replayed after
   * its order was made.
   *
   * @returns how many were given up on.
   * @throws PartlyDoneError at the end, where some could not be decided.
   */
  markUnmatched(): Promise<number> {
    const { unmatchedAfterSeconds } = this.config.payments;
    return this.handIn(
      (after) => this.webhooks.findOverdue(unmatchedAfterSeconds, after, RECONCILE_STEP),
      (_, waiting) => this.webhooks.markUnmatched(waiting.map(({ id }) => id)),
    );
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

  /**
   * Hands notices in again, step by step in their order: one that can't be decided stops none of the others.
   *
   * @param finish takes those of a step that were decided, and of them those that still wait; says how many count.
   * @returns the sum of these.
   * @throws PartlyDoneError at the end, with the numbers of those that could not be decided.
   */
  private async handIn(
    find: (after: number) => Promise<WebhookLogRow[]>,
    finish: (decided: readonly WebhookLogRow[], waiting: readonly WebhookLogRow[]) => Promise<number>,
  ): Promise<number> {
    let done = 0;
    const failed: string[] = [];
    const causes: unknown[] = [];
    for (let after = 0, count = RECONCILE_STEP; count === RECONCILE_STEP;) {
      const rows = await find(after);
      const answers = await Promise.allSettled(
        rows.map(({ event }) => this.deciding.submit(toNotice(event, 'arrival'))),
      );
      const decided = rows.filter((_, index) => answers[index]!.status === 'fulfilled');
      const waiting = rows.filter((_, index) => {
        const answer = answers[index]!;
        return answer.status === 'fulfilled' && answer.value.result === 'pending_order';
      });
      for (const [index, answer] of answers.entries()) {
        if (answer.status === 'fulfilled') continue;
        failed.push(failureOf(`payment event ${rows[index]!.id}`, answer.reason));
        causes.push(answer.reason);
      }
      done += await finish(decided, waiting);
      count = rows.length;
      after = rows.at(-1)?.id ?? after;
    }
    if (failed.length > 0) throw new PartlyDoneError(done, failed, causes);
    return done;
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

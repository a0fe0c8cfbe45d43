import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { GroupCommit } from '../common/group-commit.js';
import { GroupCommits } from '../database/group-commits.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { MetricsService } from '../observability/metrics.service.js';
import type { Tally } from '../observability/samples.js';
import { OrdersService, unitsMovedBy } from '../orders/orders.service.js';
import type { Settlement, StockedOrderRow } from '../orders/orders.types.js';
import { ProductsService } from '../products/products.service.js';
import type { StockLedger } from '../products/stock-ledger.js';
import { decidePayment } from './payment-decision.js';
import { IdempotencyKeyReusedError } from './webhooks.errors.js';
import { type NewLog, WebhooksRepository } from './webhooks.repository.js';
import type { PaymentAnswer, PaymentEvent, WebhookLogRow, WebhookVerdict } from './webhooks.types.js';

/** How many waiting events one step of the reconciliation takes. */
const RECONCILE_STEP = 500;

interface Notice {
  readonly event: PaymentEvent;
  readonly hash: string;
}

/** Payment events: kept and applied in one transaction, each at most once, in whatever order they come. */
@Injectable()
export class WebhooksService {
  private readonly logger = new Logger('Webhooks');
  private readonly notices: GroupCommit<Notice, PaymentAnswer>;
  private readonly answers: Tally;

  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly orders: OrdersService,
    private readonly products: ProductsService,
    private readonly transactions: Transactions,
    groupCommits: GroupCommits,
    metrics: MetricsService,
  ) {
    const results = ['applied', 'duplicate', 'ignored', 'pending_order'];
    this.answers = metrics.tally('checkout_payment_notices_total', 'Payment notices, by result', 'result', results);
    this.notices = groupCommits.create('payment_notices', (batch) => this.commit(batch));
    this.orders.onOrdersCreated((orderIds) => this.reconcileInBackground(orderIds));
  }

  /**
   * Stores the event and applies it; answers after the commit.
   *
   * @throws IdempotencyKeyReusedError
   */
  async handlePaymentWebhook(event: PaymentEvent): Promise<PaymentAnswer> {
    const answer = await this.notices.submit({ event, hash: contentHash(event) });
    this.answers.add(answer.result);
    // The order may have been made between our look for it and our commit, and its own look for waiting
    // events may have come before that commit. One of the two looks is later than both commits.
    if (answer.result === 'pending_order') this.reconcileInBackground([event.orderId]);
    return answer;
  }

  /**
   * Applies events whose order has been made since they came.
   *
   * @returns how many are no longer waiting.
   */
  async reconcilePendingWebhooks(orderIds: readonly number[] | 'all' = 'all'): Promise<number> {
    const pending = await this.webhooks.findPending(orderIds, RECONCILE_STEP);
    const answers = await Promise.all(
      pending.map(({ event, payload_hash }) => this.notices.submit({ event, hash: payload_hash })),
    );
    return answers.filter((answer) => answer.result !== 'pending_order').length;
  }

  /**
   * Deletes one step of settled events that were processed more than `days` days ago.
   *
   * @returns how many were deleted.
   */
  purgeProcessedWebhooks(days: number, step: number): Promise<number> {
    return this.webhooks.deleteProcessedBefore(days, step);
  }

  private reconcileInBackground(orderIds: readonly number[]): void {
    this.reconcilePendingWebhooks(orderIds).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'Waiting payment events are left to the periodic reconciliation');
    });
  }

  /**
   * One transaction that decides a batch of events in the order they came.
   *
   * Each has one effect at most: the row lock on the order serializes all events of that order, here and in
   * other instances, and what was stored about their keys is read once that lock is granted. Events of an
   * order that doesn't exist yet have no such lock; there the unique key lets one insert win, and the loser's
   * transaction runs again and finds it. Storing and applying commit together or not at all.
   */
  private async commit(batch: readonly Notice[]): Promise<(PaymentAnswer | Error)[]> {
    const { answers, settlements } = await this.transactions.once(async (tx) => {
      const [orders, logs] = await Promise.all([
        this.orders.lockOrders(
          tx,
          batch.map(({ event }) => event.orderId),
        ),
        this.webhooks.findByKeys(
          tx,
          batch.map(({ event }) => event.key),
        ),
      ]);
      const ledger = await this.lockStockForLateMoney(tx, batch, orders);
      const intake = new Intake(orders, logs, ledger);
      const answers = batch.map((notice) => intake.take(notice));
      this.webhooks.insert(tx, intake.inserted);
      for (const { id, verdict } of intake.reconciled) this.webhooks.settlePending(tx, id, verdict);
      this.orders.settle(tx, intake.settlements);
      return { answers, settlements: intake.settlements };
    });
    this.orders.settlementsCommitted(settlements);
    const duplicates = answers.filter((answer) => !(answer instanceof Error) && answer.result === 'duplicate').length;
    if (duplicates > 0)
      this.logger.log({ duplicates, notices: batch.length }, 'Repeated payment notices had no effect');
    return answers;
  }

  /** Money for an order that is cancelled, or may be by an earlier event of the batch, needs its product's figures. */
  private async lockStockForLateMoney(
    tx: Transaction,
    batch: readonly Notice[],
    orders: readonly StockedOrderRow[],
  ): Promise<StockLedger | null> {
    const failing = new Set(batch.filter(({ event }) => event.status === 'failed').map(({ event }) => event.orderId));
    const paying = new Set(batch.filter(({ event }) => event.status === 'success').map(({ event }) => event.orderId));
    const late = orders.filter(({ id, status }) => paying.has(id) && (status === 'cancelled' || failing.has(id)));
    if (late.length === 0) return null;
    // All products of the batch, so that ids are locked in ascending order by this one statement.
    const { ledger } = await this.products.lockStock(
      tx,
      orders.map((order) => order.product_id),
    );
    return ledger;
  }
}

/** A batch of events being decided one after the other, on rows that the transaction has locked. */
class Intake {
  readonly inserted: NewLog[] = [];
  readonly reconciled: { id: number; verdict: WebhookVerdict }[] = [];
  readonly settlements: Settlement[] = [];
  private readonly orders: Map<number, StockedOrderRow>;
  private readonly known: Map<string, WebhookVerdict & { readonly hash: string; readonly id: number | null }>;

  constructor(
    orders: readonly StockedOrderRow[],
    logs: readonly WebhookLogRow[],
    private readonly ledger: StockLedger | null,
  ) {
    this.orders = new Map(orders.map((order) => [order.id, order]));
    this.known = new Map(logs.map((log) => [log.idempotency_key, { ...log, reason: null, hash: log.payload_hash }]));
  }

  take({ event, hash }: Notice): PaymentAnswer | Error {
    const known = this.known.get(event.key);
    if (known !== undefined && known.hash !== hash) return new IdempotencyKeyReusedError();
    if (known !== undefined && known.status !== 'pending_order') {
      return { result: 'duplicate', orderId: event.orderId, orderStatus: known.order_status! };
    }
    const order = this.orders.get(event.orderId);
    if (order === undefined) {
      if (known === undefined) this.record(event, hash, PENDING);
      return { result: 'pending_order' };
    }
    const { result, orderStatus, verdict } = this.apply(event, order);
    if (known?.id != null) this.reconcile(known.id, event, hash, verdict);
    else this.record(event, hash, verdict);
    return { result, orderId: order.id, orderStatus };
  }

  private apply(event: PaymentEvent, order: StockedOrderRow) {
    const decision = decidePayment(event, order, () => this.ledger!.available(order.product_id)!);
    const { result, reason, settlement, orderStatus } = decision;
    if (settlement !== null) {
      this.settlements.push(settlement);
      this.ledger?.move(unitsMovedBy(settlement));
      this.orders.set(order.id, { ...order, status: orderStatus });
    }
    const verdict: WebhookVerdict = { status: 'processed', outcome: result, reason, order_status: orderStatus };
    return { result, orderStatus, verdict };
  }

  private record(event: PaymentEvent, hash: string, verdict: WebhookVerdict): void {
    this.inserted.push({ event, hash, ...verdict });
    this.known.set(event.key, { ...verdict, hash, id: null });
  }

  private reconcile(id: number, event: PaymentEvent, hash: string, verdict: WebhookVerdict): void {
    this.reconciled.push({ id, verdict });
    this.known.set(event.key, { ...verdict, hash, id });
  }
}

const PENDING: WebhookVerdict = {
  status: 'pending_order',
  outcome: null,
  reason: 'no such order yet',
  order_status: null,
};

/** Two notices are the same when what they say is the same, however it was written. */
function contentHash(event: PaymentEvent): string {
  const { orderId, status, transactionId, amount, currency } = event;
  return createHash('sha256')
    .update(JSON.stringify([orderId, status, transactionId, amount, currency]))
    .digest('hex');
}

import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import { OperatorSessions } from '../access/operator-sessions.js';
import { inSteps } from '../common/in-steps.js';
import { nameOfProduct, sumOfAll } from '../common/sum-of-all.js';
import { CONFIG, type Config } from '../config/config.js';
import { Transactions } from '../database/transactions.js';
import { EndpointsService } from '../deliveries/endpoints.service.js';
import { EventsService } from '../events/events.service.js';
import { HoldsService } from '../holds/holds.service.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { OrdersService } from '../orders/orders.service.js';
import { SimulatedAccount } from '../payment-providers/simulated/simulated-account.js';
import { RefundsService } from '../refunds/refunds.service.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';

/** Rows that are deleted in one transaction: none of them is wanted by a sale, and the log stays small. */
const STEP = 500;

/** Deletes what has served its time: released holds, cancelled orders with their holds, settled payment notices, what was kept of payments that were never told, what the simulated provider knows, used idempotency keys, sessions of the console at their end, what operators changed and what happened long ago, marks of old transactions. */
@Injectable()
export class RetentionService {
  constructor(
    private readonly holds: HoldsService,
    private readonly orders: OrdersService,
    private readonly webhooks: WebhooksService,
    private readonly refunds: RefundsService,
    private readonly simulated: SimulatedAccount,
    private readonly keys: IdempotencyService,
    private readonly audit: AuditService,
    private readonly sessions: OperatorSessions,
    private readonly events: EventsService,
    private readonly endpoints: EndpointsService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * One kind of rows that can't be deleted, or those of one product, stop none of the others.
   *
   * @returns how many rows of each kind were deleted.
   * @throws PartlyDoneError at the end, with what could not be deleted.
   */
  async purge(): Promise<{ holds: number; orders: number; webhookLogs: number; keys: number }> {
    const { holdsDays, webhookLogsDays, auditDays, eventsDays } = this.config.retention;
    // By its hold an order's events are found when its customer is forgotten; the last is some time after its deadline.
    const ordersDays = Math.max(holdsDays, eventsDays + 1);
    const purged = {
      keys: 0,
      holds: 0,
      orders: 0,
      webhookLogs: 0,
      unmatchedPayments: 0,
      simulated: 0,
      audit: 0,
      sessions: 0,
      events: 0,
      deliveries: 0,
      marks: 0,
    };
    const stepOf = {
      keys: () => this.keys.purgeKeys(STEP),
      orders: () => this.orders.purgeCancelledOrders(ordersDays, STEP),
      webhookLogs: () => this.webhooks.purgeProcessedNotices(webhookLogsDays, STEP),
      unmatchedPayments: () => this.refunds.purgeUnmatchedPayments(webhookLogsDays, STEP),
      simulated: () => this.simulated.purge(webhookLogsDays, STEP),
      audit: () => this.audit.purgeEntries(auditDays, STEP),
      sessions: () => this.sessions.purgeSessions(STEP),
      events: () => this.events.purgeEvents(eventsDays, STEP),
      deliveries: () => this.endpoints.purgeDeliveries(eventsDays, STEP),
      marks: () => this.transactions.purgeMarks(STEP),
    };
    const holdsOf = (productId: number): Promise<number> =>
      inSteps(STEP, () => this.holds.purgeReleasedHolds(productId, holdsDays, STEP));
    // Keys first: one that outlived what it made could not give its first answer any more.
    const kinds = [
      'keys',
      'holds',
      'orders',
      'webhookLogs',
      'unmatchedPayments',
      'simulated',
      'audit',
      'sessions',
      'events',
      'deliveries',
      'marks',
    ] as const;
    await sumOfAll(kinds, String, async (kind) => {
      purged[kind] =
        kind === 'holds'
          ? await sumOfAll(await this.holds.findProductIds(), nameOfProduct, holdsOf)
          : await inSteps(STEP, stepOf[kind]);
      return purged[kind];
    });
    return purged;
  }
}

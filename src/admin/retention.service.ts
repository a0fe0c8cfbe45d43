import { Inject, Injectable } from '@nestjs/common';
import { inSteps } from '../common/in-steps.js';
import { CONFIG, type Config } from '../config/config.js';
import { Transactions } from '../database/transactions.js';
import { HoldsService } from '../holds/holds.service.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { OrdersService } from '../orders/orders.service.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';

/** Rows that are deleted in one transaction: none of them is wanted by a sale, and the log stays small. */
const STEP = 500;

/** Deletes what has served its time: released holds, cancelled orders with their holds, settled payment notices, used idempotency keys, marks of old transactions. */
@Injectable()
export class RetentionService {
  constructor(
    private readonly holds: HoldsService,
    private readonly orders: OrdersService,
    private readonly webhooks: WebhooksService,
    private readonly keys: IdempotencyService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @returns how many rows of each kind were deleted. */
  async purge(): Promise<{ holds: number; orders: number; webhookLogs: number; keys: number }> {
    const { holdsDays, webhookLogsDays } = this.config.retention;
    // Keys first: one that outlived what it made could not give its first answer any more.
    const keys = await inSteps(STEP, () => this.keys.purgeKeys(STEP));
    let holds = 0;
    for (const productId of await this.holds.findProductIds()) {
      holds += await inSteps(STEP, () => this.holds.purgeReleasedHolds(productId, holdsDays, STEP));
    }
    const orders = await inSteps(STEP, () => this.orders.purgeCancelledOrders(holdsDays, STEP));
    const webhookLogs = await inSteps(STEP, () => this.webhooks.purgeProcessedWebhooks(webhookLogsDays, STEP));
    await inSteps(STEP, () => this.transactions.purgeMarks(STEP));
    return { holds, orders, webhookLogs, keys };
  }
}

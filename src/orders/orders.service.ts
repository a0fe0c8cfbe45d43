import { Injectable } from '@nestjs/common';
import type { Caller } from '../access/caller.js';
import { Transactions } from '../database/transactions.js';
import { HoldsService } from '../holds/holds.service.js';
import { keyedByCaller } from '../idempotency/idempotency-key.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { Ordering } from './ordering/ordering.js';
import { OrdersRepository } from './orders.repository.js';
import type { CreatedOrder, HoldWithOrder } from './orders.types.js';

/** What others may ask of orders; what happens to one that is made is `Settling`, `Cancelling` and `GivingBack`. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly ordering: Ordering,
    private readonly holds: HoldsService,
    private readonly idempotency: IdempotencyService,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Makes the order of a hold. Repeated with the same key, the request gets the order as it was answered first.
   *
   * @throws HoldNotFoundError, HoldAlreadyUsedError, HoldExpiredError, IdempotencyKeyReusedError
   */
  createOrderFromHold(holdId: string, caller: Caller, key?: string): Promise<CreatedOrder> {
    const keyed = keyedByCaller(key, caller, holdId);
    return this.idempotency.once('orders', keyed, () => this.ordering.submit({ holdId, caller, keyed }));
  }

  /** @throws HoldNotFoundError also of a hold that is another buyer's. */
  async getHoldWithOrder(holdId: string, caller: Caller): Promise<HoldWithOrder> {
    const hold = await this.holds.getHold(holdId, caller);
    return { hold, order: hold.used ? await this.orders.findByHoldId(holdId) : null };
  }

  /**
   * Deletes one step of cancelled orders, whose deadline was more than `days` days ago, with their holds.
   *
   * @returns how many orders were deleted.
   */
  purgeCancelledOrders(days: number, step: number): Promise<number> {
    return this.transactions.run(async (tx) => {
      const orders = await this.orders.lockCancelledBefore(tx, days, step);
      this.orders.delete(
        tx,
        orders.map((order) => order.id),
      );
      this.holds.deleteReleased(
        tx,
        orders.map((order) => order.hold_id),
      );
      return orders.length;
    });
  }
}

import { Injectable } from '@nestjs/common';
import type { Caller } from '../access/caller.js';
import { Transactions } from '../database/transactions.js';
import { HoldsService } from '../holds/holds.service.js';
import { PaymentSessionsService } from '../payment-sessions/payment-sessions.service.js';
import type { Payment } from '../payment-sessions/payment-sessions.types.js';
import { PaymentNotPossibleError } from './orders.errors.js';
import { OrdersRepository } from './orders.repository.js';

/** What the buyer of an unpaid order may still do about what it is paid by. */
@Injectable()
export class Paying {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly holds: HoldsService,
    private readonly sessions: PaymentSessionsService,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Has the session of a hold's order made anew that failed; any other stays as it is. It is decided under the order's
   * lock, so no session is made for an order that has ended.
   *
   * @throws HoldNotFoundError also of a hold that is another buyer's; PaymentNotPossibleError
   */
  async makeAnew(holdId: string, caller: Caller): Promise<Payment> {
    await this.holds.getHold(holdId, caller);
    await this.transactions.run(async (tx) => {
      const [[order], [session]] = await Promise.all([
        this.orders.lockByHoldIds(tx, [holdId]),
        this.sessions.lock(tx, [holdId]),
      ]);
      if (session === undefined || order?.status !== 'pending_payment')
        throw new PaymentNotPossibleError(order ?? null);
      this.sessions.renew(tx, session);
    });
    return (await this.sessions.find(holdId))!;
  }
}

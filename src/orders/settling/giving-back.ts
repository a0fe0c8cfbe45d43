import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { OvertakenError } from '../../database/database-errors.js';
import { isNeverTriedAgain, type Transaction, Transactions } from '../../database/transactions.js';
import type { GroupCommit } from '../../engine/group-commit.js';
import { GroupCommits } from '../../engine/group-commits.js';
import { HoldNotFoundError } from '../../holds/holds.errors.js';
import { HoldsService } from '../../holds/holds.service.js';
import { type HoldRow, isOf } from '../../holds/holds.types.js';
import { OrderAlreadyPaidError } from '../orders.errors.js';
import { OrdersRepository } from '../orders.repository.js';
import { type OrderRow, type Settlement, wasPaid } from '../orders.types.js';
import { type Settled, Settling } from './settling.js';

/** A request to give a hold back. */
interface GiveBack {
  readonly holdId: string;
  readonly caller: Caller;
}

/** The locked rows, by the ids of the holds. */
interface Gathered {
  readonly holds: ReadonlyMap<string, HoldRow>;
  readonly orders: ReadonlyMap<string, OrderRow>;
}

/** Buyers who give holds back, with their unpaid orders: a group commit of five steps. */
@Injectable()
export class GivingBack {
  private readonly line: GroupCommit<GiveBack, void>;

  constructor(
    private readonly orders: OrdersRepository,
    private readonly holds: HoldsService,
    private readonly settling: Settling,
    private readonly transactions: Transactions,
    groupCommits: GroupCommits,
  ) {
    this.line = groupCommits.create(
      'give_backs',
      (batch) => this.commit(batch),
      (batch) => this.orders.findRowsOfHolds(batch.map(({ holdId }) => holdId)),
    );
  }

  /**
   * Gives a hold's units back and cancels its unpaid order; done already, it does nothing.
   *
   * @throws HoldNotFoundError also of a hold that is another buyer's; OrderAlreadyPaidError
   */
  giveBack(holdId: string, caller: Caller): Promise<void> {
    return this.line.submit({ holdId, caller });
  }

  /**
   * One transaction that gives holds back. Orders are locked before their holds, as everywhere; an order that
   * is made between the two locks is seen as a used hold without an order, and the transaction starts over.
   */
  private commit(batch: readonly GiveBack[]): Promise<(void | Error)[]> {
    // Followed up to its end should the reply to COMMIT be lost; another try of all else is up to the group commit.
    return this.transactions.run(async (tx) => {
      const gathered = await this.gather(tx, batch);
      const decided = decide(batch, gathered);
      // COMMIT, with the mark of this run, and what is told after it follow what is written here.
      this.settling.settle(tx, decided);
      return batch.map((request) => outcomeOf(request, gathered));
    }, isNeverTriedAgain);
  }

  private async gather(tx: Transaction, batch: readonly GiveBack[]): Promise<Gathered> {
    const ids = batch.map(({ holdId }) => holdId);
    const [orders, holds] = await Promise.all([this.orders.lockByHoldIds(tx, ids), this.holds.lockHolds(tx, ids)]);
    return {
      orders: new Map(orders.map((order) => [order.hold_id, order])),
      holds: new Map(holds.map((hold) => [hold.id, hold])),
    };
  }
}

function decide(batch: readonly GiveBack[], { orders, holds }: Gathered): Settled {
  const asked = new Set(batch.filter((request) => isTheBuyers(request, holds)).map(({ holdId }) => holdId));
  const givenBack: HoldRow[] = [];
  const settlements: Settlement[] = [];
  for (const hold of holds.values()) {
    if (!asked.has(hold.id)) continue;
    const order = orders.get(hold.id);
    if (hold.used && order === undefined) throw new OvertakenError('An order was made of the hold meanwhile');
    if (order?.status === 'pending_payment') {
      const { product_id, qty, customer_id } = hold;
      settlements.push({ order: { ...order, product_id, qty, customer_id }, to: 'cancelled', reason: 'buyer' });
    } else if (!hold.used && !hold.released) givenBack.push(hold);
  }
  return { settlements, givenBack };
}

/** Of one hold several may ask, and whose it is not gets nothing done. */
function isTheBuyers({ holdId, caller }: GiveBack, holds: Gathered['holds']): boolean {
  const hold = holds.get(holdId);
  return hold !== undefined && isOf(hold, caller);
}

function outcomeOf(request: GiveBack, { holds, orders }: Gathered): void | Error {
  if (!isTheBuyers(request, holds)) return new HoldNotFoundError();
  const order = orders.get(request.holdId);
  return order !== undefined && wasPaid(order) ? new OrderAlreadyPaidError() : undefined;
}

import { Injectable } from '@nestjs/common';
import { OvertakenError } from '../../database/database-errors.js';
import { isNeverTriedAgain, type Transaction, Transactions } from '../../database/transactions.js';
import type { GroupCommit } from '../../engine/group-commit.js';
import { GroupCommits } from '../../engine/group-commits.js';
import { HoldNotFoundError } from '../../holds/holds.errors.js';
import { HoldsService } from '../../holds/holds.service.js';
import type { HoldRow } from '../../holds/holds.types.js';
import { OrderAlreadyPaidError } from '../orders.errors.js';
import { OrdersRepository } from '../orders.repository.js';
import type { OrderRow, Settlement } from '../orders.types.js';
import { type Settled, Settling } from './settling.js';

/** The locked rows, by the ids of the holds. */
interface Gathered {
  readonly holds: ReadonlyMap<string, HoldRow>;
  readonly orders: ReadonlyMap<string, OrderRow>;
}

/** Buyers who give holds back, with their unpaid orders: a group commit of five steps. */
@Injectable()
export class GivingBack {
  private readonly line: GroupCommit<string, void>;

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
      (batch) => this.orders.findRowsOfHolds(batch),
    );
  }

  /**
   * Gives a hold's units back and cancels its unpaid order; done already, it does nothing.
   *
   * @throws HoldNotFoundError, OrderAlreadyPaidError
   */
  giveBack(holdId: string): Promise<void> {
    return this.line.submit(holdId);
  }

  /**
   * One transaction that gives holds back. Orders are locked before their holds, as everywhere; an order that
   * is made between the two locks is seen as a used hold without an order, and the transaction starts over.
   */
  private commit(batch: readonly string[]): Promise<(void | Error)[]> {
    // Followed up to its end should the reply to COMMIT be lost; another try of all else is up to the group commit.
    return this.transactions.run(async (tx) => {
      const gathered = await this.gather(tx, batch);
      const decided = decide(gathered);
      // COMMIT, with the mark of this run, and what is told after it follow what is written here.
      this.settling.settle(tx, decided);
      return batch.map((holdId) => outcomeOf(holdId, gathered));
    }, isNeverTriedAgain);
  }

  private async gather(tx: Transaction, batch: readonly string[]): Promise<Gathered> {
    const [orders, holds] = await Promise.all([this.orders.lockByHoldIds(tx, batch), this.holds.lockHolds(tx, batch)]);
    return {
      orders: new Map(orders.map((order) => [order.hold_id, order])),
      holds: new Map(holds.map((hold) => [hold.id, hold])),
    };
  }
}

function decide({ orders, holds }: Gathered): Settled {
  const givenBack: HoldRow[] = [];
  const settlements: Settlement[] = [];
  for (const hold of holds.values()) {
    const order = orders.get(hold.id);
    if (hold.used && order === undefined) throw new OvertakenError('An order was made of the hold meanwhile');
    if (order?.status === 'pending_payment') {
      const { product_id, qty } = hold;
      settlements.push({ order: { ...order, product_id, qty }, to: 'cancelled', reason: 'buyer' });
    } else if (!hold.used && !hold.released) givenBack.push(hold);
  }
  return { settlements, givenBack };
}

function outcomeOf(holdId: string, { holds, orders }: Gathered): void | Error {
  if (!holds.has(holdId)) return new HoldNotFoundError();
  const order = orders.get(holdId);
  // Its units are sold, whatever has become of the money since.
  if (order?.status === 'paid' || (order?.paid_transaction_id ?? null) !== null) return new OrderAlreadyPaidError();
  return undefined;
}

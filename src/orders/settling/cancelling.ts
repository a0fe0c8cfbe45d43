import { Injectable, Logger } from '@nestjs/common';
import type { Act } from '../../access/operator.js';
import { inSteps } from '../../common/in-steps.js';
import { nameOfProduct, sumOfAll } from '../../common/sum-of-all.js';
import { isLockWaitTimeout, isTransient } from '../../database/database-errors.js';
import { type Transaction, Transactions } from '../../database/transactions.js';
import { OperatorChanges } from '../../idempotency/operator-changes.js';
import { OrderAlreadyPaidError, OrderNotFoundError } from '../orders.errors.js';
import { type StockedOrderRow, wasPaid } from '../orders.types.js';
import { DeadlinesRepository } from './deadlines.repository.js';
import { atDeadline, Settling } from './settling.js';

/** Orders that are cancelled in one transaction. */
const CANCEL_STEP = 500;

/** Cancelling unpaid orders: those that are past their payment deadline, and those that an operator ends. */
@Injectable()
export class Cancelling {
  private readonly logger = new Logger('Orders');

  constructor(
    private readonly deadlines: DeadlinesRepository,
    private readonly settling: Settling,
    private readonly changes: OperatorChanges,
    private readonly transactions: Transactions,
  ) {}

  /** For how long the oldest unpaid order has been past its deadline, in milliseconds; null when none is. `plain`: without a session. */
  findOverdueMs(which: 'all' | 'plain' = 'all'): Promise<number | null> {
    return this.deadlines.findOverdueMs(which);
  }

  /**
   * Cancels unpaid orders past their payment deadline of which nobody is asked whether they were paid, in steps of {@link CANCEL_STEP}; their units are available again.
   * A payment that is being applied has the order's lock, and that order is skipped: one of the two wins. When a step
   * fails, because somebody has a product's row locked or its counters drift, each product gets steps of its own.
   *
   * @returns how many orders were cancelled.
   * @throws PartlyDoneError at the end, with the products whose orders could not be cancelled.
   */
  async cancelDueOrders(): Promise<number> {
    let done = 0;
    try {
      await inSteps(CANCEL_STEP, async () => {
        const cancelled = await this.cancelStep(null);
        done += cancelled;
        return cancelled;
      });
      return done;
    } catch (error) {
      this.logger.warn({ err: error }, 'Unpaid orders are cancelled product by product');
    }
    const productIds = await this.deadlines.findProductsWithDue();
    return done + (await sumOfAll(productIds, nameOfProduct, (id) => inSteps(CANCEL_STEP, () => this.cancelStep(id))));
  }

  /**
   * Ends an unpaid order as an operator says; its units are available again. One that has ended unpaid stays as it is.
   * A payment that comes at the same time has the order's lock before or after this: it pays the order, or comes late.
   *
   * @returns the number of the order.
   * @throws OrderNotFoundError, OrderAlreadyPaidError
   */
  async cancelOrder(act: Act, id: number): Promise<number> {
    const lockOne = async (tx: Transaction): Promise<StockedOrderRow> => {
      const [order] = await this.settling.lockOrders(tx, [id]);
      if (order === undefined) throw new OrderNotFoundError(id);
      return order;
    };
    const order = await this.changes.once<StockedOrderRow>({
      act,
      target: 'order',
      verb: 'cancel',
      fieldsOf: ({ status, cancel_reason }) => ({ status, cancel_reason }),
      scope: 'orders',
      keyed: null,
      find: lockOne,
      work: async (tx) => {
        const before = await lockOne(tx);
        if (wasPaid(before)) throw new OrderAlreadyPaidError();
        if (before.status !== 'pending_payment') return { before, after: before };
        const cancelled = { to: 'cancelled', reason: 'operator' } as const;
        this.settling.settle(tx, { settlements: [{ order: before, ...cancelled }] });
        return { before, after: { ...before, status: cancelled.to, cancel_reason: cancelled.reason } };
      },
    });
    return order.id;
  }

  /** One step, of all products or of one. A locked row is waited for once: waiting again and again keeps the others waiting. */
  private cancelStep(productId: number | null): Promise<number> {
    return this.transactions.run(
      async (tx) => {
        const due = await this.deadlines.lockDue(tx, CANCEL_STEP, productId);
        this.settling.settle(tx, { settlements: due.map(atDeadline) });
        return due.length;
      },
      (error) => isTransient(error) && !isLockWaitTimeout(error),
    );
  }
}

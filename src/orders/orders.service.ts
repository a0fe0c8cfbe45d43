import { Inject, Injectable, Logger } from '@nestjs/common';
import type { GroupCommit } from '../engine/group-commit.js';
import { assertUnreachable } from '../common/assert-unreachable.js';
import { groupBy } from '../common/group-by.js';
import { inSteps } from '../common/in-steps.js';
import { nameOfProduct, sumOfAll } from '../common/sum-of-all.js';
import { CONFIG, type Config } from '../config/config.js';
import { isLockWaitTimeout, isTransient, OvertakenError } from '../database/database-errors.js';
import { GroupCommits } from '../engine/group-commits.js';
import { newUuid } from '../database/sql.js';
import { isNeverTriedAgain, type Transaction, Transactions } from '../database/transactions.js';
import { HoldNotFoundError } from '../holds/holds.errors.js';
import { HoldsService } from '../holds/holds.service.js';
import type { HoldRow } from '../holds/holds.types.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { ProductsService } from '../products/products.service.js';
import type { StockLedger } from '../products/stock-ledger.js';
import type { StockMove } from '../products/products.types.js';
import { chooseWinners, type OrderRequest, toNewOrder, toOutcome, toStoredKey } from './order-decision.js';
import { OrderAlreadyPaidError } from './orders.errors.js';
import { OrdersRepository } from './orders.repository.js';
import type {
  CreatedOrder,
  HoldWithOrder,
  OrderRow,
  OrderStatus,
  Settlement,
  StockedOrderRow,
} from './orders.types.js';

/** Orders that are cancelled in one transaction. */
const CANCEL_STEP = 500;

/** Turning holds into orders, settling orders, and giving holds back, with their unpaid order if there is one. */
@Injectable()
export class OrdersService {
  private readonly logger = new Logger('Orders');
  private readonly creations: GroupCommit<OrderRequest, CreatedOrder>;
  private readonly givenBack: GroupCommit<string, void>;
  private readonly createdListeners: ((orderIds: readonly number[]) => void)[] = [];

  constructor(
    private readonly orders: OrdersRepository,
    private readonly holds: HoldsService,
    private readonly products: ProductsService,
    private readonly idempotency: IdempotencyService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
    groupCommits: GroupCommits,
  ) {
    this.creations = groupCommits.create(
      'orders',
      (batch, mayHaveCommitted) => this.commitCreations(batch, mayHaveCommitted),
      (batch) => this.holds.findRowsToOrder(batch.map((request) => request.holdId)),
    );
    this.givenBack = groupCommits.create(
      'give_backs',
      (batch) => this.commitGivenBack(batch),
      (batch) => this.orders.findRowsOfHolds(batch),
    );
  }

  /**
   * Makes the order of a hold. Repeated with the same key, the request gets the order as it was answered first.
   *
   * @throws HoldNotFoundError, HoldAlreadyUsedError, HoldExpiredError, IdempotencyKeyReusedError
   */
  createOrderFromHold(holdId: string, key?: string): Promise<CreatedOrder> {
    const keyed = key === undefined ? null : { key, content: holdId };
    return this.idempotency.once('orders', keyed, () => this.creations.submit({ holdId, keyed, mark: null }));
  }

  /** Calls `listener` after each commit that made orders; it must not throw. */
  onOrdersCreated(listener: (orderIds: readonly number[]) => void): void {
    this.createdListeners.push(listener);
  }

  /** @throws HoldNotFoundError */
  async getHoldWithOrder(holdId: string): Promise<HoldWithOrder> {
    const hold = await this.holds.getHold(holdId);
    return { hold, order: hold.used ? await this.orders.findByHoldId(holdId) : null };
  }

  /**
   * Gives a hold's units back and cancels its unpaid order; done already, it does nothing.
   *
   * @throws HoldNotFoundError, OrderAlreadyPaidError
   */
  async giveBack(holdId: string): Promise<void> {
    await this.givenBack.submit(holdId);
  }

  /** For how long the oldest unpaid order has been past its deadline, in milliseconds; null when none is. */
  findOverdueMs(): Promise<number | null> {
    return this.orders.findOverdueMs();
  }

  /**
   * Cancels unpaid orders past their payment deadline, in steps of {@link CANCEL_STEP}; their units are available again.
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
    const productIds = await this.orders.findProductsWithDue();
    return done + (await sumOfAll(productIds, nameOfProduct, (id) => inSteps(CANCEL_STEP, () => this.cancelStep(id))));
  }

  /** One step, of all products or of one. A locked row is waited for once: waiting again and again keeps the others waiting. */
  private async cancelStep(productId: number | null): Promise<number> {
    return this.transactions.run(
      async (tx) => {
        const due = await this.orders.lockDue(tx, CANCEL_STEP, productId);
        const settlements = due.map((order): Settlement => ({ order, to: 'cancelled', reason: 'payment_expired' }));
        this.settle(tx, settlements);
        return due.length;
      },
      (error) => isTransient(error) && !isLockWaitTimeout(error),
    );
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

  /** Names of the rows that the settlement of each order may have to wait for; none of one that is not there. */
  findRowsToSettle(ids: readonly (number | null)[]): Promise<string[][]> {
    return this.orders.findRows(ids);
  }

  /** Locks orders and their holds for a decision about them. Lock order: order, hold, product. */
  lockOrders(tx: Transaction, ids: Iterable<number>): Promise<StockedOrderRow[]> {
    return this.orders.lock(tx, ids);
  }

  /** Keeps locked orders from their payment deadline while a person looks at their money; null: no longer. */
  keepForReview(tx: Transaction, ids: ReadonlySet<number>, seconds: number | null): void {
    if (ids.size > 0) this.orders.keepForReview(tx, ids, seconds);
  }

  /**
   * Moves locked orders to their new states, and their holds and units with them; what that means for the
   * stock is decided in `unitsMovedBy`. Where the stock was locked for a decision, its ledger has taken the moves
   * already, and is what is written.
   */
  settle(tx: Transaction, settlements: readonly Settlement[], ledger: StockLedger | null = null): void {
    const groups = groupBy(settlements, (settlement) => {
      const reason = settlement.to === 'cancelled' ? settlement.reason : '';
      return `${settlement.order.status} ${settlement.to} ${reason}`;
    });
    // A batch may take an order through several states, always onwards in this list: it cancels one, settles it late, and
    // hears that the money went back.
    const inOrder = [...groups.values()].sort(([a], [b]) => stageOf(a!) - stageOf(b!));
    for (const group of inOrder) this.orders.transition(tx, group[0]!.order.status, group);
    const cancelled = settlements.filter(({ to }) => to === 'cancelled');
    this.holds.releaseUsedHolds(
      tx,
      cancelled.map(({ order }) => order.hold_id),
    );
    if (ledger === null) this.products.moveStock(tx, settlements.map(unitsMovedBy));
    else this.products.writeStock(tx, ledger);
  }

  /**
   * One transaction that makes orders of a batch of holds. The row lock on each hold decides which of several
   * requests, here or in another instance, uses it: the others wait for the lock and then find it used. If
   * the process dies before COMMIT, the server rolls back and the hold is active again. If the reply to COMMIT is lost,
   * the transaction's mark tells the next try whether a used hold is this request's or somebody else's.
   */
  private async commitCreations(
    batch: readonly OrderRequest[],
    mayHaveCommitted: boolean,
  ): Promise<(CreatedOrder | Error)[]> {
    const holdIds = batch.map((request) => request.holdId);
    return this.transactions.once(async (tx) => {
      const earlierMarks = batch.flatMap(({ mark }) => mark ?? []);
      const [rows, recalled, marks] = await Promise.all([
        this.holds.lockHolds(tx, holdIds),
        this.idempotency.recall(
          tx,
          'orders',
          batch.map((request) => request.keyed),
        ),
        mayHaveCommitted ? tx.findMarks(new Set(earlierMarks)) : new Set<string>(),
      ]);
      const holds = new Map(rows.map((hold) => [hold.id, hold]));
      const makers = chooseWinners(batch, rows, recalled);
      if (makers.length > 0) {
        const mark = newUuid();
        tx.writeMark(mark);
        marks.add(mark);
        for (const request of makers) request.mark = mark;
      }
      const used = makers.map(({ holdId }) => holds.get(holdId)!);
      this.holds.useHolds(
        tx,
        used.map((hold) => hold.id),
      );
      const newOrders = used.map(toNewOrder);
      this.orders.insert(tx, newOrders, this.config.orders.paymentTtlSeconds);
      this.idempotency.remember(tx, 'orders', makers.flatMap(toStoredKey));
      // The last write, since it locks products after their holds; most batches have none of it.
      const sold = used.filter((_, index) => newOrders[index]!.status === 'paid').map(soldOutright);
      if (sold.length > 0) this.products.moveStock(tx, sold);
      const orders = await this.orders.commitAndFindByHoldIds(tx, holdIds);
      const hasMade = ({ mark }: OrderRequest): boolean => mark !== null && marks.has(mark);
      const created = batch.filter(hasMade).map(({ holdId }) => orders.get(holdId)!.id);
      if (created.length > 0) {
        tx.afterCommit(() => {
          for (const listener of this.createdListeners) listener(created);
        });
      }
      return batch.map((request) => {
        const { holdId, keyed } = request;
        const earlier = recalled.get(keyed);
        const isWinner = earlier !== undefined || hasMade(request);
        return earlier instanceof Error ? earlier : toOutcome(holds.get(holdId), orders.get(holdId), isWinner);
      });
    });
  }

  /**
   * One transaction that gives holds back. Orders are locked before their holds, as everywhere; an order that
   * is made between the two locks is seen as a used hold without an order, and the transaction starts over.
   */
  private async commitGivenBack(batch: readonly string[]): Promise<(void | Error)[]> {
    // Followed up to its end should the reply to COMMIT be lost; another try of all else is up to the group commit.
    return this.transactions.run(async (tx) => {
      const [orderRows, holdRows] = await Promise.all([
        this.orders.lockByHoldIds(tx, batch),
        this.holds.lockHolds(tx, batch),
      ]);
      const orders = new Map(orderRows.map((order) => [order.hold_id, order]));
      const holds = new Map(holdRows.map((hold) => [hold.id, hold]));
      const released: HoldRow[] = [];
      const settlements: Settlement[] = [];
      for (const hold of holds.values()) {
        const order = orders.get(hold.id);
        if (hold.used && order === undefined) throw new OvertakenError('An order was made of the hold meanwhile');
        if (order?.status === 'pending_payment') {
          settlements.push({ order: { ...order, ...stockOf(hold) }, to: 'cancelled', reason: 'buyer' });
        } else if (!hold.used && !hold.released) released.push(hold);
      }
      this.settle(tx, settlements);
      this.holds.releaseHolds(tx, released, 'given_back');
      return batch.map((holdId) => givenBackOutcome(holds.get(holdId), orders.get(holdId)));
    }, isNeverTriedAgain);
  }
}

type SettledUnits = Pick<StockedOrderRow, 'product_id' | 'qty' | 'status'>;

/** The units of an order that costs nothing: paid as it is made. */
function soldOutright(hold: HoldRow): StockMove {
  return unitsMovedBy({ order: { ...stockOf(hold), status: 'pending_payment' }, to: 'paid' });
}

/** What each settlement does to the counters: this is the one place that says so. */
export function unitsMovedBy({ order, to }: { order: SettledUnits; to: Settlement['to'] }): StockMove {
  const { product_id: productId, qty } = order;
  switch (to) {
    case 'paid':
      // Units of a cancelled order went back when it was cancelled; late money takes them from what is available.
      return { productId, held: order.status === 'pending_payment' ? -qty : 0, sold: qty };
    case 'cancelled':
      return { productId, held: -qty, sold: 0 };
    case 'refund_due':
    case 'refunded':
      // Money that goes back moves no units: what was sold stays sold until it is returned.
      return { productId, held: 0, sold: 0 };
    default:
      return assertUnreachable(to);
  }
}

const STAGES: readonly OrderStatus[] = ['pending_payment', 'cancelled', 'paid', 'refund_due', 'refunded'];

function stageOf({ order }: Settlement): number {
  return STAGES.indexOf(order.status);
}

function givenBackOutcome(hold: HoldRow | undefined, order: OrderRow | undefined): void | Error {
  if (hold === undefined) return new HoldNotFoundError();
  // Its units are sold, whatever has become of the money since.
  if (order?.status === 'paid' || (order?.paid_transaction_id ?? null) !== null) return new OrderAlreadyPaidError();
  return undefined;
}

function stockOf({ product_id, qty }: HoldRow): { product_id: number; qty: number } {
  return { product_id, qty };
}

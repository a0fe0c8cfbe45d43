import { Inject, Injectable } from '@nestjs/common';
import { isSameAmount } from '../../common/money.js';
import { CONFIG, type Config } from '../../config/config.js';
import { isCommitUnknown } from '../../database/database-errors.js';
import { newUuid } from '../../database/sql.js';
import { type Transaction, Transactions } from '../../database/transactions.js';
import type { GroupCommit } from '../../engine/group-commit.js';
import { GroupCommits } from '../../engine/group-commits.js';
import { EventsService } from '../../events/events.service.js';
import { HoldExpiredError, HoldNotFoundError } from '../../holds/holds.errors.js';
import { HoldsService } from '../../holds/holds.service.js';
import type { LockedHoldRow } from '../../holds/holds.types.js';
import type { KeyedRequest } from '../../idempotency/idempotency-key.js';
import { IdempotencyService, type Recalled } from '../../idempotency/idempotency.service.js';
import { PaymentSessionsService } from '../../payment-sessions/payment-sessions.service.js';
import { type NewSession, PREPARING } from '../../payment-sessions/payment-sessions.types.js';
import { ProductsService } from '../../products/products.service.js';
import { adjustmentsIn, dueOf } from '../adjustments.js';
import { creationEvents, firstVersionOf } from '../order-events.js';
import { OrdersRepository } from '../orders.repository.js';
import {
  type CreatedOrder,
  type FirstStatus,
  type NewOrder,
  type OrderMoney,
  type OrderTags,
  type TaggedOrderRow,
  wasPaidWhenMade,
} from '../orders.types.js';
import type { PaymentBook } from '../payment-book.js';
import { unitsSoldOutright } from '../settling/settlement.js';
import type { OrderFacts, OrderRefusal, OrderRequest } from './order-facts.js';
import { decideOrder } from './order-rules.js';

interface Gathered {
  readonly facts: OrderFacts;
  /** What the keys of the batch did before. */
  readonly recalled: ReadonlyMap<KeyedRequest | null, Recalled>;
  /** Requests whose orders were made by a try whose COMMIT got no answer. */
  readonly made: ReadonlySet<OrderRequest>;
}

/** What becomes of a request: its order is made, now or by a try before; its key recalls one; or why it gets none. */
type Decision = 'made' | 'recalled' | OrderRefusal;

interface Decided {
  /** One for each request, in their order. */
  readonly decisions: readonly Decision[];
  /** The requests whose orders are to be made now. */
  readonly makers: readonly OrderRequest[];
}

type Orders = ReadonlyMap<string, TaggedOrderRow>;

/** Who gets an order: the group commit of the requests for orders, in five steps. Why one is refused: `order-rules.ts`. */
@Injectable()
export class Ordering {
  private readonly line: GroupCommit<OrderRequest, CreatedOrder>;
  private book: PaymentBook | null = null;
  private readonly listeners: ((orderIds: readonly number[]) => void)[] = [];
  /** The mark of the transaction by which a request made its order last, where its COMMIT got no answer. */
  private readonly marksInDoubt = new WeakMap<OrderRequest, string>();

  constructor(
    private readonly orders: OrdersRepository,
    private readonly holds: HoldsService,
    private readonly products: ProductsService,
    private readonly sessions: PaymentSessionsService,
    private readonly idempotency: IdempotencyService,
    private readonly events: EventsService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
    groupCommits: GroupCommits,
  ) {
    this.line = groupCommits.create(
      'orders',
      (batch, mayHaveCommitted) => this.commit(batch, mayHaveCommitted),
      (batch) => {
        const mayBePaid = batch.filter(({ money }) => money !== null).map(({ holdId }) => holdId);
        return this.holds.findRowsToOrder(
          batch.map(({ holdId }) => holdId),
          new Set(mayBePaid),
        );
      },
    );
  }

  /** Answers after the commit. */
  submit(request: OrderRequest): Promise<CreatedOrder> {
    return this.line.submit(request);
  }

  /** Takes who keeps payments, when the application is built. */
  keepPaymentsIn(book: PaymentBook): void {
    this.book = book;
  }

  /** Calls `listener` after each commit that made orders; it must not throw. */
  onOrdersCreated(listener: (orderIds: readonly number[]) => void): void {
    this.listeners.push(listener);
  }

  /**
   * One transaction that makes orders of a batch of holds. The row lock on each hold decides which of several
   * requests, here or in another instance, uses it: the others wait for the lock and then find it used. If
   * the process dies before COMMIT, the server rolls back and the hold is active again. If the reply to COMMIT is lost,
   * the transaction's mark tells the next try whether a used hold is this request's or somebody else's.
   */
  private async commit(
    batch: readonly OrderRequest[],
    mayHaveCommitted: boolean,
  ): Promise<readonly (CreatedOrder | Error)[]> {
    const mark = newUuid();
    let makers: readonly OrderRequest[] = [];
    try {
      return await this.transactions.once(async (tx) => {
        const gathered = await this.gather(tx, batch, mayHaveCommitted);
        const decided = decide(batch, gathered);
        makers = decided.makers;
        this.write(tx, makers, gathered.facts, mark);
        // What COMMIT makes visible is read with it: not every engine hands ids out without gaps, to be counted up.
        const holdIds = batch.map((request) => request.holdId);
        const [orders] = await Promise.all([this.orders.findByHoldIds(tx, holdIds), tx.commit()]);
        this.tell(tx, batch, decided, orders);
        return batch.map((request, index) => outcomeOf(request, decided.decisions[index]!, gathered.facts, orders));
      });
    } catch (error) {
      if (isCommitUnknown(error)) for (const request of makers) this.marksInDoubt.set(request, mark);
      throw error;
    }
  }

  /** Locks the holds first, so that all that is read with them stays true. */
  private async gather(tx: Transaction, batch: readonly OrderRequest[], mayHaveCommitted: boolean): Promise<Gathered> {
    const inDoubt = mayHaveCommitted ? batch.filter((request) => this.marksInDoubt.has(request)) : [];
    const markOf = (request: OrderRequest): string => this.marksInDoubt.get(request)!;
    const paid = batch.flatMap(({ money }) => money?.paid?.transactionId ?? []);
    const [rows, recalled, committed, usedPayments] = await Promise.all([
      this.holds.lockHolds(
        tx,
        batch.map((request) => request.holdId),
      ),
      this.idempotency.recall(
        tx,
        'orders',
        batch.map((request) => request.keyed),
      ),
      tx.findMarks(new Set(inDoubt.map(markOf))),
      // No lock: of two that find a payment unused, the unique key lets one keep it, and the other looks again.
      paid.length === 0 ? new Set<string>() : this.book!.findUsed(tx, paid),
    ]);
    const holds = new Map(rows.map((hold) => [hold.id, hold]));
    const made = new Set(inDoubt.filter((request) => committed.has(markOf(request))));
    return { facts: { holds, taken: new Set(), usedPayments }, recalled, made };
  }

  private write(tx: Transaction, makers: readonly OrderRequest[], { holds }: OrderFacts, mark: string): void {
    if (makers.length === 0) return;
    const used = makers.map(({ holdId }) => holds.get(holdId)!);
    const newOrders = makers.map(({ tags }, index) => ({
      ...toNewOrder(used[index]!, makers[index]!, this.config.orders),
      ...tags,
    }));
    tx.writeMark(mark);
    this.holds.useHolds(
      tx,
      used.map((hold) => hold.id),
    );
    this.orders.insert(tx, newOrders);
    const paidForShop = newOrders.filter(({ paidTransactionId }) => paidTransactionId !== null);
    if (paidForShop.length > 0)
      this.book!.keep(
        tx,
        paidForShop.map(({ holdId }) => holdId),
      );
    this.sessions.insert(tx, newSessions(makers, newOrders));
    this.idempotency.remember(
      tx,
      'orders',
      makers.flatMap(({ holdId, keyed }) => (keyed === null ? [] : [{ ...keyed, reference: holdId }])),
    );
    this.events.record(tx, creationEvents(newOrders));
    // The last write, since it locks products after their holds; most batches have none of it.
    const sold = used.filter((_, index) => newOrders[index]!.status === 'paid').map(unitsSoldOutright);
    if (sold.length > 0) this.products.moveStock(tx, sold);
  }

  /** Notices may wait for these orders, and for those that a try before made without learning of it. */
  private tell(tx: Transaction, batch: readonly OrderRequest[], { decisions }: Decided, orders: Orders): void {
    const made = batch.filter((_, index) => decisions[index] === 'made');
    if (made.length === 0) return;
    const orderIds = made.map(({ holdId }) => orders.get(holdId)!.id);
    tx.afterCommit(() => {
      for (const listener of this.listeners) listener(orderIds);
    });
  }
}

/** One request after the other; each sees what those before it took. */
function decide(batch: readonly OrderRequest[], { facts, recalled, made }: Gathered): Decided {
  const makers: OrderRequest[] = [];
  const decisions = batch.map((request): Decision => {
    if (made.has(request)) return 'made';
    const earlier = recalled.get(request.keyed);
    if (earlier !== undefined) return earlier instanceof Error ? earlier : 'recalled';
    const no = decideOrder(request, facts);
    if (no !== null) return no;
    makers.push(request);
    return 'made';
  });
  return { decisions, makers };
}

/** The times are those of the hold's sale, whatever became of its product's. */
function toNewOrder(
  hold: LockedHoldRow,
  { payment, money }: OrderRequest,
  { paymentTtlSeconds, processingSeconds }: Config['orders'],
): Omit<NewOrder, keyof OrderTags> {
  const { amount: subtotal, currency } = hold;
  if (subtotal === null) throw new Error(`The amount of hold ${hold.id} does not fit its column`);
  const { adjustments, paid } = money ?? NOTHING_SAID;
  const amount = money === null ? subtotal : dueOf(subtotal, currency, adjustments);
  const isFree = isSameAmount(amount, '0');
  const status: FirstStatus = isFree || paid !== null ? 'paid' : 'pending_payment';
  return {
    holdId: hold.id,
    amount,
    currency,
    status,
    version: firstVersionOf(status),
    quantitySold: status === 'paid' ? hold.qty : 0,
    adjustments: adjustmentsIn(currency, adjustments),
    // Of what costs nothing nothing was paid, whatever was said.
    paidTransactionId: isFree || paid === null ? null : paid.transactionId,
    saleId: hold.sale_id,
    paymentSeconds: status === 'paid' ? 0 : (hold.payment_seconds ?? paymentTtlSeconds),
    processingSeconds: hold.processing_seconds ?? processingSeconds,
    paymentProvider: status === 'paid' ? null : (payment?.provider ?? null),
  };
}

/** What the buyers of orders that cost something are to pay by, where they asked for it. */
function newSessions(makers: readonly OrderRequest[], newOrders: readonly NewOrder[]): NewSession[] {
  return makers.flatMap(({ holdId, payment }, index) => {
    const { paymentProvider, paymentSeconds } = newOrders[index]!;
    return payment === null || paymentProvider === null ? [] : [{ ...payment, holdId, paymentSeconds }];
  });
}

/** An order whose caller says nothing of its money. */
const NOTHING_SAID: OrderMoney = { adjustments: [], paid: null };

function outcomeOf(
  { holdId }: OrderRequest,
  decision: Decision,
  { holds }: OrderFacts,
  orders: Orders,
): CreatedOrder | Error {
  if (decision instanceof Error) return decision;
  const hold = holds.get(holdId);
  const order = orders.get(holdId);
  if (hold === undefined) return new HoldNotFoundError();
  // Keys are deleted before what they made, and a used hold has its order: one without is not to be expected.
  if (order === undefined) return new HoldExpiredError();
  if (typeof decision === 'function') return decision(order);
  // In the state that it was made in, which is what its first answer said; its times and amounts are those of now.
  const status = wasPaidWhenMade(order) ? 'paid' : 'pending_payment';
  const payment = order.payment_provider === null ? null : PREPARING;
  return { order: { ...order, status }, hold, isRecalled: decision === 'recalled', payment };
}

import { Injectable } from '@nestjs/common';
import { AuditService } from '../../access/audit.service.js';
import type { Act } from '../../access/operator.js';
import { OvertakenError } from '../../database/database-errors.js';
import { newUuid } from '../../database/sql.js';
import type { Replacement } from '../../database/text-replacement.js';
import { type Transaction, Transactions } from '../../database/transactions.js';
import { EndpointsService } from '../../deliveries/endpoints.service.js';
import { EventsService } from '../../events/events.service.js';
import { HoldsService } from '../../holds/holds.service.js';
import { digestOf, type KeyedRequest } from '../../idempotency/idempotency-key.js';
import { IdempotencyService } from '../../idempotency/idempotency.service.js';
import { OrdersService } from '../../orders/orders.service.js';
import { CustomerIsActiveError } from './customers.errors.js';
import { ErasureRepository, type NamedHold, textOf } from './erasure.repository.js';

/** Holds of which one transaction forgets the customer: whoever waits for one of them does not wait long. */
const STEP = 500;

/** What is locked for a step. */
interface Gathered {
  /** Of the step's holds those that name him still. */
  readonly named: readonly NamedHold[];
  /** His new name, where an erasure before has begun and not ended; else null. */
  readonly begun: string | null;
}

/**
 * Forgetting a customer: his name is replaced by a random one, the same everywhere, so that figures stay. His rows in
 * `customer_holds`, and what operators noted of his holds, which outlives them, are what is still to be done: each step
 * replaces the name in all that belongs to some of his holds, and in these rows, in one transaction. So whoever dies in the
 * midst leaves whole steps, and the request repeated goes on. Until the last step a key, which has only a hash of him,
 * remembers the new name for whoever goes on, here or elsewhere.
 */
@Injectable()
export class Erasure {
  constructor(
    private readonly customers: ErasureRepository,
    private readonly holds: HoldsService,
    private readonly orders: OrdersService,
    private readonly events: EventsService,
    private readonly endpoints: EndpointsService,
    private readonly audit: AuditService,
    private readonly keys: IdempotencyService,
    private readonly transactions: Transactions,
  ) {}

  /**
   * One whom nobody knows is forgotten already.
   *
   * @throws CustomerIsActiveError also where he has come back meanwhile: what was replaced until then stays so.
   */
  async eraseCustomer(act: Act, customerId: string): Promise<void> {
    const isActive = await this.transactions.once((tx) => this.customers.isActive(tx, customerId));
    if (isActive) throw new CustomerIsActiveError();
    for (let isDone = false; !isDone;) isDone = await this.step(act, customerId);
  }

  /** @returns whether nothing names him any more. */
  private step(act: Act, customerId: string): Promise<boolean> {
    const keyed = { key: `customer ${digestOf([customerId])}`, content: '' };
    return this.transactions.run(async (tx) => {
      const found = await this.customers.findNamed(tx, customerId, STEP + 1);
      if (found.length === 0) return true;
      const isLast = found.length <= STEP;
      const { named, begun } = await this.gather(tx, found.slice(0, STEP), customerId, keyed);
      // Somebody else has done these meanwhile, and perhaps the others.
      if (named.length === 0) return false;
      const uuid = begun ?? newUuid();
      const newId = `erased_${uuid}`;
      await this.replace(tx, named, customerId, newId);
      if (isLast) {
        this.audit.record(tx, act, {
          target: 'customer',
          id: newId,
          verb: 'erase',
          before: null,
          after: { customer_id: newId },
        });
        const event = { type: 'customer.erased', occurredAt: null, version: null, holdId: null } as const;
        this.events.record(tx, [{ ...event, data: { customer_id: newId } }]);
        this.keys.forget(tx, 'customers', keyed);
      } else if (begun === null) this.keys.remember(tx, 'customers', [{ ...keyed, reference: uuid }]);
      return isLast;
    });
  }

  /**
   * Locks the orders and then the holds, as everywhere, and asks once more what they are: a hold that was made since the
   * customer was asked for is found in the last step at the latest, and one that is made after that is one of a stranger.
   */
  private async gather(tx: Transaction, ids: string[], customerId: string, keyed: KeyedRequest): Promise<Gathered> {
    const [orders, holds, named, recalled] = await Promise.all([
      this.orders.lockOrdersOfHolds(tx, ids),
      this.holds.lockHolds(tx, ids),
      this.customers.findNamedAmong(tx, ids, customerId),
      this.keys.recall(tx, 'customers', [keyed]),
    ]);
    const orderOf = new Map(orders.map((order) => [order.hold_id, order]));
    for (const { id, customer_id, used, released, is_expired } of holds) {
      const order = orderOf.get(id);
      if (used && !released && order === undefined) throw new OvertakenError('An order was made of the hold meanwhile');
      const isHeld = !used && !released && !is_expired;
      if (customer_id === customerId && (isHeld || order?.status === 'pending_payment'))
        throw new CustomerIsActiveError();
    }
    const begun = recalled.get(keyed);
    return { named, begun: typeof begun === 'string' ? begun : null };
  }

  /** Events are held back from their numbers meanwhile: one that was being written could show the name that is replaced. */
  private async replace(tx: Transaction, named: readonly NamedHold[], from: string, to: string): Promise<void> {
    const his = named.filter(({ isHis }) => isHis).map(({ id }) => id);
    const tags = await this.orders.renameCustomer(tx, his, from, to);
    await this.events.holdBack(tx);
    const replaceIn = (ids: readonly string[], replacements: readonly Replacement[]): void => {
      this.events.replaceIn(tx, ids, replacements);
      this.audit.replaceIn(tx, 'hold', ids, replacements);
    };
    for (const [holdId, replacements] of tags) replaceIn([holdId], replacements);
    replaceIn(his, [[textOf(from), textOf(to)]]);
    await this.endpoints.forgetAnswers(tx, his, JSON.stringify(from));
    this.holds.renameCustomer(
      tx,
      named.map(({ id }) => id),
      from,
      to,
    );
  }
}

import { Injectable } from '@nestjs/common';
import type { AuditFields } from '../access/audit.types.js';
import type { Act } from '../access/operator.js';
import { canonicalAmount } from '../common/money.js';
import type { Transaction } from '../database/transactions.js';
import { keyedByOperator } from '../idempotency/idempotency-key.js';
import { type Change, OperatorChanges } from '../idempotency/operator-changes.js';
import { OrderNotFoundError } from '../orders/orders.errors.js';
import type { OrderStatus, ReturnableOrderRow } from '../orders/orders.types.js';
import { Settling } from '../orders/settling/settling.js';
import { RefundsService, settlementByMoney } from './refunds.service.js';
import { type DecidedReturn, decideReturn, type WantedReturn } from './return-decision.js';

/** An order before or after a return, as the audit log tells it. */
interface ReturnedOrder {
  readonly id: number;
  readonly status: OrderStatus;
  readonly quantity_sold: number;
  readonly returned: (DecidedReturn & Pick<WantedReturn, 'restock'>) | null;
}

/** Units of paid orders that come back, and the money that is owed for them. What a return comes to: `return-decision.ts`. */
@Injectable()
export class Returning {
  constructor(
    private readonly settling: Settling,
    private readonly refunds: RefundsService,
    private readonly changes: OperatorChanges,
  ) {}

  /**
   * Takes units of an order back, and owes what they cost: the order, its refund, the stock and the audit log in one
   * transaction. Asked for again with the same key, it returns nothing more.
   *
   * @returns the number of the order.
   * @throws OrderNotFoundError, OrderNotPaidError, NothingToReturnError, QuantityNotReturnableError, ValidationError,
   *   IdempotencyKeyReusedError
   */
  async returnUnits(act: Act, id: number, wanted: WantedReturn, idempotencyKey?: string): Promise<number> {
    const { quantity, amount, restock } = wanted;
    const order = await this.changes.once<ReturnedOrder>({
      act,
      target: 'order',
      verb: 'return',
      fieldsOf: auditFieldsOf,
      scope: 'returns',
      keyed: keyedByOperator(idempotencyKey, [id, quantity, amount && canonicalAmount(amount), restock]),
      find: async (tx, orderId) => toReturned(await this.lockOne(tx, orderId)),
      work: async (tx) => this.takeBack(tx, await this.lockOne(tx, id), wanted),
    });
    return order.id;
  }

  /**
   * Lock order: order with its hold, payments and refunds, and last, by the write of the stock, the product. Whoever holds
   * units of the product decides under its lock, and so finds those that came back or waits for them.
   */
  private async takeBack(
    tx: Transaction,
    order: ReturnableOrderRow,
    wanted: WantedReturn,
  ): Promise<Change<ReturnedOrder>> {
    const ledger = await this.refunds.lockPaymentsOf(tx, order.id);
    const paid = ledger.paidBy(order);
    const decided = decideReturn(order, wanted, paid?.left ?? 0);
    if (decided.amount !== null && paid !== null) {
      const { provider, transactionId, currency } = paid;
      const money = { amount: decided.amount, currency: currency ?? order.currency };
      const cause = { cause: 'returned' as const, causeRef: String(order.return_count + 1) };
      ledger.owe({ orderId: order.id, provider, transactionId, ...money, ...cause });
    }
    this.refunds.writeLedger(tx, ledger);
    // The return is a change of its own, before that of the money.
    const version = order.version + (decided.quantity > 0 ? 1 : 0);
    const settlement = settlementByMoney({ ...order, version }, ledger);
    this.settling.settle(tx, {
      settlements: settlement === null ? [] : [settlement],
      returned: [{ order, quantity: decided.quantity, isRestocked: wanted.restock }],
    });
    const after = { ...order, status: settlement?.to ?? order.status };
    const returned = { ...decided, restock: wanted.restock };
    return {
      before: toReturned(order),
      after: { ...toReturned(after), quantity_sold: order.quantity_sold - decided.quantity, returned },
    };
  }

  private async lockOne(tx: Transaction, id: number): Promise<ReturnableOrderRow> {
    const order = await this.settling.lockToReturn(tx, id);
    if (order === null) throw new OrderNotFoundError(id);
    return order;
  }
}

function toReturned({ id, status, quantity_sold }: ReturnableOrderRow): ReturnedOrder {
  return { id, status, quantity_sold, returned: null };
}

function auditFieldsOf({ status, quantity_sold, returned }: ReturnedOrder): AuditFields {
  return { status, quantity_sold, returned };
}

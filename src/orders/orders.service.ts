import { Injectable } from '@nestjs/common';
import { ScopeMissingError } from '../access/api-keys.errors.js';
import type { Caller } from '../access/caller.js';
import { ValidationError } from '../common/problem.js';
import type { Replacement } from '../database/text-replacement.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { HoldsService } from '../holds/holds.service.js';
import { digestOf, keyedByCaller } from '../idempotency/idempotency-key.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { PaymentSessionsService } from '../payment-sessions/payment-sessions.service.js';
import { Ordering } from './ordering/ordering.js';
import { OrdersRepository } from './orders.repository.js';
import { DeadlinesRepository } from './settling/deadlines.repository.js';
import type { PaymentWish } from '../payment-sessions/payment-sessions.types.js';
import { AdjustmentsNotTrustedError } from './orders.errors.js';
import type {
  CreatedOrder,
  HoldWithOrder,
  NamedOrderRow,
  OrderMoney,
  OrderRow,
  OrderTags,
  ShopTexts,
  WantedOrder,
} from './orders.types.js';

/** Bytes of JSON that an order's metadata may have. */
const METADATA_BYTES_MAX = 1024;

/** What others may ask of orders; what happens to one that is made is `Settling`, `Cancelling` and `GivingBack`. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly deadlines: DeadlinesRepository,
    private readonly ordering: Ordering,
    private readonly holds: HoldsService,
    private readonly sessions: PaymentSessionsService,
    private readonly idempotency: IdempotencyService,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Makes the order of a hold. Repeated with the same key, the request gets the order in the state that it was made in, and
   * what its buyer pays by as it is now.
   *
   * @throws HoldNotFoundError, HoldAlreadyUsedError, HoldExpiredError, AdjustmentsNotTrustedError, ScopeMissingError,
   *   AmountMismatchError, PaymentAlreadyUsedError, IdempotencyKeyReusedError, ValidationError
   */
  createOrder(wanted: WantedOrder): Promise<CreatedOrder> {
    const { holdId, caller, payment, money, reference, metadata, idempotencyKey } = wanted;
    if (money !== null) refuseUntrusted(money, caller);
    if (payment !== null) this.sessions.check(payment);
    if (metadata !== null && Buffer.byteLength(JSON.stringify(metadata)) > METADATA_BYTES_MAX) {
      const message = `must be at most ${METADATA_BYTES_MAX} bytes of JSON`;
      throw new ValidationError(`The body is not valid: metadata ${message}.`, [{ field: 'metadata', message }]);
    }
    const sender = isTrusted(caller) ? 'shop' : 'buyer';
    const tags: OrderTags = { reference, reference_by: reference === null ? null : sender, metadata };
    const keyed = keyedByCaller(idempotencyKey, caller, contentOf(holdId, tags, payment, money));
    const request = { holdId, caller, payment, money, keyed, tags };
    const created = this.idempotency.once('orders', keyed, () => this.ordering.submit(request));
    return payment === null || keyed === null ? created : created.then((order) => this.withPaymentNow(order));
  }

  /** @throws HoldNotFoundError also of a hold that is another buyer's. */
  async getHoldWithOrder(holdId: string, caller: Caller): Promise<HoldWithOrder> {
    const hold = await this.holds.getHold(holdId, caller);
    const order = hold.used ? await this.orders.findByHoldId(holdId) : null;
    const hasSession = order !== null && order.payment_provider !== null;
    return { hold, order, payment: hasSession ? await this.sessions.find(holdId) : null };
  }

  /** The orders of these holds as they are now: who decides by what may change of them locks them first. */
  findOrdersOfHolds(holdIds: readonly string[]): Promise<NamedOrderRow[]> {
    return this.orders.findOfHolds(holdIds);
  }

  /** Locks the orders of holds for a decision about them. Lock order: order, hold, product. */
  lockOrdersOfHolds(tx: Transaction, holdIds: readonly string[]): Promise<OrderRow[]> {
    return this.orders.lockByHoldIds(tx, holdIds);
  }

  /**
   * Gives a customer another name where the shop wrote his to these locked orders: as the reference, as a value of the
   * metadata, or as the label of an adjustment.
   *
   * @returns of each order that has changed, by its hold, what is to be replaced in texts that show it.
   */
  async renameCustomer(
    tx: Transaction,
    holdIds: readonly string[],
    from: string,
    to: string,
  ): Promise<ReadonlyMap<string, readonly Replacement[]>> {
    if (holdIds.length === 0) return new Map();
    const naming = await this.orders.findNaming(tx, holdIds, from);
    return new Map(
      naming.map((texts) => {
        const after = renamed(texts, from, to);
        this.orders.writeTexts(tx, texts.hold_id, after);
        const replacements = SHOP_TEXTS.map((name) => [textOf(name, texts[name]), textOf(name, after[name])] as const);
        return [texts.hold_id, replacements.filter(([before, now]) => before !== now)];
      }),
    );
  }

  /**
   * Deletes one step of cancelled orders, whose deadline was more than `days` days ago, with their holds.
   *
   * @returns how many orders were deleted.
   */
  purgeCancelledOrders(days: number, step: number): Promise<number> {
    return this.transactions.run(async (tx) => {
      const orders = await this.deadlines.lockCancelledBefore(tx, days, step);
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

  private async withPaymentNow(created: CreatedOrder): Promise<CreatedOrder> {
    const { order, isRecalled, payment } = created;
    return isRecalled && payment !== null ? { ...created, payment: await this.sessions.find(order.hold_id) } : created;
  }
}

/** What an order costs, and whether it is paid, is not for buyers to say. */
function refuseUntrusted({ adjustments, paid }: OrderMoney, caller: Caller): void {
  if (adjustments.length > 0 && !isTrusted(caller)) throw new AdjustmentsNotTrustedError();
  if (paid !== null && caller.kind !== 'shop') throw new ScopeMissingError(['sell']);
}

function isTrusted({ kind }: Caller): boolean {
  return kind === 'shop' || kind === 'operator';
}

/** What is asked for, as one text: of a plain order its hold, as keys of before the others have it. */
function contentOf(
  holdId: string,
  { reference, metadata }: OrderTags,
  payment: PaymentWish | null,
  money: OrderMoney | null,
): string {
  if (reference === null && metadata === null && payment === null && money === null) return holdId;
  // The fields of an object have no order.
  const pairs = metadata && Object.entries(metadata).sort(([one], [other]) => (one < other ? -1 : 1));
  const { provider, kind, returnUrl } = payment ?? {};
  return digestOf([
    holdId,
    reference,
    pairs,
    ...(payment === null ? [] : [provider, kind, returnUrl]),
    ...(money === null ? [] : [money]),
  ]);
}

const SHOP_TEXTS = ['reference', 'metadata', 'adjustments'] as const;

/** The texts with another name of the customer; values of the metadata that have no room for it are empty from now on. */
function renamed({ reference, metadata, adjustments }: ShopTexts, from: string, to: string): ShopTexts {
  const withValue = (value: string): OrderTags['metadata'] =>
    metadata && Object.fromEntries(Object.entries(metadata).map(([name, old]) => [name, old === from ? value : old]));
  const isTooLong = Buffer.byteLength(JSON.stringify(withValue(to))) > METADATA_BYTES_MAX;
  return {
    reference: reference === from ? to : reference,
    metadata: withValue(isTooLong ? '' : to),
    adjustments: adjustments.map((each) => (each.label === from ? { ...each, label: to } : each)),
  };
}

/** As JSON shows it. */
function textOf(name: string, value: unknown): string {
  return `"${name}":${JSON.stringify(value)}`;
}

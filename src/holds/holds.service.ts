import { Inject, Injectable } from '@nestjs/common';
import { BuyerTokenRequiredError } from '../access/access.errors.js';
import type { Caller } from '../access/caller.js';
import { ValidationError } from '../common/problem.js';
import { CONFIG, type Config } from '../config/config.js';
import { newUuid } from '../database/sql.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { keyedByCaller } from '../idempotency/idempotency-key.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { SkuNumbers } from '../products/sku-numbers.js';
import { CustomerHoldsRepository } from './customer-holds.repository.js';
import type { NewHold } from './granting/grant-facts.js';
import { Granting } from './granting/granting.js';
import { HoldNotFoundError } from './holds.errors.js';
import { HoldsRepository } from './holds.repository.js';
import { type HoldRequest, isOf, type LockedHoldRow, type PricedHoldRow } from './holds.types.js';

/** What others may ask of holds; letting them go is `Releasing`. */
@Injectable()
export class HoldsService {
  constructor(
    private readonly holds: HoldsRepository,
    private readonly customerHolds: CustomerHoldsRepository,
    private readonly granting: Granting,
    private readonly skus: SkuNumbers,
    private readonly idempotency: IdempotencyService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Reserves units for `HOLD_TTL_SECONDS`, or as long as the product's sale says; answers after the commit. A repeated request gets the hold as it was
   * answered first, whatever became of it.
   *
   * @throws ProductNotFoundError, ProductNotOnSaleError, SaleNotStartedError, SalePausedError, SaleEndedError,
   *   CustomerLimitReachedError, BuyerTokenRequiredError, InsufficientStockError, IdempotencyKeyReusedError, ValidationError, OverloadedError
   */
  createHold(request: HoldRequest): Promise<PricedHoldRow> {
    const { productId, sku, quantity } = request;
    const { quantityMax } = this.config.holds;
    if (quantity > quantityMax) {
      const message = `must be at most ${quantityMax}`;
      throw new ValidationError(`The body is not valid: quantity ${message}.`, [{ field: 'quantity', message }]);
    }
    if (sku === null) return this.holdOf(productId!, request);
    return this.skus.use({ productId, sku }, (id) => this.holdOf(id, request));
  }

  /** The key is of the product's number, however it was named. */
  private holdOf(productId: number, { sku, quantity, caller, idempotencyKey }: HoldRequest): Promise<PricedHoldRow> {
    const keyed = keyedByCaller(idempotencyKey, caller, `${productId}:${quantity}`);
    const { buyer } = caller;
    const hold = { id: newUuid(), product_id: productId, sku, qty: quantity, keyed, buyer, byHand: null };
    if (caller.kind === 'anonymous' && this.config.buyers.tokens === 'required') return this.recallHold(hold);
    return this.idempotency.once('holds', keyed, () => this.granting.submit(hold));
  }

  /** The key is asked before the token is: what was held before tokens were required stays what a repetition gets. */
  private async recallHold(hold: NewHold): Promise<PricedHoldRow> {
    const earlier = await this.granting.recall(hold);
    if (earlier === null) throw new BuyerTokenRequiredError();
    return earlier;
  }

  /** @throws HoldNotFoundError also of a hold that is another buyer's. */
  async getHold(id: string, caller: Caller): Promise<PricedHoldRow> {
    const hold = await this.holds.findById(id);
    if (hold === null || !isOf(hold, caller)) throw new HoldNotFoundError();
    return hold;
  }

  /** Locks holds for a decision about them. Lock order: order, hold, product. */
  lockHolds(tx: Transaction, ids: Iterable<string>): Promise<LockedHoldRow[]> {
    return this.holds.lock(tx, ids);
  }

  /**
   * Names of the rows that the order of each hold may have to wait for; none of one that is not there.
   *
   * @param mayBePaid those whose orders may be paid as they are made, whatever they cost.
   */
  findRowsToOrder(ids: readonly string[], mayBePaid: ReadonlySet<string>): Promise<string[][]> {
    return this.holds.findRowsToOrder(ids, mayBePaid);
  }

  /** Gives a customer another name in these locked holds of his, and of others that are counted with him. */
  renameCustomer(tx: Transaction, ids: readonly string[], from: string, to: string): void {
    if (ids.length === 0) return;
    this.holds.rename(tx, ids, from, to);
    this.customerHolds.rename(tx, ids, from, to);
  }

  /** Turns locked active holds into used ones; their units stay held, now for the orders. */
  useHolds(tx: Transaction, ids: readonly string[]): void {
    this.holds.markUsed(tx, ids);
  }

  /**
   * Deletes one step of a product's released holds that never became an order and expired more than `days`
   * days ago. They are held by nobody, so no counter moves and no buyer waits.
   *
   * @returns how many were deleted.
   */
  purgeReleasedHolds(productId: number, days: number, step: number): Promise<number> {
    return this.transactions.run(async (tx) => {
      const holds = await this.holds.lockReleasedBefore(tx, productId, days, step);
      this.deleteReleased(
        tx,
        holds.map((hold) => hold.id),
      );
      return holds.length;
    });
  }

  /** Numbers of the products that have holds in any state. */
  findProductIds(): Promise<number[]> {
    return this.holds.findProductIds();
  }

  /** Deletes locked released holds; an order that was made of one must be deleted before. */
  deleteReleased(tx: Transaction, ids: readonly string[]): void {
    this.holds.deleteReleased(tx, ids);
  }
}

import { Inject, Injectable } from '@nestjs/common';
import type { GroupCommit } from '../common/group-commit.js';
import { ValidationError } from '../common/problem.js';
import { CONFIG, type Config } from '../config/config.js';
import { CommitUnknownError } from '../database/database-errors.js';
import { GroupCommits } from '../database/group-commits.js';
import { addSeconds, newUuid } from '../database/sql.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { ProductNotFoundError } from '../products/products.errors.js';
import { ProductsService } from '../products/products.service.js';
import type { StockLedger } from '../products/stock-ledger.js';
import type { StockMove } from '../products/products.types.js';
import { HoldNotFoundError, InsufficientStockError } from './holds.errors.js';
import { HoldsRepository } from './holds.repository.js';
import type { HoldRequest, HoldRow, PricedHoldRow } from './holds.types.js';

/** A hold that is asked for. Its id is made once, so that a repeated transaction finds its own holds. */
type NewHold = Pick<HoldRow, 'id' | 'product_id' | 'qty'>;

/** Reserving stock and letting it go. */
@Injectable()
export class HoldsService {
  private readonly creations: GroupCommit<NewHold, HoldRow>;

  constructor(
    private readonly holds: HoldsRepository,
    private readonly products: ProductsService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
    groupCommits: GroupCommits,
  ) {
    this.creations = groupCommits.create((batch, previousError) => this.commitCreations(batch, previousError));
  }

  /**
   * Reserves units for `HOLD_TTL_SECONDS`; answers after the commit.
   *
   * @throws ProductNotFoundError, InsufficientStockError, ValidationError, OverloadedError
   */
  createHold(request: HoldRequest): Promise<HoldRow> {
    const { quantityMax } = this.config.holds;
    if (request.quantity > quantityMax) {
      const message = `must be at most ${quantityMax}`;
      throw new ValidationError(`The body is not valid: quantity ${message}.`, [{ field: 'quantity', message }]);
    }
    return this.creations.submit({ id: newUuid(), product_id: request.productId, qty: request.quantity });
  }

  /** @throws HoldNotFoundError */
  async getHold(id: string): Promise<HoldRow> {
    const hold = await this.holds.findById(id);
    if (hold === null) throw new HoldNotFoundError();
    return hold;
  }

  /** Locks holds for a decision about them. Lock order: order, hold, product. */
  lockHolds(tx: Transaction, ids: Iterable<string>): Promise<PricedHoldRow[]> {
    return this.holds.lock(tx, ids);
  }

  /** Turns locked active holds into used ones; their units stay held, now for the orders. */
  useHolds(tx: Transaction, ids: readonly string[]): void {
    this.holds.markUsed(tx, ids);
  }

  /** Releases locked used holds, whose order is cancelled; the order's settlement moves the units. */
  releaseUsedHolds(tx: Transaction, ids: readonly string[]): void {
    this.holds.markReleased(tx, ids, 'used');
  }

  /** Releases locked active holds and makes their units available again. After the commit call `unitsReturned`. */
  releaseHolds(tx: Transaction, holds: readonly HoldRow[]): void {
    this.holds.markReleased(
      tx,
      holds.map((hold) => hold.id),
      'active',
    );
    this.products.moveStock(tx, holds.map(returnedUnits));
  }

  /** Readers of this instance see the units of released holds from here on. */
  unitsReturned(holds: readonly HoldRow[]): void {
    this.products.stockMoved(holds.map(returnedUnits));
  }

  /**
   * One transaction that decides a batch of requests, first come first served.
   *
   * It can't oversell: the product rows are locked by its first statement, so the figures that the ledger
   * starts from can't change until COMMIT, and the CHECK constraint refuses a sum that is wrong all the same.
   * It can't answer too early: outcomes are returned after COMMIT was answered. If the process dies before,
   * the server rolls back; if it dies after, the holds expire by themselves.
   */
  private async commitCreations(batch: readonly NewHold[], previousError: unknown): Promise<(HoldRow | Error)[]> {
    const { outcomes, ledger } = await this.transactions.once(async (tx) => {
      const productIds = batch.map((hold) => hold.product_id);
      const { ledger, now } = await this.products.lockStock(tx, productIds);
      const committed = await this.findCommitted(tx, batch, previousError);
      const undecided = batch.filter((hold) => !committed.has(hold.id));
      await this.takeBackExpired(tx, ledger, undecided);
      const expiresAt = addSeconds(now, this.config.holds.ttlSeconds);
      const decided = undecided.map((hold) => decide(hold, ledger, expiresAt));
      this.holds.insert(tx, decided.filter(isGranted), expiresAt);
      this.products.writeStock(tx, ledger);
      const granted = decided[Symbol.iterator]();
      const outcomes = batch.map((hold) => committed.get(hold.id) ?? granted.next().value!);
      return { outcomes, ledger };
    });
    this.products.stockCommitted(ledger);
    return outcomes;
  }

  /**
   * The holds of this batch that an earlier try committed without learning of it. That try has ended: now that
   * the products' locks are ours, what it wrote is either visible or was rolled back.
   */
  private async findCommitted(
    tx: Transaction,
    batch: readonly NewHold[],
    previousError: unknown,
  ): Promise<Map<string, HoldRow>> {
    if (!(previousError instanceof CommitUnknownError)) return new Map();
    const rows = await this.holds.findByIds(
      tx,
      batch.map((hold) => hold.id),
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Where the batch wants more than is available, expired holds of that product are released first. */
  private async takeBackExpired(tx: Transaction, ledger: StockLedger, batch: readonly NewHold[]): Promise<void> {
    const wanted = new Map<number, number>();
    for (const { product_id, qty } of batch) wanted.set(product_id, (wanted.get(product_id) ?? 0) + qty);
    const shortages = [...wanted]
      .map(([productId, units]) => ({ productId, units: units - (ledger.available(productId) ?? units) }))
      .filter(({ units }) => units > 0);
    if (shortages.length === 0) return;
    const expired = await this.holds.lockExpired(tx, shortages);
    for (const hold of expired) ledger.move(returnedUnits(hold));
    this.holds.markReleased(
      tx,
      expired.map((hold) => hold.id),
      'active',
    );
  }
}

/** Grants the hold if its units are left, and takes them out of the ledger. */
function decide(hold: NewHold, ledger: StockLedger, expiresAt: string): HoldRow | Error {
  const available = ledger.available(hold.product_id);
  if (available === undefined) return new ProductNotFoundError(hold.product_id);
  if (available < hold.qty) return new InsufficientStockError(available);
  ledger.move({ productId: hold.product_id, held: hold.qty, sold: 0 });
  return { ...hold, expires_at: expiresAt, used: false, released: false, is_expired: false };
}

function isGranted(outcome: HoldRow | Error): outcome is HoldRow {
  return !(outcome instanceof Error);
}

function returnedUnits({ product_id, qty }: HoldRow): StockMove {
  return { productId: product_id, held: -qty, sold: 0 };
}

import { Inject, Injectable } from '@nestjs/common';
import { groupBy } from '../common/group-by.js';
import type { GroupCommit } from '../engine/group-commit.js';
import { ValidationError } from '../common/problem.js';
import { backoffWithJitterMs, retry, type RetryPolicy } from '../common/retry.js';
import { CONFIG, type Config } from '../config/config.js';
import { GroupCommits } from '../engine/group-commits.js';
import { rowName } from '../engine/row-locks.js';
import { addSeconds, newUuid } from '../database/sql.js';
import { isNeverTriedAgain, type Transaction, Transactions } from '../database/transactions.js';
import type { KeyedRequest, StoredKey } from '../idempotency/idempotency-key.js';
import { IdempotencyService, type Recalled } from '../idempotency/idempotency.service.js';
import { MetricsService } from '../metrics/metrics.service.js';
import type { Tally } from '../metrics/samples.js';
import { ProductsService } from '../products/products.service.js';
import type { StockLedger } from '../products/stock-ledger.js';
import type { StockMove } from '../products/products.types.js';
import { decideHold, type NewHold, toEarlier } from './hold-decision.js';
import { HoldNotFoundError, UnitsOnTheirWayError } from './holds.errors.js';
import { HoldsRepository } from './holds.repository.js';
import type { HoldRequest, HoldRow, PricedHoldRow } from './holds.types.js';

/** Expired holds that are released in one transaction: many enough to be quick, few enough to be brief. */
const RELEASE_STEP = 2000;

/** About a second and a half: longer than a sweep keeps the expired holds of one of its steps. */
const UNITS_ON_THEIR_WAY: RetryPolicy = {
  triesMax: 10,
  isTransient: (error) => error instanceof UnitsOnTheirWayError,
  delayMs: backoffWithJitterMs,
  sleep: (ms) => new Promise((wake) => setTimeout(wake, ms)),
};

interface ReleaseStep {
  readonly released: number;
  /** Whether nothing of the product is due any more. */
  readonly isLast: boolean;
}

/** Why units of a hold became available again. */
export type ReleaseReason = 'expired' | 'given_back' | 'order_cancelled';

/** Reserving stock and letting it go. */
@Injectable()
export class HoldsService {
  private readonly creations: GroupCommit<NewHold, PricedHoldRow>;
  private readonly releases: GroupCommit<number, ReleaseStep>;
  private readonly released: Tally;

  constructor(
    private readonly holds: HoldsRepository,
    private readonly products: ProductsService,
    private readonly idempotency: IdempotencyService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
    groupCommits: GroupCommits,
    metrics: MetricsService,
  ) {
    const reasons: readonly ReleaseReason[] = ['expired', 'given_back', 'order_cancelled'];
    this.released = metrics.tally('checkout_holds_released_total', 'Holds released, by reason', 'reason', reasons);
    this.creations = groupCommits.create(
      'holds',
      (batch, mayHaveCommitted) => this.commitCreations(batch, mayHaveCommitted),
      (batch) => Promise.resolve(batch.map((hold) => [rowName.product(hold.product_id)])),
    );
    this.releases = groupCommits.create(
      'releases',
      (batch) => this.commitReleases(batch),
      (batch) => Promise.resolve(batch.map((productId) => [rowName.product(productId)])),
    );
  }

  /**
   * Reserves units for `HOLD_TTL_SECONDS`; answers after the commit. A repeated request gets the hold as it was
   * answered first, whatever became of it.
   *
   * @throws ProductNotFoundError, InsufficientStockError, IdempotencyKeyReusedError, ValidationError, OverloadedError
   */
  createHold({ productId, quantity, idempotencyKey: key }: HoldRequest): Promise<PricedHoldRow> {
    const { quantityMax } = this.config.holds;
    if (quantity > quantityMax) {
      const message = `must be at most ${quantityMax}`;
      throw new ValidationError(`The body is not valid: quantity ${message}.`, [{ field: 'quantity', message }]);
    }
    const keyed = key === undefined ? null : { key, content: `${productId}:${quantity}` };
    const hold = { id: newUuid(), product_id: productId, qty: quantity, keyed };
    return this.idempotency.once('holds', keyed, () => retry(() => this.creations.submit(hold), UNITS_ON_THEIR_WAY));
  }

  /** @throws HoldNotFoundError */
  async getHold(id: string): Promise<PricedHoldRow> {
    const hold = await this.holds.findById(id);
    if (hold === null) throw new HoldNotFoundError();
    return hold;
  }

  /** Locks holds for a decision about them. Lock order: order, hold, product. */
  lockHolds(tx: Transaction, ids: Iterable<string>): Promise<PricedHoldRow[]> {
    return this.holds.lock(tx, ids);
  }

  /** Names of the rows that the order of each hold may have to wait for; none of one that is not there. */
  findRowsToOrder(ids: readonly string[]): Promise<string[][]> {
    return this.holds.findRowsToOrder(ids);
  }

  /** Turns locked active holds into used ones; their units stay held, now for the orders. */
  useHolds(tx: Transaction, ids: readonly string[]): void {
    this.holds.markUsed(tx, ids);
  }

  /** Releases locked used holds, whose order is cancelled; the order's settlement moves the units. */
  releaseUsedHolds(tx: Transaction, ids: readonly string[]): void {
    this.markReleased(tx, ids, 'order_cancelled');
  }

  /** Releases locked active holds and makes their units available again. */
  releaseHolds(tx: Transaction, holds: readonly HoldRow[], reason: 'expired' | 'given_back'): void {
    this.markReleased(
      tx,
      holds.map((hold) => hold.id),
      reason,
    );
    this.products.moveStock(tx, holds.map(returnedUnits));
  }

  private markReleased(tx: Transaction, ids: readonly string[], reason: ReleaseReason): void {
    if (ids.length === 0) return;
    this.holds.markReleased(tx, ids, reason === 'order_cancelled' ? 'used' : 'active');
    tx.afterCommit(() => this.released.add(reason, ids.length));
  }

  /** Products with expired holds that still count as held, and how long the oldest of them has been due. */
  findProductsWithExpired(): Promise<{ product_id: number; overdue_ms: number }[]> {
    return this.holds.findProductsWithExpired();
  }

  /**
   * Releases the product's expired holds, in steps so that buyers get their turn in between. Each is released
   * once, whoever else does the same: the row lock decides.
   *
   * @returns how many holds were released.
   */
  async releaseExpiredHolds(productId: number): Promise<number> {
    for (let released = 0; ;) {
      const step = await this.releases.submit(productId);
      released += step.released;
      if (step.isLast) return released;
    }
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

  /**
   * One transaction that decides a batch of requests, first come first served.
   *
   * It can't oversell: the product rows are locked by its first statement, so the figures that the ledger
   * starts from can't change until COMMIT, and the CHECK constraint refuses a sum that is wrong all the same.
   * It can't answer too early: outcomes are returned after COMMIT was answered. If the process dies before,
   * the server rolls back; if it dies after, the holds expire by themselves.
   */
  private async commitCreations(
    batch: readonly NewHold[],
    mayHaveCommitted: boolean,
  ): Promise<(PricedHoldRow | Error)[]> {
    return this.transactions.once(async (tx) => {
      const [{ ledger, now }, recalled] = await Promise.all([
        this.products.lockStock(
          tx,
          batch.map((hold) => hold.product_id),
        ),
        this.idempotency.recall(
          tx,
          'holds',
          batch.map((hold) => hold.keyed),
        ),
      ]);
      const earlier = await this.findEarlier(tx, batch, recalled, mayHaveCommitted);
      const undecided = earlier.size === 0 ? batch : batch.filter((hold) => !earlier.has(hold.id));
      const contended = await this.takeBackExpired(tx, ledger, undecided);
      const expiresAt = addSeconds(now, this.config.holds.ttlSeconds);
      const terms = { expiresAt, currency: this.config.payments.currency, contended };
      const granted: PricedHoldRow[] = [];
      const keys: StoredKey[] = [];
      const outcomes = batch.map((hold) => {
        const known = earlier.get(hold.id);
        if (known !== undefined) return known;
        const outcome = decideHold(hold, ledger, terms);
        if (outcome instanceof Error) return outcome;
        granted.push(outcome);
        if (hold.keyed !== null) keys.push({ ...hold.keyed, reference: hold.id });
        return outcome;
      });
      this.holds.insert(tx, granted, expiresAt);
      this.idempotency.remember(tx, 'holds', keys);
      this.products.writeStock(tx, ledger);
      return outcomes;
    });
  }

  /**
   * One transaction that releases a step of expired holds, shared by the products of the batch. Lock order:
   * hold, product; the products' counters are the last write, so their rows are locked for no longer than the
   * COMMIT. If the process dies before, the server rolls back and the holds are still due.
   */
  private async commitReleases(batch: readonly number[]): Promise<ReleaseStep[]> {
    const productIds = [...new Set(batch)].sort((a, b) => a - b);
    const limit = Math.ceil(RELEASE_STEP / productIds.length);
    // Followed up to its end should the reply to COMMIT be lost; another try of all else is up to the group commit.
    const expired = await this.transactions.run(async (tx) => {
      const expired = await this.holds.lockExpired(
        tx,
        productIds.map((productId) => ({ productId, limit })),
      );
      this.releaseHolds(tx, expired, 'expired');
      return expired;
    }, isNeverTriedAgain);
    const byProduct = groupBy(expired, (hold) => hold.product_id);
    // Two requests for one product are one piece of work, told to the first of them.
    return batch.map((productId, index) => {
      const released = batch.indexOf(productId) === index ? (byProduct.get(productId)?.length ?? 0) : 0;
      return { released, isLast: released < limit };
    });
  }

  /**
   * What requests of this batch got before: by an earlier request with their key, or by an earlier try of this
   * batch that committed without learning of it. That try has ended: now that the products' locks are ours, what
   * it wrote is either visible or was rolled back.
   */
  private async findEarlier(
    tx: Transaction,
    batch: readonly NewHold[],
    recalled: ReadonlyMap<KeyedRequest | null, Recalled>,
    mayHaveCommitted: boolean,
  ): Promise<Map<string, PricedHoldRow | Error>> {
    if (recalled.size === 0 && !mayHaveCommitted) return new Map();
    const wanted = batch.map((hold) => recalled.get(hold.keyed) ?? (mayHaveCommitted ? hold.id : null));
    const ids = wanted.filter((id) => typeof id === 'string');
    const found = ids.length === 0 ? [] : await this.holds.findByIds(tx, ids);
    const rows = new Map(found.map((row) => [row.id, row]));
    return new Map(batch.flatMap((hold) => toEarlier(hold, recalled.get(hold.keyed), rows)));
  }

  /**
   * Locks as many expired holds of the products as may be needed, before the products are locked: here those that
   * somebody else is deciding on are waited for, in the usual order. `takeBackExpired` then finds them.
   */
  async waitForExpired(tx: Transaction, wants: readonly Pick<HoldRow, 'product_id' | 'qty'>[]): Promise<void> {
    const wanted = [...unitsPerProduct(wants)].sort(([a], [b]) => a - b);
    await this.holds.lockExpired(
      tx,
      wanted.map(([productId, limit]) => ({ productId, limit })),
      true,
    );
  }

  /**
   * Where more is wanted than is available, expired holds of that product are released first, into the ledger.
   * Those that somebody else is deciding on can't be waited for here (see `lockExpired`).
   *
   * @returns the products of which more holds are expired than could be taken back.
   */
  async takeBackExpired(
    tx: Transaction,
    ledger: StockLedger,
    wants: readonly Pick<HoldRow, 'product_id' | 'qty'>[],
  ): Promise<Set<number>> {
    const shortages = [...unitsPerProduct(wants)]
      .map(([productId, units]) => ({ productId, limit: units - (ledger.available(productId) ?? units) }))
      .filter(({ limit }) => limit > 0);
    if (shortages.length === 0) return new Set();
    const [expired, dueCounts] = await Promise.all([
      this.holds.lockExpired(tx, shortages),
      this.holds.countExpired(tx, shortages),
    ]);
    for (const hold of expired) ledger.move(returnedUnits(hold));
    this.markReleased(
      tx,
      expired.map((hold) => hold.id),
      'expired',
    );
    const locked = groupBy(expired, (hold) => hold.product_id);
    const contended = shortages.filter(
      ({ productId }, index) => dueCounts[index]! > (locked.get(productId)?.length ?? 0),
    );
    return new Set(contended.map(({ productId }) => productId));
  }
}

function unitsPerProduct(wants: readonly Pick<HoldRow, 'product_id' | 'qty'>[]): Map<number, number> {
  const wanted = new Map<number, number>();
  for (const { product_id, qty } of wants) wanted.set(product_id, (wanted.get(product_id) ?? 0) + qty);
  return wanted;
}

function returnedUnits({ product_id, qty }: HoldRow): StockMove {
  return { productId: product_id, held: -qty, sold: 0 };
}

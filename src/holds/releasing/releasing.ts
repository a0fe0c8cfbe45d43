import { Injectable } from '@nestjs/common';
import { groupBy } from '../../common/group-by.js';
import { nameOfProduct, sumOfAll } from '../../common/sum-of-all.js';
import { isNeverTriedAgain, type Transaction, Transactions } from '../../database/transactions.js';
import type { GroupCommit } from '../../engine/group-commit.js';
import { GroupCommits } from '../../engine/group-commits.js';
import { rowName } from '../../engine/row-locks.js';
import { MetricsService } from '../../metrics/metrics.service.js';
import type { Tally } from '../../metrics/samples.js';
import { ProductsService } from '../../products/products.service.js';
import type { StockMove } from '../../products/products.types.js';
import type { StockLedger } from '../../products/stock-ledger.js';
import { CustomerLimits } from '../customer-limits.js';
import { HoldsRepository } from '../holds.repository.js';
import type { HoldRow } from '../holds.types.js';

/** Expired holds that are released in one transaction: many enough to be quick, few enough to be brief. */
const RELEASE_STEP = 2000;

/** Why units of a hold became available again. */
type ReleaseReason = 'expired' | 'given_back' | 'order_cancelled';

/** A hold, and whether it has a buyer, in whose limits its units count. */
type Owned = Pick<HoldRow, 'id' | 'customer_id'>;

/** Units of a product that somebody wants. */
type Wanted = Pick<HoldRow, 'product_id' | 'qty'>;

interface ReleaseStep {
  readonly released: number;
  /** Whether nothing of the product is due any more. */
  readonly isLast: boolean;
}

/** Letting holds go: those that expire, in a group commit of five steps, and those that others decide about. */
@Injectable()
export class Releasing {
  private readonly line: GroupCommit<number, ReleaseStep>;
  private readonly released: Tally;

  constructor(
    private readonly holds: HoldsRepository,
    private readonly limits: CustomerLimits,
    private readonly products: ProductsService,
    private readonly transactions: Transactions,
    groupCommits: GroupCommits,
    metrics: MetricsService,
  ) {
    const reasons: readonly ReleaseReason[] = ['expired', 'given_back', 'order_cancelled'];
    this.released = metrics.tally('checkout_holds_released_total', 'Holds released, by reason', 'reason', reasons);
    this.line = groupCommits.create(
      'releases',
      (batch) => this.commit(batch),
      (batch) => Promise.resolve(batch.map((productId) => [rowName.product(productId)])),
    );
  }

  /** For how long the oldest expired hold has counted as held, in milliseconds; 0 when none does. */
  async findOverdueMs(): Promise<number> {
    const due = await this.holds.findProductsWithExpired();
    return due.reduce((max, { overdue_ms }) => Math.max(max, overdue_ms), 0);
  }

  /**
   * Releases the expired holds of all products.
   *
   * @returns how many holds were released.
   * @throws PartlyDoneError at the end, with the products of which they could not be.
   */
  async releaseAllExpiredHolds(): Promise<number> {
    const due = await this.holds.findProductsWithExpired();
    const productIds = due.map(({ product_id }) => product_id);
    return sumOfAll(productIds, nameOfProduct, (productId) => this.releaseExpiredHolds(productId));
  }

  /**
   * Releases the product's expired holds, in steps so that buyers get their turn in between. Each is released
   * once, whoever else does the same: the row lock decides.
   *
   * @returns how many holds were released.
   */
  async releaseExpiredHolds(productId: number): Promise<number> {
    for (let released = 0; ;) {
      const step = await this.line.submit(productId);
      released += step.released;
      if (step.isLast) return released;
    }
  }

  /** Releases locked holds: used ones, whose order is cancelled, or active ones. Who calls it moves their units. */
  markReleased(tx: Transaction, holds: readonly Owned[], reason: ReleaseReason): void {
    if (holds.length === 0) return;
    const ids = idsOf(holds);
    this.holds.markReleased(tx, ids, reason === 'order_cancelled' ? 'used' : 'active');
    this.limits.lowerTo(tx, idsOf(holds.filter(({ customer_id }) => customer_id !== null)), 0);
    tx.afterCommit(() => this.released.add(reason, ids.length));
  }

  /**
   * Locks as many expired holds of the products as may be needed, before the products are locked: here those that
   * somebody else is deciding on are waited for, in the usual order. `takeBackExpired` then finds them.
   */
  async waitForExpired(tx: Transaction, wants: readonly Wanted[]): Promise<void> {
    const wanted = [...unitsPerProduct(wants)].sort(([a], [b]) => a - b);
    await this.holds.lockExpired(
      tx,
      wanted.map(([productId, limit]) => ({ productId, limit })),
      true,
    );
  }

  /** Names of the rows, by product, that {@link waitForExpired} waits for. */
  async findExpiredRows(wants: readonly Wanted[]): Promise<Map<number, string[]>> {
    const names = new Map<number, string[]>();
    for (const [productId, limit] of unitsPerProduct(wants)) {
      const ids = await this.holds.findExpired({ productId, limit });
      names.set(productId, ids.map(rowName.hold));
    }
    return names;
  }

  /**
   * Where more is wanted than is available, expired holds of that product are released first, into the ledger.
   * Those that somebody else is deciding on can't be waited for here (see `lockExpired`).
   *
   * @returns how many more units may come of each product of which not all expired holds could be taken back. Who is short
   *   even with them is refused for good: he would try again, and all of his batch with him, for nothing.
   */
  async takeBackExpired(tx: Transaction, ledger: StockLedger, wants: readonly Wanted[]): Promise<Map<number, number>> {
    const shortages = [...unitsPerProduct(wants)]
      .map(([productId, units]) => ({ productId, limit: units - (ledger.available(productId) ?? units) }))
      .filter(({ limit }) => limit > 0);
    if (shortages.length === 0) return new Map();
    const [expired, due] = await Promise.all([
      this.holds.lockExpired(tx, shortages),
      this.holds.countExpired(tx, shortages),
    ]);
    for (const hold of expired) ledger.move(returnedUnits(hold));
    this.markReleased(tx, expired, 'expired');
    const locked = groupBy(expired, (hold) => hold.product_id);
    return new Map(
      shortages.flatMap(({ productId, limit }, index): [number, number][] => {
        const { holds, units } = due[index]!;
        const taken = locked.get(productId) ?? [];
        if (holds <= taken.length) return [];
        // Where no more were looked at, those that are left have at least as many units as are short.
        return [[productId, holds < limit ? units - unitsOf(taken) : limit]];
      }),
    );
  }

  /**
   * One transaction that releases a step of expired holds, shared by the products of the batch. Lock order:
   * hold, product; the products' counters are the last write, so their rows are locked for no longer than the
   * COMMIT. If the process dies before, the server rolls back and the holds are still due.
   */
  private commit(batch: readonly number[]): Promise<ReleaseStep[]> {
    const productIds = [...new Set(batch)].sort((a, b) => a - b);
    const limit = Math.ceil(RELEASE_STEP / productIds.length);
    // Followed up to its end should the reply to COMMIT be lost; another try of all else is up to the group commit.
    return this.transactions.run(async (tx) => {
      const expired = await this.gather(tx, productIds, limit);
      const steps = decide(batch, expired, limit);
      // What is told after the commit, readers' figures and counts, is queued with what it tells of.
      this.write(tx, expired);
      return steps;
    }, isNeverTriedAgain);
  }

  private gather(tx: Transaction, productIds: readonly number[], limit: number): Promise<HoldRow[]> {
    return this.holds.lockExpired(
      tx,
      productIds.map((productId) => ({ productId, limit })),
    );
  }

  private write(tx: Transaction, expired: readonly HoldRow[]): void {
    this.markReleased(tx, expired, 'expired');
    this.products.moveStock(tx, expired.map(returnedUnits));
  }
}

/** All that is locked is released. Two requests for one product are one piece of work, told to the first of them. */
function decide(batch: readonly number[], expired: readonly HoldRow[], limit: number): ReleaseStep[] {
  const byProduct = groupBy(expired, (hold) => hold.product_id);
  return batch.map((productId, index) => {
    const released = batch.indexOf(productId) === index ? (byProduct.get(productId)?.length ?? 0) : 0;
    return { released, isLast: released < limit };
  });
}

/** What an active hold gives back. */
export function returnedUnits({ product_id, qty }: HoldRow): StockMove {
  return { productId: product_id, held: -qty, sold: 0 };
}

function unitsPerProduct(wants: readonly Wanted[]): Map<number, number> {
  const wanted = new Map<number, number>();
  for (const { product_id, qty } of wants) wanted.set(product_id, (wanted.get(product_id) ?? 0) + qty);
  return wanted;
}

function unitsOf(holds: readonly HoldRow[]): number {
  return holds.reduce((sum, { qty }) => sum + qty, 0);
}

function idsOf(holds: readonly Owned[]): string[] {
  return holds.map((hold) => hold.id);
}

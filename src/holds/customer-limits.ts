import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transactions.js';
import { SalesService } from '../sales/sales.service.js';
import { type CustomerHold, CustomerHoldsRepository } from './customer-holds.repository.js';
import { type Account, CustomerUnits, LIMIT_SCOPES, type Limits } from './customer-units.js';
import { HoldsRepository } from './holds.repository.js';

/** What somebody asks for before its product is locked, whose sale may be another one by then. */
export type WantedUnits = Pick<Account, 'limit_key' | 'product_id'> & { readonly qty: number };

/** Units that somebody asks for, and the limits of it. */
export interface LimitedUnits extends Account {
  readonly qty: number;
  readonly limits: Limits;
}

/**
 * How much a customer has of a product, and in a sale: what `max_per_customer` limits. It is counted, from a row for each
 * hold, under the lock of the product, or of the sale, without which nobody adds to it; so no instance sees less than there
 * is. Lock order: sale, product. A hold counts in the sale under which it was made, wherever its product is by then.
 */
@Injectable()
export class CustomerLimits {
  constructor(
    private readonly customerHolds: CustomerHoldsRepository,
    private readonly holds: HoldsRepository,
    private readonly sales: SalesService,
  ) {}

  /** Notes whose the holds are that the transaction makes. */
  remember(tx: Transaction, holds: readonly CustomerHold[]): void {
    this.customerHolds.insert(tx, holds);
  }

  /** What limits count by, of each of these holds that has a buyer, by its id. */
  async findAccounts(tx: Transaction, holdIds: readonly string[]): Promise<Map<string, Account>> {
    const rows = holdIds.length === 0 ? [] : await this.customerHolds.findByHoldIds(tx, holdIds);
    return new Map(rows.map((row) => [row.hold_id, row]));
  }

  /**
   * Of each of these holds so many units count from now on, which are fewer than before: none once it is released, what is
   * left once some are returned. Who calls it has the holds' locks, or their orders'; it needs no product's, since who
   * counts too much meanwhile refuses too much and never grants it.
   */
  lowerTo(tx: Transaction, holdIds: readonly string[], units: number): void {
    this.customerHolds.setUnits(tx, holdIds, units);
  }

  /** Counts the units of these holds again: money came late for their orders, under the locks of sales and products. */
  restore(tx: Transaction, holdIds: readonly string[]): void {
    this.customerHolds.restoreUnits(tx, holdIds);
  }

  /**
   * Locks the sales with a limit that the products are in. Call it before the statement that locks the products, to travel
   * with it. Where nobody can be counted, there is none.
   */
  async lockSales(tx: Transaction, wants: readonly WantedUnits[]): Promise<ReadonlySet<number>> {
    return new Set(wants.length === 0 ? [] : await this.sales.lockLimitedOf(tx, productsOf(wants)));
  }

  /** Call it after the statement that locks the products, to travel with it. Where nobody can be counted, there is none. */
  async count(tx: Transaction, wants: readonly WantedUnits[]): Promise<CustomerUnits> {
    if (wants.length === 0) return new CustomerUnits();
    return new CustomerUnits(await this.customerHolds.countUnits(tx, keysOf(wants), productsOf(wants)));
  }

  /**
   * Where a limit would refuse, holds that have expired are left out; until then they count, which needs no look at them.
   * Expired is one only for who has its lock: an order that is being made of it, or more time that it is being given, may
   * have been decided in its last millisecond and not be committed yet. So those that can be locked at once are left out,
   * and those that can't are in doubt: what only they refuse is decided anew a moment later. Locked while the product is,
   * which is against the usual order, so none is waited for. They need not be released: an expired hold stays expired.
   */
  async leaveOutExpired(tx: Transaction, wants: readonly LimitedUnits[], units: CustomerUnits): Promise<void> {
    const short = shortOf(wants, units);
    if (short.length === 0) return;
    const saleIds = short.flatMap(({ sale_id, limits }) => (limits.sale === null ? [] : sale_id!));
    const scope = { limitKeys: keysOf(short), productIds: productsOf(short), saleIds: new Set(saleIds) };
    const expired = await this.customerHolds.findExpired(tx, scope);
    if (expired.length === 0) return;
    const locked = new Set(
      await this.holds.lockIfExpired(
        tx,
        expired.map((hold) => hold.hold_id),
      ),
    );
    for (const hold of expired) {
      if (locked.has(hold.hold_id)) units.move(hold, -hold.units);
      else units.doubt(hold, hold.units);
    }
  }
}

/** Those for which a limit may be too small, if all of them were granted. */
function shortOf(wants: readonly LimitedUnits[], units: CustomerUnits): LimitedUnits[] {
  const limited = wants.filter(({ limits }) => LIMIT_SCOPES.some((scope) => limits[scope] !== null));
  if (limited.length === 0) return [];
  const wanted = new CustomerUnits();
  for (const want of limited) wanted.move(want, want.qty);
  return limited.filter((want) =>
    LIMIT_SCOPES.some((scope) => {
      const limit = want.limits[scope];
      return limit !== null && units.taken(scope, want) + wanted.taken(scope, want) > limit;
    }),
  );
}

function keysOf(wants: readonly WantedUnits[]): Set<string> {
  return new Set(wants.map(({ limit_key }) => limit_key));
}

function productsOf(wants: readonly WantedUnits[]): Set<number> {
  return new Set(wants.map(({ product_id }) => product_id));
}

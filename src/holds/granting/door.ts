import { Injectable } from '@nestjs/common';
import type { DomainError } from '../../common/problem.js';
import { addMilliseconds } from '../../database/sql.js';
import { ProductsService } from '../../products/products.service.js';
import { isBeforeStart, saleRefusal } from '../../sales/sale-refusal.js';
import type { NewHold } from './grant-facts.js';

/** How long it is believed what a batch told of the database's clock. */
const BELIEVED_MS = 5000;

/** So long before the start the lock decides, in case a clock was set meanwhile. */
const MARGIN_MS = 1000;

const NO_GROUPS: readonly string[] = [];

/** An instant of this process: by its steady clock, which stands still while the machine sleeps, and by the other one. */
interface Instant {
  readonly steady: number;
  readonly wall: number;
}

interface Told {
  /** The database's time, as it prints it: read between the two instants. */
  readonly now: string;
  readonly askedAt: Instant;
  readonly answeredAt: Instant;
}

/** Between what instants the database's clock stands, so long after the database was asked. */
interface Reading {
  readonly afterMs: number;
  readonly earliest: string;
  readonly latest: string;
}

/**
 * Refuses who comes before the start of a sale, without a transaction: whom time alone refuses the lock would refuse, too.
 * It goes by the database's clock, as the last batch read it, and takes that for as late as it may be by now; so nobody is
 * refused after the start, however wrong the clock of this machine is. Where it knows neither that nor the product, it
 * says nothing, and the lock decides. What it knows of a product is what readers are told: a start that was moved at
 * another instance counts here within a second. A request with a key is none of its business: it may have been granted.
 */
@Injectable()
export class Door {
  private told: Told | undefined;
  /** The last one: of all who come within a millisecond. */
  private reading: Reading | undefined;

  constructor(private readonly products: ProductsService) {}

  /** @param askedAt before the database was asked for its time. */
  note(now: string, askedAt: Instant): void {
    this.told = { now, askedAt, answeredAt: instant() };
    this.reading = undefined;
  }

  /** Why the hold is refused here; null: the lock decides. */
  refusal({ product_id, sku, keyed, buyer, byHand }: NewHold): DomainError | null {
    if (keyed !== null || byHand !== null) return null;
    const product = this.products.peekProduct(product_id);
    // An archived product is refused for that.
    if (product === undefined || product.on_sale_from === null || product.is_archived === 1) return null;
    if (sku !== null && sku !== product.sku) return null;
    const clock = this.read();
    const groups = buyer === null ? NO_GROUPS : buyer.groups;
    if (clock === null || !isBeforeStart(product, clock.latest, groups)) return null;
    // Who is told to wait until then is not to come too early.
    return saleRefusal(product, clock.earliest, groups);
  }

  /** The database's clock; null: nothing that is believed was told of it. */
  private read(): Reading | null {
    if (this.told === undefined) return null;
    const { now, askedAt, answeredAt } = this.told;
    const afterMs = Math.ceil(millisecondsSince(askedAt));
    if (afterMs > BELIEVED_MS) return null;
    if (this.reading?.afterMs === afterMs) return this.reading;
    const latest = addMilliseconds(now, afterMs + MARGIN_MS);
    const earliest = addMilliseconds(now, Math.floor(millisecondsSince(answeredAt)));
    return (this.reading = { afterMs, earliest, latest });
  }
}

/** Now, for {@link Door.note}. */
export function instant(): Instant {
  return { steady: performance.now(), wall: Date.now() };
}

/** By the clock that says more: the steady one is never set, and the other one knows how long a machine slept. */
function millisecondsSince({ steady, wall }: Instant): number {
  return Math.max(performance.now() - steady, Date.now() - wall);
}

import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '../database/transactions.js';
import { EventsService } from '../events/events.service.js';
import type { NewEvent } from '../events/events.types.js';
import { type Availability, AvailabilityRepository } from './availability.repository.js';
import type { AvailabilityDto } from './dto/availability.dto.js';

/** Products of one transaction. */
const STEP = 500;

/**
 * Tells that products have sold out, or have units again. A grant pays nothing for it: whoever looks compares the figures
 * that are committed with what was told last, and takes no lock of the product's. So what changes back between two looks is
 * not told, and what stays is.
 *
 * Any instance may do it, also at the same time: who locks what was told of a product reads its figures after that, and
 * tells only what is new. So the last that is told is what was so last.
 */
@Injectable()
export class AvailabilityTelling {
  constructor(
    private readonly repository: AvailabilityRepository,
    private readonly events: EventsService,
    private readonly transactions: Transactions,
  ) {}

  /** Of each product at most once a second. */
  async tellChanges(): Promise<void> {
    for (let count = STEP; count === STEP;) {
      const ids = await this.repository.findUntold(STEP);
      count = ids.length;
      // What a lost COMMIT leaves open the next look sees.
      if (count > 0) await this.transactions.once((tx) => this.tell(tx, ids));
    }
  }

  private async tell(tx: Transaction, ids: readonly number[]): Promise<void> {
    const known = await this.repository.lock(tx, ids);
    const changed = known.filter((one) => one.mayBeTold && isSoldOut(one) !== one.isToldSoldOut);
    this.events.record(tx, changed.map(toEvent));
    for (const sold of [true, false]) {
      const told = changed.filter((one) => isSoldOut(one) === sold);
      this.repository.update(
        tx,
        told.map(({ productId }) => productId),
        sold,
      );
    }
  }
}

function isSoldOut({ available }: Availability): boolean {
  return available === 0;
}

function toEvent(one: Availability): NewEvent {
  const data: AvailabilityDto = {
    product_id: one.productId,
    available: one.available,
    is_sold_out: isSoldOut(one),
  };
  return { type: 'product.availability', occurredAt: null, version: null, holdId: null, data: { ...data } };
}

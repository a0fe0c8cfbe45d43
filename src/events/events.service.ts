import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transactions.js';
import { EventsRepository } from './events.repository.js';
import type { NewEvent, OrderReader } from './events.types.js';
import { Sequencer } from './sequencer.js';

/** What happened, written in the transactions that make it true. */
@Injectable()
export class EventsService {
  constructor(
    private readonly events: EventsRepository,
    private readonly sequencer: Sequencer,
  ) {}

  /** Notes what happens in the transaction that makes it true: both are there, or neither is. */
  record(tx: Transaction, events: readonly NewEvent[]): void {
    if (events.length === 0) return;
    this.events.insert(tx, events);
    tx.afterCommit(() => this.sequencer.wake(), { isHarmless: true });
  }

  /** Takes who tells what an order is, when the application is built. */
  readOrdersBy(reader: OrderReader): void {
    this.sequencer.setOrderReader(reader);
  }

  /** For how long the oldest event has been waiting for its number, in milliseconds; 0 when none does. */
  findLagMs(): Promise<number> {
    return this.events.findLagMs();
  }

  /**
   * Deletes one step of the events of more than `days` days ago.
   *
   * @returns how many were deleted.
   */
  purgeEvents(days: number, step: number): Promise<number> {
    return this.events.deleteBefore(days, step);
  }
}

import { Injectable } from '@nestjs/common';
import type { Replacement } from '../database/text-replacement.js';
import type { Transaction } from '../database/transactions.js';
import { EventsRepository } from './events.repository.js';
import type { EventType, FeedEvent, FeedPage, NewEvent, OrderReader } from './events.types.js';
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

  /** Until the transaction ends no event gets its number, so that none shows what is being replaced. */
  holdBack(tx: Transaction): Promise<void> {
    return this.events.lockCounter(tx);
  }

  /** Replaces texts in the events of these orders, by their holds; see {@link holdBack}. */
  replaceIn(tx: Transaction, holdIds: readonly string[], replacements: readonly Replacement[]): void {
    if (holdIds.length > 0) this.events.replaceIn(tx, holdIds, replacements);
  }

  /** Takes who tells what an order is, when the application is built. */
  readOrdersBy(reader: OrderReader): void {
    this.sequencer.setOrderReader(reader);
  }

  /** Events of some types, or of all, after a number: for who keeps account of how far he is. */
  async findAfter(after: number, types: readonly EventType[] | null, limit: number): Promise<FeedPage> {
    // Numbers are given without a gap, so of all types the newest one that is found says how far was looked.
    const last = types === null ? null : await this.events.findLast();
    const events = await this.events.findBetween(after, last, types, limit);
    const newest = events.at(-1)?.sequence ?? after;
    return { events, lastSequence: events.length === limit ? newest : Math.max(newest, last ?? after) };
  }

  /** The number of the newest event; 0 before the first. */
  findLast(): Promise<number> {
    return this.events.findLast();
  }

  /** Those of these numbers that are kept, by their numbers. */
  async findBySequence(sequences: readonly number[]): Promise<Map<number, FeedEvent>> {
    const events = await this.events.findBySequence(sequences);
    return new Map(events.map((event) => [event.sequence, event]));
  }

  /** What those of these numbers show that are kept, as JSON; none of it is replaced until the transaction ends. */
  lockTexts(tx: Transaction, sequences: readonly number[]): Promise<Map<number, string>> {
    return this.events.lockTexts(tx, sequences);
  }

  /** Calls `listener` with the newest number whenever this process has given some. It must not throw. */
  onSequenced(listener: (last: number) => void): void {
    this.sequencer.onSequenced(listener);
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

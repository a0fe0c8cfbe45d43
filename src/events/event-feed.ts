import { Injectable } from '@nestjs/common';
import { Lifecycle } from '../http/lifecycle.js';
import { EventsGoneError } from './events.errors.js';
import { EventsRepository } from './events.repository.js';
import type { EventType, FeedPage } from './events.types.js';
import { Sequencer } from './sequencer.js';

/** How often the counter is asked for while readers wait, for events that another instance gave their numbers. */
const LOOK_MS = 200;

/** What a reader asks for. */
export interface FeedRequest {
  /** Null: from the oldest that is kept. */
  readonly after: number | null;
  /** Null: all. */
  readonly types: readonly EventType[] | null;
  readonly limit: number;
  /** How long to wait for an event if there is none yet. */
  readonly waitMs: number;
  /** Whether nobody waits for the answer any more. */
  readonly isGone: () => boolean;
}

interface Waiter {
  readonly after: number;
  readonly wake: () => void;
  readonly isGone: () => boolean;
}

/** Reading events by their numbers, and waiting for the next one. All who wait at one instance cost one look together. */
@Injectable()
export class EventFeed {
  private readonly waiters = new Set<Waiter>();
  private looking: NodeJS.Timeout | undefined;

  constructor(
    private readonly events: EventsRepository,
    private readonly lifecycle: Lifecycle,
    sequencer: Sequencer,
  ) {
    sequencer.onSequenced((last) => this.wakeWhere(({ after }) => last > after));
  }

  /** @throws EventsGoneError where what comes after `after` is not all kept any more. */
  async read({ after, types, limit, waitMs, isGone }: FeedRequest): Promise<FeedPage> {
    const endsAt = performance.now() + waitMs;
    for (let from = after; ;) {
      const page = await this.readOnce(from, types, limit);
      const leftMs = endsAt - performance.now();
      if (page.events.length > 0 || leftMs <= 0 || isGone() || this.isLeaving()) return page;
      from = page.lastSequence;
      await this.waitBeyond(from, leftMs, isGone);
    }
  }

  /**
   * The oldest is looked for last: if retention deletes in between, a reader is told so rather than skips what he has not
   * seen. Nothing else can be missed, since numbers are given in order, and up to the counter all of them are there.
   */
  private async readOnce(after: number | null, types: readonly EventType[] | null, limit: number): Promise<FeedPage> {
    const last = await this.events.findLast();
    const events = await this.events.findBetween(after ?? 0, last, types, limit);
    if (after !== null && after < last) {
      const oldest = (await this.events.findOldest()) ?? last + 1;
      if (after + 1 < oldest) throw new EventsGoneError(oldest);
    }
    const lastSequence = events.length === limit ? events.at(-1)!.sequence : last;
    return { events, lastSequence };
  }

  private waitBeyond(after: number, waitMs: number, isGone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve();
      };
      const waiter: Waiter = { after, wake, isGone };
      const timer = setTimeout(wake, waitMs);
      this.waiters.add(waiter);
      this.looking ??= setTimeout(() => void this.look(), LOOK_MS);
    });
  }

  /** While the database is away nobody is woken: each reader waits his time, and asks then. */
  private async look(): Promise<void> {
    const last = await this.events.findLast().catch(() => 0);
    this.wakeWhere(({ after, isGone }) => last > after || isGone() || this.isLeaving());
    this.looking = this.waiters.size === 0 ? undefined : setTimeout(() => void this.look(), LOOK_MS);
  }

  private wakeWhere(isReady: (waiter: Waiter) => boolean): void {
    for (const waiter of this.waiters) if (isReady(waiter)) waiter.wake();
  }

  /** An instance that ends lets its readers go on at another one. */
  private isLeaving(): boolean {
    return this.lifecycle.stage !== 'serving';
  }
}

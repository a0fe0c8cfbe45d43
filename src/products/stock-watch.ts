import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { NextReading } from '../common/next-reading.js';
import { addMilliseconds } from '../database/sql.js';
import { RedisNews } from '../redis/redis-news.js';
import { ProductsRepository } from './products.repository.js';
import type { ProductRow } from './products.types.js';
import { cacheKey, isOfThisForm } from './stock-cache.js';

/** Least time between two readings of the database, of all products that are to be read together. */
const READ_PAUSE_MS = 50;

/** Products of one statement. */
const READ_STEP = 500;

/** How often all are read that are watched: what others tell over Redis may get lost, or Redis be away. */
const LOOK_INTERVAL_MS = { heard: 1000, unheard: 250 };

/** A lower version than the known one is believed of a reading that began so long after that one had been read. */
const GONE_BACK_AFTER_MS = 2000;

/** In place of when the reading began, of a row that was told and not read. */
const TOLD = -Infinity;

/** A product as it is known here, and as of when. */
export interface SeenRow {
  readonly row: ProductRow;
  /** A moment at which it was so, or newer: the database's time, as that prints it. */
  readonly seenAt: string;
}

interface Watched {
  seen: SeenRow | null;
  /** Of this process's steady clock. */
  takenAt: number;
  readonly followers: Set<(seen: SeenRow) => void>;
  readonly endNews: () => void;
}

/**
 * Products that somebody at this instance looks at, as they change, by whatever instance: what a commit made of them is
 * told over Redis by who committed it, and the database is read for what was told without figures, or not at all. Rows are
 * taken by their version: an older one never comes after a newer one.
 */
@Injectable()
export class StockWatch implements OnModuleDestroy {
  private readonly watched = new Map<number, Watched>();
  private due = new Set<number>();
  private readonly reading = new NextReading(() => this.readDue(), READ_PAUSE_MS);
  private looking: NodeJS.Timeout | undefined;
  private lookedAt = -Infinity;
  /** The database's time, and when it was told here. */
  private clock: { readonly now: string; readonly at: number } | undefined;

  constructor(
    private readonly products: ProductsRepository,
    private readonly news: RedisNews,
  ) {}

  onModuleDestroy(): void {
    clearInterval(this.looking);
  }

  /** Calls `tell` with each newer row of the product from now on; returns what ends that. */
  follow(id: number, tell: (seen: SeenRow) => void): () => void {
    const watched = this.watched.get(id) ?? this.watch(id);
    watched.followers.add(tell);
    return () => {
      watched.followers.delete(tell);
      if (watched.followers.size > 0) return;
      watched.endNews();
      this.watched.delete(id);
      if (this.watched.size > 0) return;
      clearInterval(this.looking);
      this.looking = undefined;
    };
  }

  /** The newest row of a product that is followed; undefined while none was read, or where there is none. */
  seen(id: number): SeenRow | undefined {
    return this.watched.get(id)?.seen ?? undefined;
  }

  /** Reads a product that is followed, from the database, once for all who ask within a moment. */
  look(id: number): Promise<void> {
    this.due.add(id);
    return this.reading.ask();
  }

  /**
   * Takes rows that the caller has read from the database.
   *
   * @param now the database's time before they were read.
   * @param startedAt this process's time at which it began to ask for them.
   */
  take(rows: readonly ProductRow[], { now, startedAt }: { now: string; startedAt: number }): void {
    this.clock = { now, at: performance.now() };
    for (const row of rows) this.takeOne({ row, seenAt: now }, startedAt);
  }

  private watch(id: number): Watched {
    const endNews = this.news.follow(cacheKey(id), (text) => this.hear(id, text));
    const watched: Watched = { seen: null, takenAt: -Infinity, followers: new Set(), endNews };
    this.watched.set(id, watched);
    this.looking ??= setInterval(() => this.lookAtAll(), LOOK_INTERVAL_MS.unheard).unref();
    return watched;
  }

  /** A row, or nothing: then it has changed, and is to be read. */
  private hear(id: number, text: string): void {
    const row = text === '' ? null : (JSON.parse(text) as ProductRow);
    // Before the first reading the time is not known; that one is under way.
    if (row !== null && isOfThisForm(row) && this.clock !== undefined) {
      const seenAt = addMilliseconds(this.clock.now, performance.now() - this.clock.at);
      this.takeOne({ row, seenAt }, TOLD);
    } else void this.look(id).catch(() => undefined);
  }

  private lookAtAll(): void {
    const intervalMs = this.news.isHeard ? LOOK_INTERVAL_MS.heard : LOOK_INTERVAL_MS.unheard;
    if (performance.now() - this.lookedAt < intervalMs) return;
    this.lookedAt = performance.now();
    for (const id of this.watched.keys()) this.due.add(id);
    // A database that is away says so to those who come; who is there already is told once it is back.
    this.reading.ask().catch(() => undefined);
  }

  private async readDue(): Promise<void> {
    const ids = [...this.due].filter((id) => this.watched.has(id));
    this.due.clear();
    for (let first = 0; first < ids.length; first += READ_STEP) {
      const startedAt = performance.now();
      const { rows, now } = await this.products.findWithTime(ids.slice(first, first + READ_STEP));
      if (now !== null) this.take(rows, { now, startedAt });
    }
  }

  /**
   * Versions go back only with the database itself, when it is restored. A reading alone tells of that, and only one that
   * began long after the known row was taken: one of another node of a cluster may be a moment behind.
   */
  private takeOne({ row, seenAt }: SeenRow, startedAt: number): void {
    const watched = this.watched.get(row.id);
    if (watched === undefined) return;
    const known = watched.seen;
    const isOlder = known !== null && row.stock_version < known.row.stock_version;
    // What was told late says nothing of the known row; what was read says that it was there by then.
    if (isOlder && startedAt === TOLD) return;
    const isTaken =
      known === null ||
      (isOlder ? startedAt - watched.takenAt >= GONE_BACK_AFTER_MS : row.stock_version > known.row.stock_version);
    watched.seen = {
      row: isTaken ? row : known.row,
      seenAt: known !== null && known.seenAt > seenAt ? known.seenAt : seenAt,
    };
    if (!isTaken) return;
    watched.takenAt = performance.now();
    for (const tell of watched.followers) tell(watched.seen);
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RedisNews } from '../redis/redis-news.js';
import { RedisService } from '../redis/redis.service.js';
import type { ProductRow } from './products.types.js';

/** How long a figure is believed, in Redis and in this process each: with the pause before it got there, one second. */
const FRESH_MS = 400;
const PUBLISH_PAUSE_MS = 200;
const KEY_TTL_MS = 300_000;
const FILL_LOCK_TTL_MS = 10_000;
const FILL_WAIT_MS = 20;
const FILL_WAITS_MAX = 10;
const LOCAL_ENTRIES_MAX = 10_000;

/** The key of a product's figures, and the name under which instances tell each other of them. */
export const cacheKey = (id: number): string => `product:${id}:available_stock`;
const lockKey = (id: number): string => `lock:product:${id}`;

/**
 * Writes only what is as new as what is there; an older writer that was delayed changes nothing. Nor does it matter what
 * is there when it is ARGV[2], the version that was seen there before the database was read: see `remember`.
 *
 * What is written is told at the same moment, so in the order of its versions; with nobody listening that costs Redis next
 * to nothing. A user of Redis without the right to tell it goes without.
 */
const PUT_IF_NEWER = `
  for i, key in ipairs(KEYS) do
    local current = redis.call('GET', key)
    local version = current and cjson.decode(current).stock_version
    if not current or version <= tonumber(ARGV[2 * i + 2]) or version == tonumber(ARGV[2]) then
      redis.call('SET', key, ARGV[2 * i + 3], 'PX', ARGV[1])
      redis.pcall('PUBLISH', ARGV[3] .. key, ARGV[2 * i + 3])
    end
  end`;

/** Products of one call, so that other commands of Redis needn't wait for long. */
const PUT_STEP = 100;

/** Deletes the lock only if it is still its taker's. */
const UNLOCK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

interface LocalEntry {
  readonly row: ProductRow | null;
  readonly freshUntil: number;
  /** What was read before this moment may lack a commit of this process. */
  readonly outdatedUntil: number;
}

/** What Redis has of a product: its row while that is fresh, and the version of it in any case. */
interface FromRedis {
  readonly fresh: ProductRow | null;
  readonly version: number | null;
}

const NOTHING: FromRedis = { fresh: null, version: null };

/**
 * The stock figures that readers see. A figure is at most a second old: it stays 400 ms in this process, and
 * one of Redis is taken only within 400 ms of its writing, by Redis's own clock. The version of the
 * row decides which of two figures is newer, so a slow reader or writer never brings an old one back. Versions go back
 * only with the database itself, when it is restored; then what a later read finds there counts.
 */
@Injectable()
export class StockCache implements BeforeApplicationShutdown {
  private readonly local = new Map<number, LocalEntry>();
  private readonly fills = new Map<number, Promise<ProductRow | null>>();
  private readonly unpublished = new Map<number, ProductRow>();
  /** Products whose figures a commit changed without telling the new ones. */
  private readonly outdated = new Set<number>();
  private publishing: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private lockCount = 0;
  /** How often a figure was found where. */
  readonly reads = { local: 0, redis: 0, database: 0 };

  constructor(
    private readonly redis: RedisService,
    private readonly news: RedisNews,
  ) {}

  /** What waits is published at once. */
  async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    await this.publishing;
  }

  /** The figure of this process if it is fresh, for a reader. */
  peek(id: number): ProductRow | undefined {
    const row = this.fresh(id);
    if (row !== undefined) this.reads.local++;
    return row;
  }

  /** The same for who is no reader. */
  fresh(id: number): ProductRow | undefined {
    const entry = this.local.get(id);
    return entry === undefined || entry.freshUntil <= performance.now() ? undefined : (entry.row ?? undefined);
  }

  /** The figure from Redis or, once for all who wait, from the database. Null: there is no such product. */
  load(id: number, read: () => Promise<ProductRow | null>): Promise<ProductRow | null> {
    const running = this.fills.get(id);
    if (running !== undefined) return running;
    const fill = this.fill(id, read).finally(() => {
      if (this.fills.get(id) === fill) this.fills.delete(id);
    });
    this.fills.set(id, fill);
    return fill;
  }

  /** Takes a committed row: local readers see it at once, those of other instances after one write to Redis. */
  put(row: ProductRow): void {
    this.remember(row, { readAt: performance.now(), isFromDatabase: false });
    const waiting = this.unpublished.get(row.id);
    if (waiting === undefined || waiting.stock_version < row.stock_version) this.unpublished.set(row.id, row);
    this.publishing ??= this.publish();
  }

  /** Forgets a figure that a commit made old without telling the new one, and reads of it that are under way. */
  invalidate(id: number): void {
    this.fills.delete(id);
    this.keep(id, { row: this.local.get(id)?.row ?? null, freshUntil: 0, outdatedUntil: performance.now() });
    this.outdated.add(id);
    this.publishing ??= this.publish();
  }

  private async fill(id: number, read: () => Promise<ProductRow | null>): Promise<ProductRow | null> {
    const startedAt = performance.now();
    // What Redis has may be from before a commit that this process has just made: an instance writes it a pause after its
    // commit, and it is taken for fresh for a while then.
    const isOutdated = startedAt - (this.local.get(id)?.outdatedUntil ?? -Infinity) < PUBLISH_PAUSE_MS + FRESH_MS;
    const cached = isOutdated ? NOTHING : await this.fromRedis(id);
    if (cached.fresh !== null) {
      this.reads.redis++;
      return this.remember(cached.fresh, { readAt: startedAt, isFromDatabase: false });
    }
    this.reads.database++;
    const { row, isFromDatabase } = await this.fromDatabase(id, read, { isUrgent: isOutdated, seen: cached.version });
    return row === null ? null : this.remember(row, { readAt: startedAt, isFromDatabase });
  }

  private async fromRedis(id: number): Promise<FromRedis> {
    const found = await this.redis.attempt(async (client) => {
      const replies = await client.pipeline().get(cacheKey(id)).pttl(cacheKey(id)).exec();
      const [text, pttl] = (replies ?? []).map(([, reply]) => reply) as [string | null, number];
      if (typeof text !== 'string') return NOTHING;
      const row = JSON.parse(text) as ProductRow;
      const isFresh = isOfThisForm(row) && KEY_TTL_MS - pttl <= FRESH_MS;
      return { fresh: isFresh ? row : null, version: row.stock_version };
    });
    return found ?? NOTHING;
  }

  /** One instance reads the database and the others wait for its write; without Redis each reads for itself. */
  private async fromDatabase(
    id: number,
    read: () => Promise<ProductRow | null>,
    { isUrgent, seen }: { isUrgent: boolean; seen: number | null },
  ): Promise<{ row: ProductRow | null; isFromDatabase: boolean }> {
    if (isUrgent) return { row: await read(), isFromDatabase: true };
    const token = `${process.pid}-${++this.lockCount}`;
    const taken = await this.redis.attempt((client) =>
      client.set(lockKey(id), token, 'PX', FILL_LOCK_TTL_MS, 'NX').then((reply) => reply ?? 'held by another'),
    );
    if (taken === 'held by another') {
      const filled = await this.waitForFill(id);
      if (filled !== null) return { row: filled, isFromDatabase: false };
    }
    const row = await read();
    if (row !== null) await this.redis.attempt((client) => this.putIfNewer(client, [row], seen));
    if (taken === 'OK') void this.redis.attempt((client) => client.eval(UNLOCK, 1, lockKey(id), token));
    return { row, isFromDatabase: true };
  }

  private async waitForFill(id: number): Promise<ProductRow | null> {
    for (let wait = 0; wait < FILL_WAITS_MAX; wait++) {
      await pause(FILL_WAIT_MS);
      const { fresh } = await this.fromRedis(id);
      if (fresh !== null) return fresh;
    }
    return null;
  }

  /**
   * Keeps the newer of the row and what is known, and returns it. Age counts from when the read began.
   *
   * A row that was read from the database after the known one had ceased to be fresh is the newer one whatever their
   * versions say: what is known had been committed or read by then, so a database without it has gone back. A
   * committed row has no such moment (it may have been on its way here for long) and goes by its version.
   */
  private remember(
    row: ProductRow,
    { readAt, isFromDatabase }: { readAt: number; isFromDatabase: boolean },
  ): ProductRow {
    const known = this.local.get(row.id);
    const hasGoneBack =
      isFromDatabase && known !== undefined && readAt >= Math.max(known.freshUntil, known.outdatedUntil);
    const isOlder = known?.row != null && known.row.stock_version > row.stock_version && !hasGoneBack;
    const newer = isOlder ? known.row : row;
    const outdatedUntil = known?.outdatedUntil ?? -Infinity;
    if (newer === row)
      this.keep(row.id, { row, freshUntil: readAt < outdatedUntil ? 0 : readAt + FRESH_MS, outdatedUntil });
    return newer;
  }

  private keep(id: number, entry: LocalEntry): void {
    // The oldest insertion goes first: with so many products a re-read is cheaper than bookkeeping.
    if (!this.local.has(id) && this.local.size >= LOCAL_ENTRIES_MAX) this.local.delete(this.local.keys().next().value!);
    this.local.set(id, entry);
  }

  /**
   * Tells Redis what was committed: the first figure after a turn of the loop, and while more come, the last one of each product
   * every now and then. Readers of other instances believe a figure for longer than that pause anyway. Who listens hears of
   * the others, too: that they changed.
   */
  private async publish(): Promise<void> {
    // An idle instance answers the buyer first.
    await new Promise((turn) => setImmediate(turn));
    while (this.unpublished.size > 0 || this.outdated.size > 0) {
      const rows = [...this.unpublished.values()];
      const names = [...this.outdated].map(cacheKey);
      this.unpublished.clear();
      this.outdated.clear();
      await this.redis.attempt((client) => this.putIfNewer(client, rows));
      await this.news.tell(names, '');
      await pause(PUBLISH_PAUSE_MS, undefined, { signal: this.ending.signal }).catch(() => undefined);
    }
    this.publishing = undefined;
  }

  private async putIfNewer(client: Redis, rows: readonly ProductRow[], seen: number | null = null): Promise<void> {
    for (let first = 0; first < rows.length; first += PUT_STEP) {
      const step = rows.slice(first, first + PUT_STEP);
      const keys = step.map(({ id }) => cacheKey(id));
      const values = step.flatMap((row) => [row.stock_version, JSON.stringify(row)]);
      await client.eval(PUT_IF_NEWER, keys.length, ...keys, KEY_TTL_MS, seen ?? '', this.news.prefix, ...values);
    }
  }
}

/** Instances of an older version write rows of another form. */
export function isOfThisForm(row: ProductRow): boolean {
  return row.show_stock !== undefined;
}

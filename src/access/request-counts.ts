/** How often each client called in its minute: one count for all instances in Redis, or this process's own while that is away. */
import type { FastifyRateLimitStore } from '@fastify/rate-limit';
import type { RedisService } from '../redis/redis.service.js';
import { ExpiringCache } from './expiring-cache.js';

/** How long a client's requests are counted together, from the first one on. */
export const WINDOW_MS = 60_000;

/** Clients of one kind that a process remembers; past them the one that was silent for longest is forgotten. */
const CLIENTS_MAX = 20_000;

/** Clients of one call of Redis, so that other commands needn't wait for long. */
const CALL_MAX = 500;

interface Count {
  /** Requests of the client in its window, this one too. */
  readonly current: number;
  /** Milliseconds until the window ends. */
  readonly ttl: number;
}

/**
 * Counts one request of each client, after those that the process knows of already in a window of so many milliseconds:
 * a Redis that comes back empty learns of them.
 */
const COUNT = `
  local counts = {}
  for i, client in ipairs(KEYS) do
    local known, left = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local current = redis.call('INCR', client)
    if current <= known then current = redis.call('INCRBY', client, known + 1 - current) end
    local ttl = redis.call('PTTL', client)
    if ttl < 0 then
      redis.call('PEXPIRE', client, left)
      ttl = left
    end
    counts[2 * i - 1], counts[2 * i] = current, ttl
  end
  return counts`;

const NONE: Count = { current: 0, ttl: WINDOW_MS };

interface Waiting {
  readonly client: string;
  readonly known: Count;
  readonly take: (count: Count | null) => void;
}

/**
 * Asks Redis for all who came in one turn of the loop at once: a call for each of them would cost a busy process more
 * than the rest of a small request. While Redis is away, slow or in error, there is no count.
 */
export class SharedCounts {
  private waiting: Waiting[] = [];

  constructor(private readonly redis: RedisService) {}

  /** @param known what the process knows of the client before this request. */
  count(client: string, known: Count): Promise<Count | null> {
    if (!this.redis.isReady) return Promise.resolve(null);
    return new Promise((take) => {
      this.waiting.push({ client, known, take });
      if (this.waiting.length === 1) setImmediate(() => this.ask());
    });
  }

  private ask(): void {
    const all = this.waiting;
    this.waiting = [];
    for (let first = 0; first < all.length; first += CALL_MAX) void this.askFor(all.slice(first, first + CALL_MAX));
  }

  private async askFor(some: readonly Waiting[]): Promise<void> {
    const keys = some.map(({ client }) => `requests:${client}`);
    const known = some.flatMap(({ known: { current, ttl } }) => [current, ttl]);
    const told = await this.redis.attempt((redis) => redis.eval(COUNT, keys.length, ...keys, ...known));
    const counts = told as number[] | null;
    some.forEach(({ take }, i) => take(counts === null ? null : { current: counts[2 * i]!, ttl: counts[2 * i + 1]! }));
  }
}

/** Requests of one kind: those of one route by clients of one sort. Those without a name are counted in this process alone. */
export class RequestCounts implements FastifyRateLimitStore {
  /** With the time at which the window of each ends, by this process's clock. */
  private readonly known = new ExpiringCache<{ readonly current: number; readonly endsAt: number }>(CLIENTS_MAX);

  constructor(
    private readonly shared: SharedCounts,
    private readonly name?: string,
  ) {}

  incr(client: string, done: (error: Error | null, count: Count) => void): void {
    if (this.name === undefined) return done(null, this.countHere(client));
    void this.shared.count(`${this.name} ${client}`, this.knownOf(client)).then((count) => {
      // Should Redis go away, this process goes on from what it knows.
      if (count !== null) this.keep(client, count);
      done(null, count ?? this.countHere(client));
    });
  }

  /** The counts of a limiter, named by its `groupId`, which the plugin's types leave out here. */
  child(limiter: object): RequestCounts {
    const name = 'groupId' in limiter && typeof limiter.groupId === 'string' ? limiter.groupId : undefined;
    return new RequestCounts(this.shared, name);
  }

  private countHere(client: string): Count {
    const { current, ttl } = this.knownOf(client);
    const count = { current: current + 1, ttl };
    this.keep(client, count);
    return count;
  }

  private knownOf(client: string): Count {
    const now = Date.now();
    const known = this.known.get(client, now);
    return known === null ? NONE : { current: known.current, ttl: known.endsAt - now };
  }

  private keep(client: string, { current, ttl }: Count): void {
    const endsAt = Date.now() + ttl;
    this.known.set(client, { current, endsAt }, endsAt);
  }
}

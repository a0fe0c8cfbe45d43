/** What all instances did in the last seconds: each tells the others by Redis, once a second. */
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { newUuid } from '../../database/sql.js';
import { MetricsService } from '../../metrics/metrics.service.js';
import { RedisService } from '../../redis/redis.service.js';
import {
  CHECKOUTS,
  type Counts,
  countsOf,
  HOLDS,
  type Rates,
  ratesBetween,
  ratesOf,
  REFUSED,
  SAMPLED,
  sumOf,
} from './rates.js';

const INTERVAL_MS = 1000;

/** Rates are over so many seconds: long enough to be read, short enough to be now. */
export const WINDOW_SECONDS = 10;

/** The past, in points that are a mean over so many seconds each. */
export const POINT_SECONDS = 5;
const POINTS_MAX = 60;

const KEY = 'overview';

/** By Redis's clock; an instance that was silent for longer is gone. */
const SILENT_SECONDS_MAX = 5;

const TELL = `
  redis.call('HSET', KEYS[1], ARGV[1], redis.call('TIME')[1] .. ' ' .. ARGV[2])
  redis.call('EXPIRE', KEYS[1], 60)`;

/** Who is silent for long is forgotten: instances come and go, and each has a name of its own. */
const LISTEN = `
  local now = tonumber(redis.call('TIME')[1])
  local told = redis.call('HGETALL', KEYS[1])
  local heard = {}
  for i = 1, #told, 2 do
    local at, text = string.match(told[i + 1], '^(%d+) (.*)$')
    if now - tonumber(at) <= tonumber(ARGV[1]) then table.insert(heard, text)
    else redis.call('HDEL', KEYS[1], told[i]) end
  end
  return heard`;

/** Holds, checkouts and refusals a second, in a slot of time. */
export interface Point {
  /** Number of the slot since 1970. */
  readonly slot: number;
  readonly holds: number;
  readonly checkouts: number;
  readonly refusals: number;
}

interface Told {
  readonly rates: Rates;
  /** Requests that wait for a transaction. */
  readonly waiting: number;
  readonly points: readonly Point[];
}

interface Fleet extends Told {
  readonly instances: number;
  /** Whether it is of all instances, and not of the one that was asked, Redis being away. */
  readonly isWhole: boolean;
}

interface Sampled {
  readonly at: number;
  readonly counts: Counts;
}

/**
 * A process looks at what it counts once a second, whoever watches: some hundred numbers, far from the path of a request.
 */
@Injectable()
export class FleetRates implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Overview');
  private readonly instance = newUuid();
  private readonly samples: Sampled[] = [];
  private readonly points: Point[] = [];
  private own: Told = { rates: {}, waiting: 0, points: [] };
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly metrics: MetricsService,
    private readonly redis: RedisService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.metrics.isEnabled) return;
    // What is counted from here on is growth.
    await this.sample();
    this.timer = setInterval(() => void this.look(), INTERVAL_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Null where nothing is counted. */
  async get(): Promise<Fleet | null> {
    if (!this.metrics.isEnabled) return null;
    const heard = await this.redis.attempt((redis) => redis.eval(LISTEN, 1, KEY, SILENT_SECONDS_MAX));
    const all = heard === null ? [] : (heard as string[]).map((text) => JSON.parse(text) as Told);
    if (all.length === 0) return { ...this.own, instances: 1, isWhole: heard !== null };
    return {
      rates: sumOf(all.map(({ rates }) => rates)),
      waiting: all.reduce((sum, { waiting }) => sum + waiting, 0),
      points: pointsOf(all.flatMap(({ points }) => points)),
      instances: all.length,
      isWhole: true,
    };
  }

  private async look(): Promise<void> {
    try {
      await this.sample();
      const text = JSON.stringify(this.own);
      await this.redis.attempt((redis) => redis.eval(TELL, 1, KEY, this.instance, text));
    } catch (error) {
      this.logger.warn({ err: error }, 'The figures of the overview could not be told');
    }
  }

  private async sample(): Promise<void> {
    const [read, waiting] = await Promise.all([
      Promise.all(SAMPLED.map(async (name) => [name, await this.metrics.read(name)] as const)),
      this.metrics.read('checkout_group_commit_waiting'),
    ]);
    const counts = countsOf(Object.fromEntries(read) as Parameters<typeof countsOf>[0]);
    const at = Date.now();
    this.notePoint({ at, counts });
    this.samples.push({ at, counts });
    if (this.samples.length > WINDOW_SECONDS + 1) this.samples.shift();
    const [first] = this.samples;
    this.own = {
      rates: this.samples.length < 2 ? {} : ratesBetween(first!.counts, counts, (at - first!.at) / 1000),
      waiting: waiting.reduce((sum, { value }) => sum + value, 0),
      points: this.points,
    };
  }

  private slotStart: Sampled | undefined;

  /** The first sample of a slot ends the one before. */
  private notePoint(sample: Sampled): void {
    const before = this.slotStart;
    const slot = slotOf(sample.at);
    if (before !== undefined && slotOf(before.at) === slot) return;
    this.slotStart = sample;
    if (before === undefined) return;
    const rates = ratesBetween(before.counts, sample.counts, (sample.at - before.at) / 1000);
    const refusals = Object.values(ratesOf(rates, REFUSED)).reduce((sum, rate) => sum + rate, 0);
    this.points.push({ slot: slotOf(before.at), holds: rates[HOLDS] ?? 0, checkouts: rates[CHECKOUTS] ?? 0, refusals });
    if (this.points.length > POINTS_MAX) this.points.shift();
  }
}

function slotOf(at: number): number {
  return Math.floor(at / 1000 / POINT_SECONDS);
}

/** Points of several instances, added up by their slots; oldest first. */
function pointsOf(all: readonly Point[]): Point[] {
  const bySlot = new Map<number, Point>();
  for (const { slot, holds, checkouts, refusals } of all) {
    const sum = bySlot.get(slot) ?? { slot, holds: 0, checkouts: 0, refusals: 0 };
    bySlot.set(slot, {
      slot,
      holds: sum.holds + holds,
      checkouts: sum.checkouts + checkouts,
      refusals: sum.refusals + refusals,
    });
  }
  return [...bySlot.values()].sort((a, b) => a.slot - b.slot).slice(-POINTS_MAX);
}

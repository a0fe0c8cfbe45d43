/** The rush that an operator starts at the console: one at a time over all instances, and any of them tells of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DomainError, UnavailableError } from '../../common/problem.js';
import { CONFIG, type Config } from '../../config/config.js';
import { newUuid } from '../../database/sql.js';
import { ownOrigin } from '../../http/own-origin.js';
import { ProductsService } from '../../products/products.service.js';
import { availableOf, type ProductRow } from '../../products/products.types.js';
import { RedisService } from '../../redis/redis.service.js';
import type { StockOverview } from '../overview/overview.types.js';
import { StockAuditService } from '../stock-audit.service.js';
import { rush, type RushOutcome, type RushPlan, type RushTry } from './rush.js';
import { SaleClient } from './sale-client.js';

const KEY = 'rush';

const TOLD_EVERY_MS = 250;

/** A rush whose instance has ended is over: nobody tells of it any more. */
const SILENT_MS_MAX = 10_000;

/** A little longer than Redis is left alone after a command that it did not answer in time. */
const REDIS_BACK_MS = 1100;

/** How long its outcome can be read. */
const KEPT_MS = 3_600_000;

/** The rush that runs, or the new one where none does. */
const BEGIN = `
  local told = redis.call('GET', KEYS[1])
  if told and cjson.decode(told).state == 'running' then return told end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ARGV[1]`;

export interface Rush {
  readonly id: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly productId: number;
  readonly productName: string;
  readonly buyers: number;
  /** Buyers who are done, by what became of them. */
  readonly paid: number;
  readonly refused: number;
  readonly failed: number;
  readonly stock: StockOverview;
  /** Once it is done. */
  readonly outcome: RushOutcome | null;
}

class NoRushHereError extends DomainError {
  constructor() {
    super('ROUTE_NOT_FOUND', 'A rush sells to simulated buyers: there is none but where APP_ENV is local.');
  }
}

class NoRedisError extends UnavailableError {
  constructor() {
    super('Instances tell each other of a rush by Redis, which does not answer.');
  }
}

@Injectable()
export class Rushes implements OnModuleDestroy {
  private readonly logger = new Logger('Rush');
  private readonly stopping = new AbortController();
  /** As this instance last told or heard it: what Redis does not say in time, in the midst of a rush. */
  private known: Rush | null = null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly host: HttpAdapterHost,
    private readonly redis: RedisService,
    private readonly products: ProductsService,
    private readonly audit: StockAuditService,
  ) {}

  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /**
   * Begins a rush and returns at once; while one runs already, it is that one.
   *
   * @throws NoRushHereError, ProductNotFoundError, UnavailableError
   */
  async begin({ productId, buyers }: RushPlan): Promise<Rush> {
    this.expectLocal();
    const origin = ownOrigin(this.host);
    if (origin === null) throw new UnavailableError('This process does not listen.');
    const product = await this.products.findProduct(productId);
    const mine: Rush = {
      id: newUuid(),
      state: 'running',
      productId,
      productName: product.name,
      buyers,
      ...{ paid: 0, refused: 0, failed: 0 },
      stock: stockOf(product),
      outcome: null,
    };
    const running = (await this.claim(mine)) ?? (await sleep(REDIS_BACK_MS)) ?? (await this.claim(mine));
    if (running === null) throw new NoRedisError();
    this.known = running;
    if (running.id === mine.id) void this.run(mine, new SaleClient(origin, this.config));
    return running;
  }

  /** The one that runs, or the last of this hour. @throws NoRushHereError, UnavailableError */
  async latest(): Promise<Rush | null> {
    this.expectLocal();
    const told = await this.redis.attempt((redis) => redis.mget(KEY));
    if (told !== null) this.known = told[0] == null ? null : (JSON.parse(told[0]) as Rush);
    else if (this.known === null) throw new NoRedisError();
    return this.known;
  }

  /** The rush that runs now: this one, or one that was there before. Null where Redis does not say; it may be asked again. */
  private async claim(mine: Rush): Promise<Rush | null> {
    const text = JSON.stringify(mine);
    const told = await this.redis.attempt((redis) => redis.eval(BEGIN, 1, KEY, text, SILENT_MS_MAX));
    return told === null ? null : (JSON.parse(told as string) as Rush);
  }

  private expectLocal(): void {
    if (this.config.appEnv !== 'local') throw new NoRushHereError();
  }

  private async run(begun: Rush, client: SaleClient): Promise<void> {
    const counts = { paid: 0, refused: 0, failed: 0 };
    const ended = new AbortController();
    const telling = this.tellOf(() => ({ ...begun, ...counts }), ended.signal);
    const prove = async (productId: number) => (await this.audit.auditStock(productId))[0]!;
    const onTry = ({ outcome }: RushTry): void => void counts[outcome]++;
    const end = async (how: Pick<Rush, 'state' | 'outcome'>): Promise<void> => {
      ended.abort();
      await telling;
      const told = { ...begun, ...counts, ...how };
      while (!(await this.tell(told, KEPT_MS)) && !this.stopping.signal.aborted) await sleep(REDIS_BACK_MS);
    };
    try {
      const { outcome } = await rush(client, begun, prove, { onTry, signal: this.stopping.signal });
      await end({ state: outcome.buyers < begun.buyers ? 'failed' : 'done', outcome });
    } catch (error) {
      this.logger.error({ err: error }, 'A rush came to no end');
      await end({ state: 'failed', outcome: null });
    }
  }

  /** Tells how far it is until it has ended; a turn that fails is left out. */
  private async tellOf(now: () => Rush, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      await this.tell(now(), SILENT_MS_MAX);
      await sleep(TOLD_EVERY_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  }

  /** Whether Redis has taken it. */
  private async tell(rush: Rush, keptMs: number): Promise<boolean> {
    const product = await this.products.findProduct(rush.productId).catch(() => null);
    this.known = { ...rush, ...(product !== null && { stock: stockOf(product) }) };
    const text = JSON.stringify(this.known);
    return (await this.redis.attempt((redis) => redis.set(KEY, text, 'PX', keptMs))) !== null;
  }
}

function stockOf(row: ProductRow): StockOverview {
  return { available: availableOf(row), held: row.stock_held, sold: row.stock_sold };
}

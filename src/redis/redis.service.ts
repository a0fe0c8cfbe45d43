import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Throttle } from '../common/throttle.js';
import { CONFIG, type Config } from '../config/config.js';
import { connectToRedis, failingFast, misconfiguration, NEEDLESS_PASSWORD } from './connect.js';

/** How long Redis is left alone after a command failed or was not answered in time. */
const PAUSE_AFTER_FAILURE_MS = 1000;

/** One line a minute: a Redis that takes no writes fails a command each second, for hours. */
const WARNING_INTERVAL_MS = 60_000;

const STANDS_STILL =
  'queued jobs, their retries and the shared cache stand still, and the schedulers do the work that is due by themselves';

/**
 * Redis as an accelerator: every command answers within `REDIS_COMMAND_TIMEOUT_MS` or counts as a miss, and
 * after a failure none is tried for a second, so that a hung Redis costs one request a second its timeout
 * and all others nothing.
 */
@Injectable()
export class RedisService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Redis');
  private readonly client: Redis;
  private pausedUntil = 0;
  private wasThere: boolean | undefined;
  private readonly failures = new Throttle(WARNING_INTERVAL_MS);
  private readonly toldOf = new Set<string>();

  constructor(@Inject(CONFIG) config: Config) {
    this.client = connectToRedis(config.redis, { ...failingFast(config.redis), lazyConnect: true });
    // Without a listener ioredis prints every failed reconnect; the state below says it once.
    this.client.on('error', (error: Error) => this.tellOfMisconfiguration(error));
    this.client.on(NEEDLESS_PASSWORD, () => this.tellOfNeedlessPassword());
    this.client.on('ready', () => void this.lookAtMode());
    this.client.on('ready', () => this.tell(true));
    this.client.on('close', () => this.tell(false));
  }

  onModuleInit(): void {
    void this.client.connect().catch(() => undefined);
  }

  onApplicationShutdown(): void {
    this.client.disconnect();
  }

  get isReady(): boolean {
    return this.client.status === 'ready' && Date.now() >= this.pausedUntil;
  }

  /** Runs `command`, or returns null when Redis is away, slow or in error. */
  async attempt<T>(command: (client: Redis) => Promise<T>): Promise<T | null> {
    if (!this.isReady) return null;
    try {
      return await command(this.client);
    } catch (error) {
      this.pausedUntil = Date.now() + PAUSE_AFTER_FAILURE_MS;
      this.tellOfMisconfiguration(error as Error);
      const others = this.failures.pass();
      if (others !== null) this.logger.warn({ err: error, others }, 'A Redis command failed');
      return null;
    }
  }

  /** A server in cluster mode takes the cache's commands, some of them, and none of the queues'. */
  private async lookAtMode(): Promise<void> {
    const answer = await this.client.info('cluster').catch(() => '');
    if (answer.includes('cluster_enabled:1')) this.tellOfMisconfiguration(new Error('cluster mode'));
  }

  private tellOfMisconfiguration(error: Error): void {
    const what = misconfiguration(error);
    if (what !== null && this.isNew(what)) this.logger.error({ err: error }, `${what}; ${STANDS_STILL}`);
  }

  private tellOfNeedlessPassword(): void {
    const what = 'Redis needs no password (REDIS_PASSWORD): anybody who reaches it is let in';
    if (this.isNew(what)) this.logger.warn(what);
  }

  /** One line for each thing that is wrong, however often it is met: it stays so until somebody puts it right. */
  private isNew(what: string): boolean {
    const isNew = !this.toldOf.has(what);
    this.toldOf.add(what);
    return isNew;
  }

  /** One line a change: ioredis closes once for every reconnect that fails. */
  private tell(isThere: boolean): void {
    if (isThere === this.wasThere) return;
    this.wasThere = isThere;
    if (isThere) this.logger.log('Redis is there');
    else this.logger.warn('Redis is away; the database answers alone');
  }
}

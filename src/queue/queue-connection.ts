import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Redis, RedisOptions } from 'ioredis';
import { CONFIG, type Config } from '../config/config.js';
import { connectToRedis, failingFast } from '../redis/connect.js';

/**
 * The connection that all queues of this process share, which fails fast, and its copies for the workers, which wait:
 * to a worker, a failure is a reason to try again at once. BullMQ's own closing waits for as long as Redis does, so
 * all connections are ours to cut, those that BullMQ makes included.
 */
@Injectable()
export class QueueConnection {
  readonly shared: Redis;
  private readonly logger = new Logger('Jobs');
  private readonly all: Redis[] = [];

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.shared = this.open(failingFast(config.redis));
  }

  cut(): void {
    for (const connection of this.all) connection.disconnect();
  }

  private open(options: RedisOptions): Redis {
    const connection = connectToRedis(this.config.redis, options);
    connection.duplicate = (override) => this.open({ maxRetriesPerRequest: null, ...override });
    connection.on('error', (error) => this.logger.debug({ err: error }, 'Queue connection'));
    this.all.push(connection);
    return connection;
  }
}

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config/config.js';
import { connectToRedis, failingFast } from './connect.js';
import { RedisService } from './redis.service.js';

type Hear = (text: string) => void;

/**
 * What instances tell each other at once. Redis keeps none of it: who does not listen at that moment, or is cut off, never
 * hears of it. So it makes things quick, and nothing depends on it.
 */
@Injectable()
export class RedisNews implements OnApplicationShutdown {
  /** Of this connection alone: one that listens takes no other commands. There is none before anybody listens. */
  private connection: Redis | undefined;
  private readonly followers = new Map<string, Set<Hear>>();
  /** Names of channels are not part of a numbered database, so they say which one it is. */
  readonly prefix: string;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly redis: RedisService,
  ) {
    this.prefix = `news:${config.redis.database}:`;
  }

  onApplicationShutdown(): void {
    this.connection?.disconnect();
  }

  /** Whether what is told arrives, as far as can be known: a connection that hangs looks like one on which nobody speaks. */
  get isHeard(): boolean {
    return this.connection?.status === 'ready' && this.redis.isReady;
  }

  /** Tells all instances the same under each of the names, this one too. */
  async tell(names: readonly string[], text: string): Promise<void> {
    if (names.length === 0) return;
    await this.redis.attempt((client) => {
      const pipeline = client.pipeline();
      for (const name of names) pipeline.publish(this.prefix + name, text);
      return pipeline.exec();
    });
  }

  /** Calls `hear` with what is told under the name from now on; returns what ends that. */
  follow(name: string, hear: Hear): () => void {
    const channel = this.prefix + name;
    const followers = this.followers.get(channel) ?? new Set();
    if (followers.size === 0) {
      this.followers.set(channel, followers);
      this.connection ??= this.connect();
      // Where it is not there yet, all channels are asked for once it is.
      void this.connection.subscribe(channel).catch(() => undefined);
    }
    followers.add(hear);
    return () => {
      followers.delete(hear);
      if (followers.size > 0 || !this.followers.delete(channel)) return;
      void this.connection!.unsubscribe(channel).catch(() => undefined);
    };
  }

  private connect(): Redis {
    const connection = connectToRedis(this.config.redis, { ...failingFast(this.config.redis), autoResubscribe: false });
    // That Redis is away, or set up wrong, the service's other connection says.
    connection.on('error', () => undefined);
    connection.on('ready', () => {
      const channels = [...this.followers.keys()];
      if (channels.length > 0) void connection.subscribe(...channels).catch(() => undefined);
    });
    connection.on('message', (channel: string, text: string) => {
      for (const hear of this.followers.get(channel) ?? []) hear(text);
    });
    return connection;
  }
}

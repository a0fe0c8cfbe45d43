import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LiveStreams } from '../http/live-streams.js';
import { StockWatch } from '../products/stock-watch.js';
import { RedisNews } from '../redis/redis-news.js';
import { SaleTopic } from './sale-topic.js';
import { newsOfSale, SalesService } from './sales.service.js';

/** How often it is looked whether a sale has come to its start or its end, which no commit tells. */
const TICK_MS = 250;

/** How often a sale is read that somebody listens to, where Redis tells of its changes; without it, at each tick. */
const READ_INTERVAL_MS = 1000;

/** Streams of what the public sees of a sale and its products. */
@Injectable()
export class LiveSales implements OnModuleDestroy {
  private readonly topics = new Map<number, SaleTopic>();
  private ticking: NodeJS.Timeout | undefined;

  constructor(
    private readonly sales: SalesService,
    private readonly streams: LiveStreams,
    private readonly watch: StockWatch,
    private readonly news: RedisNews,
  ) {}

  onModuleDestroy(): void {
    clearInterval(this.ticking);
  }

  /** @throws SaleNotFoundError, OverloadedError, NotReadyError */
  open(id: number, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    return this.streams.open(this.topics.get(id) ?? this.topicOf(id), request, reply);
  }

  private topicOf(id: number): SaleTopic {
    const refresh = (): void => void topic.refresh().catch(() => undefined);
    const unfollow = this.news.follow(newsOfSale(id), refresh);
    const topic: SaleTopic = new SaleTopic(() => this.sales.getSale(id), this.watch, {
      changed: () => this.streams.touch(topic),
      closed: () => {
        unfollow();
        this.topics.delete(id);
        if (this.topics.size > 0) return;
        clearInterval(this.ticking);
        this.ticking = undefined;
      },
    });
    this.topics.set(id, topic);
    this.ticking ??= setInterval(() => this.tick(), TICK_MS).unref();
    return topic;
  }

  private tick(): void {
    for (const topic of this.topics.values()) {
      if (topic.hasOtherState()) this.streams.touch(topic);
      if (topic.readAgoMs >= (this.news.isHeard ? READ_INTERVAL_MS : 0)) void topic.refresh().catch(() => undefined);
    }
  }
}

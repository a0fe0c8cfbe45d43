import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LiveStreams } from '../http/live-streams.js';
import { LiveTopic } from '../http/live-topic.js';
import { isoTime } from '../database/sql.js';
import { toPublicProductDto } from './dto/product.dto.js';
import { ProductNotFoundError } from './products.errors.js';
import { type SeenRow, StockWatch } from './stock-watch.js';

/** Streams of what the public sees of a product. */
@Injectable()
export class LiveProducts {
  private readonly topics = new Map<number, ProductTopic>();

  constructor(
    private readonly streams: LiveStreams,
    private readonly watch: StockWatch,
  ) {}

  /** @throws ProductNotFoundError, OverloadedError, NotReadyError */
  open(id: number, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    return this.streams.open(this.topics.get(id) ?? this.topicOf(id), request, reply);
  }

  private topicOf(id: number): ProductTopic {
    const topic: ProductTopic = new ProductTopic(id, this.watch, {
      changed: () => this.streams.touch(topic),
      closed: () => this.topics.delete(id),
    });
    this.topics.set(id, topic);
    return topic;
  }
}

class ProductTopic extends LiveTopic {
  private readonly unfollow: () => void;
  /** As it was told last, less the time. */
  private told = '';

  constructor(
    private readonly id: number,
    private readonly watch: StockWatch,
    private readonly on: { changed: () => void; closed: () => void },
  ) {
    super();
    this.unfollow = watch.follow(id, () => this.on.changed());
  }

  async refresh(): Promise<void> {
    await this.watch.look(this.id);
    if (this.watch.seen(this.id) === undefined) throw new ProductNotFoundError(this.id);
  }

  whole(): object {
    const shown = shownOf(this.watch.seen(this.id)!);
    if (this.listeners.size === 0) this.told = JSON.stringify(shown.product);
    return { ...shown.product, as_of: shown.as_of };
  }

  changes(): object | null {
    const { product, as_of } = shownOf(this.watch.seen(this.id)!);
    const text = JSON.stringify(product);
    if (text === this.told) return null;
    this.told = text;
    return { ...product, as_of };
  }

  close(): void {
    this.unfollow();
    this.on.closed();
  }
}

function shownOf({ row, seenAt }: SeenRow) {
  return { product: toPublicProductDto(row), as_of: isoTime(seenAt) };
}

import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { JobQueue } from '../../queue/job-queue.js';
import { Schedules } from '../../queue/schedules.js';
import { HoldsRepository } from '../holds.repository.js';
import { HOLD_EXPIRY, type HoldExpiryJob } from './hold-expiry.processor.js';
import { Releasing } from './releasing.js';

/** How long a hold may be due before the queue is given up on and the scheduler releases it by itself. */
const OVERDUE_MS = 5000;

/**
 * Releases expired holds in the background: a tick finds the products that have some and enqueues one job for
 * each, and a worker releases them. The database says what is due, so a lost job, a
 * job that runs twice or a Redis that is away change when a hold is released, by seconds, and nothing else.
 */
@Injectable()
export class HoldExpirySchedule implements OnModuleInit {
  constructor(
    private readonly holds: HoldsRepository,
    private readonly releasing: Releasing,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(HOLD_EXPIRY) private readonly queue: JobQueue<HoldExpiryJob>,
  ) {}

  onModuleInit(): void {
    this.schedules.add(HOLD_EXPIRY, this.config.schedules.expiry, () => this.tick());
  }

  private async tick(): Promise<void> {
    const due = await this.holds.findProductsWithExpired();
    if (due.length === 0) return;
    const isQueued = await this.queue.enqueue(
      due.map(({ product_id }) => ({ id: String(product_id), data: { productId: product_id } })),
    );
    const left = isQueued ? due.filter(({ overdue_ms }) => overdue_ms > OVERDUE_MS) : due;
    await Promise.all(left.map(({ product_id }) => this.releasing.releaseExpiredHolds(product_id)));
  }
}

import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { JobQueue } from '../../queue/job-queue.js';
import { type DueJob, Schedules } from '../../queue/schedules.js';
import { HoldsRepository } from '../holds.repository.js';
import { HOLD_EXPIRY, type HoldExpiryJob, HoldExpiryProcessor } from './hold-expiry.processor.js';

/**
 * Releases expired holds in the background: a tick finds the products that have some and enqueues one job for
 * each, and a worker releases them. The database says what is due, so a lost job, a
 * job that runs twice or a Redis that is away change when a hold is released, by seconds, and nothing else.
 */
@Injectable()
export class HoldExpirySchedule implements OnModuleInit {
  constructor(
    private readonly expiry: HoldExpiryProcessor,
    private readonly holds: HoldsRepository,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(HOLD_EXPIRY) private readonly queue: JobQueue<HoldExpiryJob>,
  ) {}

  onModuleInit(): void {
    this.schedules.addQueued(this.config.schedules.expiry, this.queue, this.expiry, () => this.findDue());
  }

  private async findDue(): Promise<DueJob<HoldExpiryJob>[]> {
    const products = await this.holds.findProductsWithExpired();
    return products.map(({ product_id, overdue_ms }) => ({
      id: String(product_id),
      data: { productId: product_id },
      overdueMs: overdue_ms,
    }));
  }
}

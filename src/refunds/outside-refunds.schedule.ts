import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { JobQueue } from '../queue/job-queue.js';
import { alwaysDue, Schedules } from '../queue/schedules.js';
import { OUTSIDE_REFUNDS, OutsideRefundsProcessor } from './outside-refunds.processor.js';

/** Has refunds that were made at a provider read in the background. */
@Injectable()
export class OutsideRefundsSchedule implements OnModuleInit {
  constructor(
    private readonly outsideRefunds: OutsideRefundsProcessor,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(OUTSIDE_REFUNDS) private readonly queue: JobQueue,
  ) {}

  onModuleInit(): void {
    const { outsideRefunds: cron } = this.config.schedules;
    this.schedules.addQueued(cron, this.queue, this.outsideRefunds, () => alwaysDue(this.queue));
  }
}

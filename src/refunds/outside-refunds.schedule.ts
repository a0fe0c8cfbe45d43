import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { JobQueue } from '../queue/job-queue.js';
import { Schedules } from '../queue/schedules.js';
import { OUTSIDE_REFUNDS } from './outside-refunds.processor.js';
import { RefundsService } from './refunds.service.js';

/** Has refunds that were made at a provider read in the background; without Redis it does so itself. */
@Injectable()
export class OutsideRefundsSchedule implements OnModuleInit {
  constructor(
    private readonly refunds: RefundsService,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(OUTSIDE_REFUNDS) private readonly queue: JobQueue,
  ) {}

  onModuleInit(): void {
    this.schedules.add(OUTSIDE_REFUNDS, this.config.schedules.outsideRefunds, async () => {
      if (!(await this.queue.enqueue([{ id: 'all', data: {} }]))) await this.refunds.readOutsideRefunds();
    });
  }
}

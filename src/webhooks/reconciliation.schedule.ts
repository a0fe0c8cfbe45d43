import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { JobQueue } from '../queue/job-queue.js';
import { alwaysDue, Schedules } from '../queue/schedules.js';
import { RECONCILIATION, ReconciliationProcessor } from './reconciliation.processor.js';

/** Has waiting notices reconciled in the background. Whether there are any is what the work itself finds out. */
@Injectable()
export class ReconciliationSchedule implements OnModuleInit {
  constructor(
    private readonly reconciliation: ReconciliationProcessor,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(RECONCILIATION) private readonly queue: JobQueue,
  ) {}

  onModuleInit(): void {
    const { reconciliation: cron } = this.config.schedules;
    this.schedules.addQueued(cron, this.queue, this.reconciliation, () => alwaysDue(this.queue));
  }
}

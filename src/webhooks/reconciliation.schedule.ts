import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { JobQueue } from '../queue/job-queue.js';
import { Schedules } from '../queue/schedules.js';
import { RECONCILIATION, ReconciliationProcessor } from './reconciliation.processor.js';

/** Has waiting notices reconciled in the background; without Redis it does so itself. */
@Injectable()
export class ReconciliationSchedule implements OnModuleInit {
  constructor(
    private readonly reconciliation: ReconciliationProcessor,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(RECONCILIATION) private readonly queue: JobQueue,
  ) {}

  onModuleInit(): void {
    this.schedules.add(RECONCILIATION, this.config.schedules.reconciliation, async () => {
      if (!(await this.queue.enqueue([{ id: 'all', data: {} }]))) await this.reconciliation.process();
    });
  }
}

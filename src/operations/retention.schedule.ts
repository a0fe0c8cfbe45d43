import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { JobQueue } from '../queue/job-queue.js';
import { Schedules } from '../queue/schedules.js';
import { RETENTION } from './retention.processor.js';
import { RetentionService } from './retention.service.js';

/** Has what has served its time deleted in the background; without Redis it does so itself. */
@Injectable()
export class RetentionSchedule implements OnModuleInit {
  constructor(
    private readonly retention: RetentionService,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(RETENTION) private readonly queue: JobQueue,
  ) {}

  onModuleInit(): void {
    this.schedules.add(RETENTION, this.config.schedules.retention, async () => {
      if (!(await this.queue.enqueue([{ id: 'all', data: {} }]))) await this.retention.purge();
    });
  }
}

import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { JobQueue } from '../queue/job-queue.js';
import { alwaysDue, Schedules } from '../queue/schedules.js';
import { RETENTION, RetentionProcessor } from './retention.processor.js';

/** Has what has served its time deleted in the background. */
@Injectable()
export class RetentionSchedule implements OnModuleInit {
  constructor(
    private readonly retention: RetentionProcessor,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(RETENTION) private readonly queue: JobQueue,
  ) {}

  onModuleInit(): void {
    const { retention: cron } = this.config.schedules;
    this.schedules.addQueued(cron, this.queue, this.retention, () => alwaysDue(this.queue));
  }
}

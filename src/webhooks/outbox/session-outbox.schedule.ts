import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import {
  PAYMENT_SESSIONS,
  PaymentSessionsService,
  type SessionJob,
} from '../../payment-sessions/payment-sessions.service.js';
import { JobQueue } from '../../queue/job-queue.js';
import { type DueJob, Schedules } from '../../queue/schedules.js';
import { SessionOutboxProcessor } from './session-outbox.processor.js';

/**
 * Finds what the outbox has to do whose job was lost, or could not be made. How long a row has waited says nothing, since
 * many are made at the provider's pace: whether its job goes on does.
 */
@Injectable()
export class SessionOutboxSchedule implements OnModuleInit {
  constructor(
    private readonly outbox: SessionOutboxProcessor,
    private readonly sessions: PaymentSessionsService,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(PAYMENT_SESSIONS) private readonly queue: JobQueue<SessionJob>,
  ) {}

  onModuleInit(): void {
    this.schedules.addQueued(this.config.schedules.paymentSessions, this.queue, this.outbox, () => this.findDue());
  }

  private async findDue(): Promise<DueJob<SessionJob>[]> {
    const tasks = await this.sessions.findDueTasks();
    return Promise.all(
      tasks.map(async (task) => ({ id: task, data: { task }, overdueMs: await this.queue.ageMs(task) })),
    );
  }
}

import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { JobQueue } from '../../queue/job-queue.js';
import { type DueJob, Schedules } from '../../queue/schedules.js';
import { Cancelling } from './cancelling.js';
import { PAYMENT_DEADLINE, PaymentDeadlineProcessor } from './payment-deadline.processor.js';

/** Has unpaid orders past their payment deadline cancelled in the background, the way expired holds are released. */
@Injectable()
export class PaymentDeadlineSchedule implements OnModuleInit {
  constructor(
    private readonly deadline: PaymentDeadlineProcessor,
    private readonly cancelling: Cancelling,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(PAYMENT_DEADLINE) private readonly queue: JobQueue,
  ) {}

  onModuleInit(): void {
    this.schedules.addQueued(this.config.schedules.paymentDeadline, this.queue, this.deadline, () => this.findDue());
  }

  private async findDue(): Promise<DueJob<unknown>[]> {
    const overdueMs = await this.cancelling.findOverdueMs();
    return overdueMs === null ? [] : [{ id: 'all', data: {}, overdueMs }];
  }
}

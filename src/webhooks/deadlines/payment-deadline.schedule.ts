import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { Cancelling } from '../../orders/settling/cancelling.js';
import { DeadlineClaims } from '../../orders/settling/deadline-claims.js';
import { JobQueue } from '../../queue/job-queue.js';
import { type DueJob, Schedules } from '../../queue/schedules.js';
import { type DeadlineJob, PAYMENT_DEADLINE, PaymentDeadlineProcessor } from './payment-deadline.processor.js';

const PLAIN = 'all';
const ASKING = 'ask';

/**
 * Has unpaid orders past their payment deadline ended in the background, the way expired holds are released. How long
 * those have waited whose providers are asked says nothing, since that goes at the provider's pace: whether their job goes
 * on does.
 */
@Injectable()
export class PaymentDeadlineSchedule implements OnModuleInit {
  constructor(
    private readonly deadline: PaymentDeadlineProcessor,
    private readonly cancelling: Cancelling,
    private readonly claims: DeadlineClaims,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(PAYMENT_DEADLINE) private readonly queue: JobQueue<DeadlineJob>,
  ) {}

  onModuleInit(): void {
    this.schedules.addQueued(this.config.schedules.paymentDeadline, this.queue, this.deadline, () => this.findDue());
  }

  private async findDue(): Promise<DueJob<DeadlineJob>[]> {
    const [overdueMs, providers] = await Promise.all([
      this.cancelling.findOverdueMs('plain'),
      this.claims.findDueProviders(),
    ]);
    const due: DueJob<DeadlineJob>[] = overdueMs === null ? [] : [{ id: PLAIN, data: {}, overdueMs }];
    if (providers.length > 0)
      due.push({ id: ASKING, data: { isAsking: true }, overdueMs: await this.queue.ageMs(ASKING) });
    return due;
  }
}

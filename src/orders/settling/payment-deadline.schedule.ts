import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { JobQueue } from '../../queue/job-queue.js';
import { Schedules } from '../../queue/schedules.js';
import { Cancelling } from './cancelling.js';
import { PAYMENT_DEADLINE } from './payment-deadline.processor.js';

/** How long an order may be due before the scheduler cancels it by itself instead of through the queue. */
const OVERDUE_MS = 5000;

/** Has unpaid orders past their payment deadline cancelled in the background, the way expired holds are released. */
@Injectable()
export class PaymentDeadlineSchedule implements OnModuleInit {
  constructor(
    private readonly cancelling: Cancelling,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(PAYMENT_DEADLINE) private readonly queue: JobQueue,
  ) {}

  onModuleInit(): void {
    this.schedules.add(PAYMENT_DEADLINE, this.config.schedules.paymentDeadline, () => this.tick());
  }

  private async tick(): Promise<void> {
    const overdueMs = await this.cancelling.findOverdueMs();
    if (overdueMs === null) return;
    const isQueued = await this.queue.enqueue([{ id: 'all', data: {} }]);
    if (!isQueued || overdueMs > OVERDUE_MS) await this.cancelling.cancelDueOrders();
  }
}

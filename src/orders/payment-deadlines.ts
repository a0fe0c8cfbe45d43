import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { type JobQueue, JobQueues } from '../queue/job-queues.js';
import { Schedules } from '../queue/schedules.js';
import { OrdersService } from './orders.service.js';

/** How long an order may be due before the scheduler cancels it by itself instead of through the queue. */
const OVERDUE_MS = 5000;

/** Cancels unpaid orders past their payment deadline in the background, the way expired holds are released. */
@Injectable()
export class PaymentDeadlines implements OnModuleInit {
  private readonly queue: JobQueue<Record<string, never>>;

  constructor(
    private readonly orders: OrdersService,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    queues: JobQueues,
  ) {
    this.queue = queues.create('cancellations', () => this.orders.cancelDueOrders());
  }

  onModuleInit(): void {
    this.schedules.add('payment deadline', this.config.schedules.paymentDeadline, () => this.tick());
  }

  private async tick(): Promise<void> {
    const overdueMs = await this.orders.findOverdueMs();
    if (overdueMs === null) return;
    const isQueued = await this.queue.enqueue([{ id: 'due-orders', data: {} }]);
    if (!isQueued || overdueMs > OVERDUE_MS) await this.orders.cancelDueOrders();
  }
}

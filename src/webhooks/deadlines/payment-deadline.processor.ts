import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import { Cancelling } from '../../orders/settling/cancelling.js';
import { Asking } from './asking.js';

export const PAYMENT_DEADLINE = 'payment-deadline';

export interface DeadlineJob {
  /** Whether it is for the orders with a session, whose providers are asked first. */
  readonly isAsking?: boolean;
}

/** Ends the unpaid orders that are past their deadline. Those of which nobody is asked don't wait for the others. */
@Processor(PAYMENT_DEADLINE, { concurrency: 2 })
export class PaymentDeadlineProcessor extends WorkerHost {
  constructor(
    private readonly cancelling: Cancelling,
    private readonly asking: Asking,
  ) {
    super();
  }

  process(job: Pick<Job<DeadlineJob>, 'data'> & Partial<Pick<Job<DeadlineJob>, 'updateProgress'>>): Promise<number> {
    if (job.data.isAsking !== true) return this.cancelling.cancelDueOrders();
    return this.asking.askDue(async () => job.updateProgress?.(Date.now()));
  }
}

import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Cancelling } from './cancelling.js';

export const PAYMENT_DEADLINE = 'payment-deadline';

/** Cancels the unpaid orders that are past their payment deadline. */
@Processor(PAYMENT_DEADLINE)
export class PaymentDeadlineProcessor extends WorkerHost {
  constructor(private readonly cancelling: Cancelling) {
    super();
  }

  process(): Promise<number> {
    return this.cancelling.cancelDueOrders();
  }
}

import { Processor, WorkerHost } from '@nestjs/bullmq';
import { OrdersService } from './orders.service.js';

export const PAYMENT_DEADLINE = 'payment-deadline';

/** Cancels the unpaid orders that are past their payment deadline. */
@Processor(PAYMENT_DEADLINE)
export class PaymentDeadlineProcessor extends WorkerHost {
  constructor(private readonly orders: OrdersService) {
    super();
  }

  process(): Promise<number> {
    return this.orders.cancelDueOrders();
  }
}

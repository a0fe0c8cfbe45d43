import { Processor, WorkerHost } from '@nestjs/bullmq';
import { RefundsService } from './refunds.service.js';

export const OUTSIDE_REFUNDS = 'outside-refunds';

/** Reads off the providers' lists which refunds were made there, outside of this service. */
@Processor(OUTSIDE_REFUNDS)
export class OutsideRefundsProcessor extends WorkerHost {
  constructor(private readonly refunds: RefundsService) {
    super();
  }

  process(): Promise<number> {
    return this.refunds.readOutsideRefunds();
  }
}

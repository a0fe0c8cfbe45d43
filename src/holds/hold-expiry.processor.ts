import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import { HoldsService } from './holds.service.js';

export const HOLD_EXPIRY = 'hold-expiry';

export interface HoldExpiryJob {
  readonly productId: number;
}

/** Releases the expired holds of one product. */
@Processor(HOLD_EXPIRY)
export class HoldExpiryProcessor extends WorkerHost {
  constructor(private readonly holds: HoldsService) {
    super();
  }

  process({ data }: Job<HoldExpiryJob>): Promise<number> {
    return this.holds.releaseExpiredHolds(data.productId);
  }
}

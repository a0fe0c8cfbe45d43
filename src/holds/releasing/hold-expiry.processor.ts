import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import { Releasing } from './releasing.js';

export const HOLD_EXPIRY = 'hold-expiry';

export interface HoldExpiryJob {
  readonly productId: number;
}

/** Releases the expired holds of one product. */
@Processor(HOLD_EXPIRY)
export class HoldExpiryProcessor extends WorkerHost {
  constructor(private readonly releasing: Releasing) {
    super();
  }

  process({ data }: Pick<Job<HoldExpiryJob>, 'data'>): Promise<number> {
    return this.releasing.releaseExpiredHolds(data.productId);
  }
}

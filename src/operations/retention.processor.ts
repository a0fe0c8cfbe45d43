import { Processor, WorkerHost } from '@nestjs/bullmq';
import { RetentionService } from './retention.service.js';

export const RETENTION = 'retention';

/** Deletes what has served its time. */
@Processor(RETENTION)
export class RetentionProcessor extends WorkerHost {
  constructor(private readonly retention: RetentionService) {
    super();
  }

  process(): Promise<object> {
    return this.retention.purge();
  }
}

import { Processor, WorkerHost } from '@nestjs/bullmq';
import { WebhooksService } from './webhooks.service.js';

export const RECONCILIATION = 'reconciliation';

/** Applies notices that slipped through when their order was made, and lists those that waited too long. */
@Processor(RECONCILIATION)
export class ReconciliationProcessor extends WorkerHost {
  constructor(private readonly webhooks: WebhooksService) {
    super();
  }

  async process(): Promise<void> {
    await this.webhooks.reconcilePendingNotices();
    await this.webhooks.markUnmatched();
  }
}

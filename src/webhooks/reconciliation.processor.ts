import { Processor, WorkerHost } from '@nestjs/bullmq';
import { sumOfAll } from '../common/sum-of-all.js';
import { WebhooksService } from './webhooks.service.js';

export const RECONCILIATION = 'reconciliation';

/** Applies notices that slipped through when their order was made, and lists those that waited too long. */
@Processor(RECONCILIATION)
export class ReconciliationProcessor extends WorkerHost {
  constructor(private readonly webhooks: WebhooksService) {
    super();
  }

  /** What can't be applied keeps nothing from being listed. */
  async process(): Promise<void> {
    const steps = [
      { of: 'notices whose orders are there', take: () => this.webhooks.reconcilePendingNotices() },
      { of: 'notices that waited too long', take: () => this.webhooks.markUnmatched() },
    ];
    await sumOfAll(
      steps,
      (step) => step.of,
      (step) => step.take(),
    );
  }
}

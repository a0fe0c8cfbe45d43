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
    const steps = [() => this.webhooks.reconcilePendingNotices(), () => this.webhooks.markUnmatched()];
    await sumOfAll(
      steps,
      (step) => (step === steps[0] ? 'the notices whose orders are there' : 'the notices that waited too long'),
      (step) => step(),
    );
  }
}

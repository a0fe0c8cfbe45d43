import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { Schedules } from '../queue/schedules.js';
import { WebhooksService } from './webhooks.service.js';

/** Applies, by the clock, payment events that slipped through when their order was made. */
@Injectable()
export class Reconciliation implements OnModuleInit {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add('reconciliation', this.config.schedules.reconciliation, async () => {
      await this.webhooks.reconcilePendingWebhooks();
      await this.webhooks.markUnmatched();
    });
  }
}

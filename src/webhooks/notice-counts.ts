import { Injectable } from '@nestjs/common';
import { MetricsService } from '../metrics/metrics.service.js';
import type { Tally } from '../metrics/samples.js';
import type { PaymentAnswer } from './webhooks.types.js';

/** What becomes of a notice: its answer, or why it was refused. */
export type NoticeResult = PaymentAnswer['result'] | 'key_reused' | 'not_authentic';

const RESULTS: readonly NoticeResult[] = [
  'applied',
  'duplicate',
  'ignored',
  'review',
  'pending_order',
  'key_reused',
  'not_authentic',
];

/** How many payment notices came, by what became of them. */
@Injectable()
export class NoticeCounts {
  private readonly tally: Tally;

  constructor(metrics: MetricsService) {
    this.tally = metrics.tally('checkout_payment_notices_total', 'Payment notices, by result', 'result', RESULTS);
  }

  add(result: NoticeResult): void {
    this.tally.add(result);
  }
}

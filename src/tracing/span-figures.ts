import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { MetricsService } from '../metrics/metrics.service.js';
import { TRACING, type Tracing } from './tracing.types.js';

/** What becomes of spans, as a metric; and sends the last of them, once all that makes spans has ended. */
@Injectable()
export class SpanFigures implements OnApplicationShutdown {
  constructor(
    @Inject(TRACING) private readonly tracing: Tracing | null,
    metrics: MetricsService,
  ) {
    if (tracing === null) return;
    const help = 'Spans that the collector took, and those that were lost since it did not';
    metrics.add({ name: 'checkout_trace_spans_total', help, type: 'counter' }, () =>
      Object.entries(tracing.counts).map(([outcome, value]) => ({ labels: { outcome }, value })),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tracing?.stop();
  }
}

import { Logger } from '@nestjs/common';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace';

/** Spans that wait to be sent; at about a kilobyte each, what a collector may cost that is away. */
const WAITING_MAX = 2048;

/** How long a span waits for others to be sent with. */
const DELAY_MS = 1000;

/**
 * Sends spans in the background. A collector that is away or slow costs a bounded memory and the spans, which are counted;
 * that it is, and that it is over, is told of in one line each.
 */
export class SpanOutput implements SpanProcessor {
  readonly counts = { sent: 0, dropped: 0 };
  private readonly logger = new Logger('Tracing');
  private readonly batches: SpanProcessor;
  private waiting = 0;
  private isFailing = false;

  constructor(exporter: SpanExporter) {
    const counted: SpanExporter = {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          this.note(spans.length, result);
          done(result);
        }),
      shutdown: () => exporter.shutdown(),
    };
    this.batches = new BatchSpanProcessor({
      exporter: counted,
      maxQueueSize: WAITING_MAX,
      scheduledDelayMillis: DELAY_MS,
    });
  }

  onStart(): void {}

  /** What is being sent still takes room: a collector that hangs gets no more to hang on to. */
  onEnd(span: ReadableSpan): void {
    if (this.waiting >= WAITING_MAX) {
      this.counts.dropped++;
      return;
    }
    this.waiting++;
    this.batches.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.batches.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.batches.shutdown();
  }

  private note(count: number, { code, error }: ExportResult): void {
    const hasFailed = code !== ExportResultCode.SUCCESS;
    this.waiting -= count;
    this.counts[hasFailed ? 'dropped' : 'sent'] += count;
    if (hasFailed === this.isFailing) return;
    this.isFailing = hasFailed;
    if (hasFailed) this.logger.warn({ err: error }, 'The collector of spans does not take them; they are lost');
    else this.logger.log({ dropped: this.counts.dropped }, 'The collector of spans takes them again');
  }
}

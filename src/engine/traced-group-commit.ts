import type { Span } from '@opentelemetry/api';
import type { Tracing } from '../tracing/tracing.types.js';
import { GroupCommit, type GroupCommitOptions } from './group-commit.js';

/**
 * A group commit with a span for each of its transactions in which a traced request is decided: part of the oldest one's trace,
 * and linked to all of them, since they wait for the same COMMIT. A batch that is tried again, or in halves, has one a try.
 */
export class TracedGroupCommit<Request, Outcome> extends GroupCommit<Request, Outcome> {
  private readonly spans: Map<Request, Span>;

  constructor(
    name: string,
    private readonly tracing: Tracing,
    options: GroupCommitOptions<Request, Outcome>,
  ) {
    const spans = new Map<Request, Span>();
    const commit: typeof options.commit = (batch, mayHaveCommitted) => {
      const traced = spans.size === 0 ? NONE : tracedOf(batch, spans);
      if (traced.length === 0) return options.commit(batch, mayHaveCommitted);
      const span = tracing.start(`commit ${name}`, {
        parent: traced[0],
        links: traced,
        attributes: { 'checkout.batch.name': name, 'checkout.batch.size': batch.length },
      });
      return ended(tracing, span, () => options.commit(batch, mayHaveCommitted));
    };
    super({ ...options, commit });
    this.spans = spans;
  }

  override submit(request: Request): Promise<Outcome> {
    const span = this.tracing.active;
    if (span === undefined) return super.submit(request);
    this.spans.set(request, span);
    // It may be the first of many, for whose batches the line then goes on.
    return this.tracing.apart(() => super.submit(request)).finally(() => this.spans.delete(request));
  }
}

const NONE: readonly Span[] = [];

/** Most batches have one or none, so nothing is made for the others. */
function tracedOf<Request>(batch: readonly Request[], spans: ReadonlyMap<Request, Span>): Span[] {
  const traced: Span[] = [];
  for (const request of batch) {
    const span = spans.get(request);
    if (span !== undefined) traced.push(span);
  }
  return traced;
}

/** The transaction takes its span as it begins. */
async function ended<T>(tracing: Tracing, span: Span, commit: () => Promise<T>): Promise<T> {
  try {
    const outcomes = await tracing.atOnce(span, commit);
    tracing.end(span);
    return outcomes;
  } catch (error) {
    tracing.end(span, error);
    throw error;
  }
}

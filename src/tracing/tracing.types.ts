import type { Attributes, Span } from '@opentelemetry/api';

/** Injection token of this process's {@link Tracing}; null where nobody collects spans. */
export const TRACING = Symbol('TRACING');

export interface SpanStart {
  /** Whether it answers others (`server`), asks others (`client`), works on a job (`consumer`), or none of these. */
  readonly kind?: 'server' | 'client' | 'consumer';
  /** What it is part of: a span, or a `traceparent`; one that can't be read counts as none. By default what is active. */
  readonly parent?: Span | string | undefined;
  /** Other spans that it has to do with. */
  readonly links?: readonly Span[];
  /** Nothing secret nor personal: neither query strings nor bodies, and the pattern of a route in place of its path. */
  readonly attributes?: Attributes;
}

/**
 * What the service does, as spans for an OpenTelemetry collector. They are made by hand, at the few places where requests
 * come in, are decided together, or leave; nothing is patched. Without a collector there is none of this: who may trace has
 * null in its place, and looks at that alone.
 */
export interface Tracing {
  /** The recorded span of what runs now. */
  readonly active: Span | undefined;

  /** What a log line that is written now tells of it. */
  activeFields(): Partial<TraceFields>;

  /**
   * Begins the span of a request with these headers; null where the sampler wants none. Whether that of a caller's trace is
   * recorded says the caller's `traceparent`, as far as the sampler goes by it.
   */
  startRequest(headers: Readonly<Record<string, string | string[] | undefined>>): Span | null;

  start(name: string, options?: SpanStart): Span;

  /** Ends a span. Of what failed, only the kind of the failure is told: messages quote statements and people. */
  end(span: Span, error?: unknown): void;

  /** Has the span active while `work` runs, up to its first `await`: costs nothing, and is enough for who asks at once. */
  atOnce<T>(span: Span, work: () => T): T;

  /**
   * Has the span active in `work` and all that it waits for, until the span ends. On Node.js 20 that slows down every promise of
   * the process meanwhile, so what buyers wait for must do with `atOnce`.
   */
  enter<T>(span: Span, work: () => T): T;

  /** Runs `work` as part of no span: for what goes on for others, too. */
  apart<T>(work: () => T): T;

  /** Runs `work` in a span of its own; a `client` has one only as part of another. */
  during<T>(name: string, options: SpanStart, work: (span: Span) => Promise<T>): Promise<T>;

  /** The W3C header that continues a span elsewhere. */
  traceparentOf(span: Span): string;

  /** How many recorded spans the collector took, and how many were lost. */
  readonly counts: { readonly sent: number; readonly dropped: number };

  /** Sends what is left, as far as the collector takes it within a bound. */
  stop(): Promise<void>;
}

/** What a log line tells of a span. */
export interface TraceFields {
  readonly trace_id: string;
  readonly span_id: string;
}

export function traceFieldsOf(span: Span): TraceFields {
  const { traceId, spanId } = span.spanContext();
  return { trace_id: traceId, span_id: spanId };
}

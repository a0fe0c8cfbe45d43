import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { parseKeyPairsIntoRecord, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { assertUnreachable } from '../common/assert-unreachable.js';
import { withinLimit } from '../common/within-limit.js';
import type { Config } from '../config/config.js';
import { VERSION } from '../config/version.js';
import { SpanOutput } from './span-output.js';
import { type SpanStart, type TraceFields, traceFieldsOf, type Tracing } from './tracing.types.js';

/** How long the end of the process waits for the collector to take the last spans. */
const STOP_LIMIT_MS = 2000;

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const;

/** Of every request, recorded or not. */
const OF_REQUEST = { kind: SpanKind.SERVER };

/** In place of a span that nobody wants. */
const NONE = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

type Settings = Config['tracing'];

/** {@link Tracing} by OpenTelemetry's SDK. Nothing is registered with its global API: two services may run in one process. */
export class SdkTracing implements Tracing {
  private readonly output: SpanOutput;
  private readonly tracer: Tracer;
  /** Of requests that begin a trace which is to be recorded. */
  private readonly rootTracer: Tracer;
  private readonly rootShare: number;
  private readonly propagator = new W3CTraceContextPropagator();
  private readonly storage = new AsyncLocalStorage<Span>();
  /** Spans that were entered and have not ended. While there is none, the storage costs nothing. */
  private readonly entered = new Set<Span>();
  private atOnceSpan: Span | undefined;

  /** @param linksMax how many other spans one may be linked to. */
  constructor(settings: Settings, linksMax: number) {
    this.output = new SpanOutput(
      new OTLPTraceExporter({
        url: `${settings.endpoint.replace(/\/$/, '')}/v1/traces`,
        headers: parseKeyPairsIntoRecord(settings.headers),
      }),
    );
    const resource = resourceFromAttributes({
      'service.name': settings.serviceName,
      'service.version': VERSION,
      'service.instance.id': randomUUID(),
    }).merge(detectResources({ detectors: [envDetector] }));
    const tracerBy = (sampler: Sampler): Tracer =>
      new TracerProvider({
        sampler,
        resource,
        spanLimits: { linkCountLimit: linksMax },
        spanProcessors: [this.output],
      }).getTracer('flash-sale-checkout', VERSION);
    this.tracer = tracerBy(samplerOf(settings));
    this.rootTracer = tracerBy(new AlwaysOnSampler());
    this.rootShare = rootShareOf(settings);
  }

  get active(): Span | undefined {
    return this.atOnceSpan ?? (this.entered.size > 0 ? this.storage.getStore() : undefined);
  }

  activeFields(): Partial<TraceFields> {
    const { active } = this;
    return active === undefined ? {} : traceFieldsOf(active);
  }

  get counts(): SpanOutput['counts'] {
    return this.output.counts;
  }

  /** The SDK makes ids and a context also for what it does not record, which costs a hold more than all else here. */
  startRequest(headers: Readonly<Record<string, string | string[] | undefined>>): Span | null {
    if (headers.traceparent !== undefined) return this.tracer.startSpan('HTTP', OF_REQUEST, this.contextIn(headers));
    return Math.random() < this.rootShare ? this.rootTracer.startSpan('HTTP', OF_REQUEST, ROOT_CONTEXT) : null;
  }

  start(name: string, { kind, parent = this.active, links = [], attributes }: SpanStart = {}): Span {
    const options = {
      ...(kind && { kind: KINDS[kind] }),
      ...(attributes && { attributes }),
      links: links.map((span) => ({ context: span.spanContext() })),
    };
    return this.tracer.startSpan(name, options, this.contextOf(parent));
  }

  end(span: Span, error?: unknown): void {
    if (error !== undefined) {
      span.setAttribute('error.type', kindOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
    // Left on, it would go on slowing down promises that belong to no span.
    if (this.entered.delete(span) && this.entered.size === 0) this.storage.disable();
  }

  atOnce<T>(span: Span, work: () => T): T {
    const before = this.atOnceSpan;
    this.atOnceSpan = span;
    try {
      return work();
    } finally {
      this.atOnceSpan = before;
    }
  }

  enter<T>(span: Span, work: () => T): T {
    this.entered.add(span);
    return this.storage.run(span, work);
  }

  apart<T>(work: () => T): T {
    return this.entered.size > 0 ? this.storage.exit(work) : work();
  }

  async during<T>(name: string, options: SpanStart, work: (span: Span) => Promise<T>): Promise<T> {
    const parent = options.parent ?? this.active;
    // Whether a trace is recorded was decided where it began: who is asked on its way begins none.
    const span = options.kind === 'client' && parent === undefined ? NONE : this.start(name, { ...options, parent });
    if (!span.isRecording()) return work(span);
    try {
      const result = await this.enter(span, () => work(span));
      this.end(span);
      return result;
    } catch (error) {
      this.end(span, error);
      throw error;
    }
  }

  traceparentOf(span: Span): string {
    const carrier = { traceparent: '' };
    this.propagator.inject(trace.setSpan(ROOT_CONTEXT, span), carrier, defaultTextMapSetter);
    return carrier.traceparent;
  }

  async stop(): Promise<void> {
    await withinLimit(this.output.shutdown(), STOP_LIMIT_MS).catch(() => undefined);
  }

  private contextOf(parent: Span | string | undefined): Context {
    if (parent === undefined) return ROOT_CONTEXT;
    return typeof parent === 'string' ? this.contextIn({ traceparent: parent }) : trace.setSpan(ROOT_CONTEXT, parent);
  }

  private contextIn(carrier: Readonly<Record<string, string | string[] | undefined>>): Context {
    return this.propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
  }
}

function samplerOf({ sampler, ratio }: Settings): Sampler {
  switch (sampler) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
    default:
      return assertUnreachable(sampler);
  }
}

/** How many of the requests that nobody traced before begin a trace that is recorded. */
function rootShareOf({ sampler, ratio }: Settings): number {
  if (sampler.endsWith('ratio')) return ratio;
  return sampler.endsWith('always_on') ? 1 : 0;
}

/** The driver's or the system's code, or the class; what is no error is such a word already. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.constructor.name;
}

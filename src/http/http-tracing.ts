import type { Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type TraceFields, traceFieldsOf, type Tracing } from '../tracing/tracing.types.js';

interface TracedRequest extends FastifyRequest {
  /** Null where it has none, and until its head was read. */
  span: Span | null;
}

/** A span for each request that is recorded, from its head to the last byte of its answer. */
export function traceRequests(fastify: FastifyInstance, tracing: Tracing | null): void {
  if (tracing === null) return;
  fastify.decorateRequest('span', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    const span = tracing.startRequest(request.headers);
    (request as TracedRequest).span = span;
    if (span?.isRecording() === true) {
      describe(span, request);
      // It comes after the last byte, and also where the client has left.
      reply.raw.once('close', () => tracing.end(span, conclude(span, reply)));
    }
    done();
  });
  // Fastify calls the method within `done`, as no hook before it is awaited after this one.
  fastify.addHook('preHandler', (request, _reply, done) => {
    const { span } = request as TracedRequest;
    if (span?.isRecording() !== true) done();
    else if (mayAskOthers(request)) tracing.enter(span, done);
    else tracing.atOnce(span, done);
  });
}

/** What operators have done may ask a payment provider on the way. What buyers wait for is a group commit at most. */
function mayAskOthers({ method, routeOptions }: FastifyRequest): boolean {
  return method !== 'GET' && (routeOptions.config.rules?.scope ?? null) !== null;
}

function describe(span: Span, { method, protocol, routeOptions: { url: route } }: FastifyRequest): void {
  span.updateName(route === undefined ? method : `${method} ${route}`);
  span.setAttributes({ 'http.request.method': method, 'url.scheme': protocol, ...(route && { 'http.route': route }) });
}

/** @returns what failed on our side, or why there was no answer. */
function conclude(span: Span, { raw }: FastifyReply): unknown {
  if (!raw.headersSent) return 'unanswered';
  const { statusCode } = raw;
  span.setAttribute('http.response.status_code', statusCode);
  return statusCode < 500 ? undefined : statusCode;
}

/** What log lines tell of the request that they are about. */
export function logFieldsOf(request: FastifyRequest): { readonly requestId: string } & Partial<TraceFields> {
  const { span } = request as Partial<TracedRequest>;
  return span ? { requestId: request.id, ...traceFieldsOf(span) } : { requestId: request.id };
}

import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { MetricsService } from '../metrics/metrics.service.js';
import { logFieldsOf } from './http-tracing.js';
import { Buckets, type Sample, SECONDS_BOUNDS } from '../metrics/samples.js';

/** A request that takes longer than this is told of in the log. */
const SLOW_SECONDS = 1;

const NAME = 'http_request_duration_seconds';

interface TimedRequest extends FastifyRequest {
  /** `performance.now()` when the request's head had been read. */
  startedAt: number;
}

/** Answers of one route, by the class of their status. */
class RouteFigures {
  private readonly byClass: (Buckets | undefined)[] = [];

  constructor(
    readonly method: string,
    readonly route: string,
  ) {}

  observe(status: number, seconds: number): void {
    const statusClass = (status / 100) | 0;
    (this.byClass[statusClass] ??= new Buckets(SECONDS_BOUNDS)).observe(seconds);
  }

  samples(): Sample[] {
    const { method, route } = this;
    return this.byClass.flatMap((buckets, statusClass) =>
      buckets === undefined ? [] : buckets.samples(NAME, { method, route, status: `${statusClass}xx` }),
    );
  }
}

/**
 * Counts and times every answer under the pattern of its route. Each route gets a hook of its own that already
 * knows its figures, so a request costs two readings of the clock and one increment. The time ends when the
 * answer is handed to the socket: a client that reads slowly is not the service's latency.
 */
export function measureRequests(fastify: FastifyInstance, metrics: MetricsService): void {
  if (!metrics.isEnabled) return;
  const logger = new Logger('Http');
  const routes = new Map<string, RouteFigures>();
  const figuresOf = (method: string, route: string): RouteFigures => {
    const key = `${method} ${route}`;
    const figures = routes.get(key) ?? new RouteFigures(method, route);
    routes.set(key, figures);
    return figures;
  };
  const measure = (figures: RouteFigures) => {
    return (
      request: FastifyRequest,
      reply: FastifyReply,
      payload: unknown,
      done: (error: null, payload: unknown) => void,
    ): void => {
      const seconds = (performance.now() - (request as TimedRequest).startedAt) / 1000;
      figures.observe(reply.statusCode, seconds);
      if (seconds > SLOW_SECONDS) {
        const { method, route } = figures;
        logger.warn(
          { ...logFieldsOf(request), method, route, status: reply.statusCode, seconds },
          'A request took long',
        );
      }
      done(null, payload);
    };
  };
  fastify.decorateRequest('startedAt', 0);
  fastify.addHook('onRequest', (request, _reply, done) => {
    (request as TimedRequest).startedAt = performance.now();
    done();
  });
  fastify.addHook('onRoute', (route) => {
    // Routes of files take several methods; each answer counts for the one of its request.
    const byMethod = new Map([route.method].flat().map((method) => [method, measure(figuresOf(method, route.url))]));
    const [only, ...others] = byMethod.values();
    const hook: typeof only =
      others.length === 0 ? only : (request, ...rest) => byMethod.get(request.method)!(request, ...rest);
    route.onSend = [hook, ...[route.onSend ?? []].flat()] as typeof route.onSend;
  });
  const unmatched = measure(figuresOf('any', 'unmatched'));
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (request.is404) unmatched(request, reply, payload, done);
    else done(null, payload);
  });
  metrics.add(
    { name: NAME, help: 'Answers by route and class of status, and how long they took', type: 'histogram' },
    () => [...routes.values()].flatMap((figures) => figures.samples()),
  );
}

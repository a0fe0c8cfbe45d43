import cors from '@fastify/cors';
import swagger from '@fastify/swagger';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { AdminGate, refuseStrangers } from './access/admin-gate.js';
import { BuyerKeys } from './access/buyer-keys.js';
import { BuyerTokens } from './access/buyer-tokens.js';
import { admitShops, identifyCallers } from './access/caller-gate.js';
import { limitRates } from './access/rate-limits.js';
import { serveQueueBoard } from './operations/queue-board.js';
import { AppModule } from './app.module.js';
import { Connections } from './http/connections.js';
import { takeTheLane } from './http/lane.js';
import { layPipeline } from './http/pipeline.js';
import { ADMIN_BODY_BYTES_MAX } from './http/endpoint.decorator.js';
import { AJV_OPTIONS } from './http/json-schema.js';
import type { ProblemCode } from './common/problem.js';
import { ProblemFilter } from './http/problem.filter.js';
import { KnownRoutes } from './http/known-routes.js';
import { parseJsonBodies } from './http/json-bodies.js';
import { forgetClientPorts, headAnswers, requestIdOf } from './http/request-head.js';
import { refuseWithoutRoom } from './http/refusals.js';
import { SchemaError } from './http/validation-problem.js';
import { refuseExpectations, unreadableRequests } from './http/unreadable-requests.js';
import type { Config } from './config/config.js';
import { startWithDatabase } from './database/database-errors.js';
import { eventWebhooks, type ToldThing } from './events/event-webhooks.js';
import { Lifecycle } from './http/lifecycle.js';
import { serveDocs } from './http/openapi/docs-ui.js';
import { measureRequests } from './http/http-metrics.js';
import { traceRequests } from './http/http-tracing.js';
import { createLogger } from './observability/logger.js';
import { MetricsService } from './metrics/metrics.service.js';
import { openapi } from './http/openapi/openapi.js';
import { CustomerEventDataDto } from './operations/customers/dto/customer-event.dto.js';
import { OrderEventDataDto } from './orders/dto/order-event.dto.js';
import { SimulatedAccount } from './payment-providers/simulated/simulated-account.js';
import { serveSimulatedPayments } from './payment-providers/simulated/simulated-pages.js';
import { Queues } from './queue/queues.js';
import { RedisService } from './redis/redis.service.js';
import { servePages } from './pages/pages.js';
import { AvailabilityDto } from './products/dto/availability.dto.js';
import { RefundEventDataDto } from './refunds/dto/refund-event.dto.js';
import { SaleFieldsDto } from './sales/dto/sale.dto.js';
import { startTracing } from './tracing/tracing.js';
import { NoticeGate, refuseForgedNotices } from './webhooks/notice-gate.js';

/** What the shop is told of, as the document says. */
const TOLD_THINGS: readonly ToldThing[] = [
  { kind: 'customer', data: CustomerEventDataDto },
  { kind: 'order', data: OrderEventDataDto },
  { kind: 'product', data: AvailabilityDto },
  { kind: 'refund', data: RefundEventDataDto },
  { kind: 'sale', data: SaleFieldsDto },
];

/** How long one part of the HTTP server may take to start. */
const PLUGIN_START_MS = 60_000;

/** Builds the service: it listens after `app.listen()` and stops, all requests answered, with `app.close()`. */
export async function createApp(config: Config): Promise<NestFastifyApplication> {
  const { http } = config;
  const countProblem = (code: ProblemCode): void => app.get(ProblemFilter).count(code);
  const adapter = new FastifyAdapter({
    bodyLimit: ADMIN_BODY_BYTES_MAX,
    requestTimeout: http.requestTimeoutMs,
    keepAliveTimeout: http.keepAliveMs,
    http: {
      // Node looks for requests that take too long every 30 seconds only, unless told otherwise.
      connectionsCheckingInterval: 1000,
      // By default longer than our limit for the whole request, and then Node does not watch over bodies.
      headersTimeout: http.requestTimeoutMs,
      // Node compares the two as it makes the server, before Fastify sets this one.
      requestTimeout: http.requestTimeoutMs,
      // Node's own answer to a request without a host has no body; ours is with the other headers.
      requireHostHeader: false,
    },
    genReqId: requestIdOf,
    trustProxy: http.trustedProxies.length > 0 ? [...http.trustedProxies] : false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 192 },
    ajv: { customOptions: AJV_OPTIONS },
    schemaErrorFormatter: () => new SchemaError(),
    skipMiddie: true,
    // On a full machine the ten seconds that Fastify gives are soon over, and the process ends.
    pluginTimeout: PLUGIN_START_MS,
    // Fastify's own is no problem document; ours is below.
    return503OnClosing: false,
    ...unreadableRequests(countProblem),
  });
  const tracing = await startTracing(config);
  const options = { bodyParser: false, logger: createLogger(config, undefined, tracing), abortOnError: false };
  const app = await startWithDatabase(config.database, () =>
    NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config, tracing), adapter, options),
  );
  const fastify = app.getHttpAdapter().getInstance();
  app.get(Connections).watch(fastify.server, { max: http.connectionsMax, stallMs: http.requestTimeoutMs });
  await layPipeline(fastify, {
    clientAddress: () => http.trustedProxies.length > 0 && forgetClientPorts(fastify),
    spans: () => traceRequests(fastify, tracing),
    figures: () => measureRequests(fastify, app.get(MetricsService)),
    head: headAnswers,
    bodies: parseJsonBodies,
    crossOrigin: () => http.corsOrigins.length > 0 && allowOrigins(fastify, http),
    room: () => refuseWithoutRoom(fastify, app.get(Connections), app.get(Lifecycle)),
    strangers: () => refuseStrangers(fastify, app.get(AdminGate)),
    forgedNotices: () => refuseForgedNotices(fastify, app.get(NoticeGate)),
    lane: () => takeTheLane(app),
    knownRoutes: () => app.get(KnownRoutes).watch(fastify),
    expectations: () => refuseExpectations(fastify.server, countProblem),
    shops: () => admitShops(fastify, app.get(AdminGate)),
    rateLimit: () => limitRates(fastify, http, app.get(RedisService)),
    callers: () => identifyCallers(fastify, config.buyers, { keys: app.get(BuyerKeys), tokens: app.get(BuyerTokens) }),
    documents: async () => {
      await fastify.register(swagger, openapi(eventWebhooks(TOLD_THINGS)));
      await serveDocs(fastify);
    },
    pages: () => servePages(fastify),
    simulatedPayments: () =>
      serveSimulatedPayments(fastify, { account: app.get(SimulatedAccount), problems: app.get(ProblemFilter) }),
    queueBoard: () =>
      serveQueueBoard(fastify, { queues: app.get(Queues), gate: app.get(AdminGate), problems: app.get(ProblemFilter) }),
  });
  await app.init();
  await fastify.ready();
  return app;
}

async function allowOrigins(fastify: FastifyInstance, { corsOrigins }: Config['http']): Promise<void> {
  await fastify.register(cors, {
    origin: [...corsOrigins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'location',
      'retry-after',
      'etag',
      'x-request-id',
      'ratelimit-limit',
      'ratelimit-remaining',
      'ratelimit-reset',
    ],
    maxAge: 600,
  });
}

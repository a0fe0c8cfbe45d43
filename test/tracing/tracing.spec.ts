import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TRACING, type Tracing } from '../../src/tracing/tracing.types.js';
import { Collector, KIND } from '../support/collector.js';
import { whilePoisoned } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { adminHeaders, createEndpoint, createHold, createProduct, refundsOf, taken } from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { scrape } from '../support/metrics.js';
import { Receiver } from '../support/receiver.js';
import { type Service, startService } from '../support/service.js';
import { StripeApi } from '../support/stripe-api.js';
import { INTENT, openOrder, orderWith, type PaidOrder, stripeSettings } from '../support/stripe-sales.js';

const SECRET_PATH = 'a-secret-in-the-path';
const COLLECTOR_KEY = 'the-key-of-the-collector';

let collector: Collector;
let api: StripeApi;
let service: Service;

beforeAll(async () => {
  [collector, api] = await Promise.all([Collector.start(), StripeApi.start()]);
  service = await startService({
    ...stripeSettings(api),
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
    OTEL_EXPORTER_OTLP_HEADERS: `api-key=${COLLECTOR_KEY}`,
    OTEL_SERVICE_NAME: 'checkout-of-the-tests',
    ROLES: 'api,worker,scheduler',
    // The jobs of these tests are made by their requests.
    PAYMENT_SESSIONS_CRON: 'off',
  });
});
afterAll(async () => {
  await service.stop();
  await Promise.all([collector.stop(), api.stop()]);
});

/** A caller that traces what it asks for, and has it recorded or not. */
function caller(flags = '01') {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}` } };
}

describe('a request', () => {
  it('is a span of its caller’s trace, with its route and status and nothing that it asks for', async () => {
    const { id } = await createProduct(service);
    const { traceId, spanId, headers } = caller();
    const hold = { product_id: id, quantity: 1 };
    const answer = await service.call('POST', `/api/holds?word=${SECRET_PATH}`, hold, {
      ...headers,
      'x-request-id': 'one',
    });
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([201, 'one']);
    const span = await collector.spanOf(traceId, 'POST /api/holds');
    expect(span).toMatchObject({ kind: KIND.server, parentSpanId: spanId, links: [], status: 0 });
    expect(span.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/api/holds',
      'http.response.status_code': 201,
      'url.scheme': 'http',
    });
    expect(span.resource).toMatchObject({ 'service.name': 'checkout-of-the-tests' });
    expect(collector.requests[0]).toMatchObject({ url: '/v1/traces', headers: { 'api-key': COLLECTOR_KEY } });
    expect(collector.text).not.toContain(SECRET_PATH);
  });

  it('has the pattern of its route in place of its path, and no route where there is none', async () => {
    const { hold_id } = await createHold(service);
    const [known, unknown] = [caller(), caller()];
    await service.call('GET', `/api/holds/${hold_id}`, undefined, known.headers);
    await service.call('GET', `/no/${SECRET_PATH}`, undefined, unknown.headers);
    const { attributes } = await collector.spanOf(known.traceId, 'GET /api/holds/:hold_id');
    expect(attributes).toMatchObject({ 'http.route': '/api/holds/:hold_id', 'http.response.status_code': 200 });
    const lost = await collector.spanOf(unknown.traceId, 'GET');
    expect(lost).toMatchObject({ status: 0, attributes: { 'http.response.status_code': 404 } });
    expect(lost.attributes).not.toHaveProperty('http.route');
    for (const secret of [hold_id, SECRET_PATH]) expect(collector.text).not.toContain(secret);
  });

  it('that fails on our side is a span that failed, and its log lines name the span', async () => {
    const { hold_id } = await createHold(service);
    const { traceId, headers } = caller();
    const log = new LogCapture(service.config);
    await whilePoisoned(hold_id, async () => {
      expect((await service.call('POST', '/api/orders', { hold_id }, headers)).status).toBe(500);
    });
    const span = await collector.spanOf(traceId, 'POST /api/orders');
    expect(span).toMatchObject({ status: 2, attributes: { 'error.type': '500', 'http.response.status_code': 500 } });
    const batches = collector.spans.filter(
      ({ name, links }) => name === 'commit orders' && links.includes(span.spanId),
    );
    expect(batches.map(({ status }) => status)).toContain(2);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ msg: 'Unexpected error', trace_id: traceId, span_id: span.spanId }),
    );
    expect(collector.text).not.toMatch(/INSERT INTO|SELECT /);
  });

  it.each([
    ['too short', (id: string) => `00-${id.slice(1)}-00f067aa0ba902b7-01`],
    ['in capitals', (id: string) => `00-${id.toUpperCase()}-00F067AA0BA902B7-01`],
    ['of no trace', () => '00-00000000000000000000000000000000-00f067aa0ba902b7-01'],
    ['of no span', (id: string) => `00-${id}-0000000000000000-01`],
    ['of a version that can’t be', (id: string) => `ff-${id}-00f067aa0ba902b7-01`],
    ['with more than its version has', (id: string) => `00-${id}-00f067aa0ba902b7-01-more`],
    ['twice', (id: string) => `00-${id}-00f067aa0ba902b7-01, 00-${id}-00f067aa0ba902b7-01`],
  ])('begins a trace of its own where the caller’s is %s', async (_, made) => {
    const traceId = `a${randomBytes(15).toString('hex')}c`;
    const before = collector.spans.length;
    const answer = await service.call('GET', '/api/products', undefined, { traceparent: made(traceId) });
    expect(answer.status).toBe(200);
    await eventually(() => {
      const fresh = collector.spans.slice(before).filter(({ name }) => name === 'GET /api/products');
      expect(fresh.map(({ parentSpanId }) => parentSpanId)).toEqual(['']);
    });
    expect(collector.namesOf(traceId)).toEqual([]);
  });

  it('that its caller does not record is not recorded', async () => {
    const [unrecorded, recorded] = [caller('00'), caller()];
    await createHold(service);
    const hold = { product_id: (await createProduct(service)).id, quantity: 1 };
    await service.call('POST', '/api/holds', hold, unrecorded.headers);
    await service.call('POST', '/api/holds', hold, recorded.headers);
    await collector.spanOf(recorded.traceId, 'commit holds');
    expect(collector.namesOf(unrecorded.traceId)).toEqual([]);
  });
});

describe('a batch', () => {
  it('is one span, linked to each of its requests', async () => {
    const { id } = await createProduct(service, { stock_total: 100_000 });
    await eventually(async () => {
      const callers = Array.from({ length: 20 }, () => caller());
      const hold = { product_id: id, quantity: 1 };
      await Promise.all(callers.map(({ headers }) => service.call('POST', '/api/holds', hold, headers)));
      const requests = await Promise.all(callers.map(({ traceId }) => collector.spanOf(traceId, 'POST /api/holds')));
      const ids = requests.map(({ spanId }) => spanId);
      const batches = collector.spans.filter(
        ({ name, links }) => name === 'commit holds' && links.some((link) => ids.includes(link)),
      );
      expect(batches.flatMap(({ links }) => links).sort()).toEqual([...ids].sort());
      for (const { parentSpanId, links, kind, attributes } of batches) {
        expect([parentSpanId, kind]).toEqual([links[0], KIND.internal]);
        expect(attributes).toEqual({ 'checkout.batch.name': 'holds', 'checkout.batch.size': links.length });
      }
      expect(Math.max(...batches.map(({ links }) => links.length))).toBeGreaterThan(1);
    });
  });
});

describe('what is done for a request later', () => {
  it('goes on with its trace: the job that its commit asks for, and the call of the payment provider', async () => {
    const { traceId, headers } = caller();
    const { hold_id } = await createHold(service);
    taken<PaidOrder>(await service.call('POST', '/api/orders', { hold_id, payment: INTENT }, headers), 201);
    const commit = await collector.spanOf(traceId, 'commit orders');
    const job = await collector.spanOf(traceId, 'process payment-sessions');
    const call = await collector.spanOf(traceId, 'stripe createSession');
    expect([job.kind, job.parentSpanId]).toEqual([KIND.consumer, commit.spanId]);
    expect(job.attributes).toMatchObject({
      'messaging.system': 'bullmq',
      'messaging.destination.name': 'payment-sessions',
      'messaging.operation.type': 'process',
    });
    expect([call.kind, call.parentSpanId]).toEqual([KIND.client, job.spanId]);
    expect(call.attributes).toEqual({
      'checkout.payment.provider': 'stripe',
      'checkout.payment.call': 'createSession',
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(api.url).port),
    });
    expect(api.callsOf('POST /v1/payment_intents').map(({ traceparent }) => traceparent)).toContain(
      `00-${traceId}-${call.spanId}-01`,
    );
    expect(collector.text).not.toContain('sk_test_key');
  });

  it('is part of it where an operator waits for the provider, and log lines of jobs name their span', async () => {
    const { order, id } = await openOrder(service, api);
    api.pay(id);
    await api.deliverTo(service);
    const at = (path: string) => `/api/admin/${path}`;
    const { traceId, headers } = caller();
    const as = { ...adminHeaders(service), ...headers };
    taken(
      await service.call('POST', at(`orders/${order.order_id}/return`), { restock: true }, adminHeaders(service)),
      200,
    );
    const [refund] = await refundsOf(order.order_id);
    expect((await service.call('POST', at(`refunds/${refund!.id}/send`), {}, as)).status).toBe(200);
    const request = await collector.spanOf(traceId, 'POST /api/admin/refunds/:id/send');
    const call = await collector.spanOf(traceId, 'stripe sendRefund');
    expect([call.kind, call.parentSpanId]).toEqual([KIND.client, request.spanId]);

    const log = new LogCapture(service.config, service.app.get<Tracing>(TRACING));
    const refused = caller();
    api.answerNext({ status: 400, body: { error: { type: 'invalid_request_error', message: 'No' } } });
    const { hold_id } = await createHold(service);
    await service.call('POST', '/api/orders', { hold_id, payment: INTENT }, refused.headers);
    await eventually(() => {
      expect(log.lines).toContainEqual(
        expect.objectContaining({ msg: 'A payment provider refuses a session', trace_id: refused.traceId }),
      );
    });
    expect(await collector.spanOf(refused.traceId, 'stripe createSession')).toMatchObject({ status: 2 });
    expect(collector.text).not.toContain(service.config.adminToken);
  });

  it('is a delivery, which tells neither the path nor what is delivered', async () => {
    const receiver = await Receiver.start();
    await createEndpoint(service, `${receiver.url}/${SECRET_PATH}`);
    await orderWith(service);
    const { port } = new URL(receiver.url);
    const delivery = await eventually(() => {
      const found = collector.spans.find(({ attributes }) => attributes['server.port'] === Number(port));
      if (found === undefined) throw new Error('No delivery yet');
      return found;
    });
    expect(delivery).toMatchObject({ name: 'POST', kind: KIND.client, status: 0 });
    expect(delivery.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 204,
      'server.address': '127.0.0.1',
      'server.port': Number(port),
      'url.scheme': 'http',
    });
    const job = await collector.spanOf(delivery.traceId, 'process deliveries');
    expect(delivery.parentSpanId).toBe(job.spanId);
    expect(collector.text).not.toContain(SECRET_PATH);
    await receiver.stop();
  });
});

describe('a collector', () => {
  it('that is away costs the spans, which are counted and told of in one line, and nothing else', async () => {
    process.env.OTEL_EXPORTER_OTLP_TIMEOUT = '200';
    const alone = await startService({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      // Nothing is recorded but what the caller says.
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
    });
    // The start has taken the log over.
    const log = new LogCapture(alone.config);
    const ask = (headers = {}) => alone.call('GET', '/api/products', undefined, headers);
    for (let round = 1; round <= 3; round++) {
      for (const { headers } of [caller(), caller()]) expect((await ask(headers)).status).toBe(200);
      expect((await ask()).status).toBe(200);
      await eventually(async () => {
        const figures = await scrape(alone);
        expect(figures.value('checkout_trace_spans_total', { outcome: 'dropped' })).toBe(2 * round);
      });
    }
    const told = log.lines.filter(({ context }) => context === 'Tracing');
    expect(told).toEqual([expect.objectContaining({ level: 40, msg: expect.stringContaining('does not take them') })]);
    await ask(caller().headers);
    await alone.stop();
    delete process.env.OTEL_EXPORTER_OTLP_TIMEOUT;
  });

  it('gets the last spans of a service that ends', async () => {
    const leaving = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ROLES: 'api' });
    const { traceId, headers } = caller();
    await leaving.call('GET', '/api/products', undefined, headers);
    await leaving.stop();
    expect(collector.namesOf(traceId)).toEqual(['GET /api/products']);
  });

  it('that is not set has nothing of the SDK loaded', () => {
    const built = (path: string) => JSON.stringify(join(import.meta.dirname, '../../dist/src', path));
    const script = `
      import Module from 'node:module';
      const loaded = () => Object.keys(Module._cache).filter((path) => /@opentelemetry.(sdk|exporter|otlp|core)/.test(path)).length;
      await import(${built('app.js')});
      const { startTracing } = await import(${built('tracing/tracing.js')});
      const { loadConfig } = await import(${built('config/config.js')});
      const start = (set) => startTracing(loadConfig({ DB_HOST: 'x', REDIS_HOST: 'x', ...set }));
      const figures = [await start({}), loaded(), (await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })) !== null, loaded() > 0];
      console.log(JSON.stringify(figures));`;
    const env = { ...process.env, NODE_OPTIONS: '' };
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env });
    expect(JSON.parse(output)).toEqual([null, 0, true, true]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { Lifecycle } from '../../src/http/lifecycle.js';
import { expectProblem } from '../support/expectations.js';
import { adminHeaders } from '../support/factories.js';
import { scrape } from '../support/metrics.js';
import { type Service, startService } from '../support/service.js';

const PRODUCTS = '/api/admin/products';
const LONG = `{"name": "${'x'.repeat(70_000)}`;

/** Requests with several faults: which of them is told says what comes first. */
describe('the way of a request to its method', () => {
  it('mends one fault after the other: leaving, token, length, encoding, JSON, fields', async () => {
    const leaving = await startService();
    leaving.app.get(Lifecycle).enter('draining');
    const refused = await leaving.call('POST', PRODUCTS, LONG, { 'content-encoding': 'gzip' });
    expectProblem(refused, 'UNAVAILABLE');
    expect([refused.headers.has('x-request-id'), refused.headers.get('x-content-type-options')]).toEqual([
      true,
      'nosniff',
    ]);

    const service = await startService();
    const operator = adminHeaders(service);
    const packed = { ...operator, 'content-encoding': 'gzip' };
    expectProblem(await service.call('POST', PRODUCTS, LONG, { 'content-encoding': 'gzip' }), 'UNAUTHORIZED');
    expectProblem(await service.call('POST', PRODUCTS, LONG, packed), 'PAYLOAD_TOO_LARGE');
    expectProblem(await service.call('POST', PRODUCTS, '{"name":', packed), 'UNSUPPORTED_MEDIA_TYPE');
    const broken = await service.call('POST', PRODUCTS, '{"name":', operator);
    expect([broken.status, broken.body.errors]).toEqual([400, []]);
    const wrong = await service.call('POST', PRODUCTS, { name: '' }, operator);
    expect([wrong.status, (wrong.body.errors as unknown[]).length > 0]).toEqual([400, true]);
    expect((await service.call('POST', PRODUCTS, { name: 'A', price: '1.00', stock_total: 1 }, operator)).status).toBe(
      201,
    );
  });

  it('counts and times what is refused at the first step, too', async () => {
    const service = await startService();
    const labels = { method: 'POST', route: PRODUCTS, status: '4xx' };
    const count = async (): Promise<number> =>
      (await scrape(service)).value('http_request_duration_seconds_count', labels);
    await service.call('POST', PRODUCTS, {});
    expect(await count()).toBe(1);
  });

  it('tells whoever calls too often so before it reads the body', async () => {
    const service = await startService({ RATE_LIMIT_PER_MINUTE: '1' });
    const hold = (): ReturnType<Service['call']> => service.call('POST', '/api/holds', LONG);
    expectProblem(await hold(), 'PAYLOAD_TOO_LARGE');
    expectProblem(await hold(), 'RATE_LIMITED');
  });

  it('reads a notice as a whole, then asks for its signature, and then says what is wrong with its fields', async () => {
    const service = await startService({ WEBHOOK_SECRETS: 'the-secret-of-the-pipeline-test' });
    const notice = (body: unknown): ReturnType<Service['call']> =>
      service.call('POST', '/api/payments/webhook', body, { 'x-webhook-signature': 'forged' });
    expect((await notice('{"order_id":')).body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [] });
    expectProblem(await notice({ order_id: 'none' }), 'SIGNATURE_INVALID');
  });
});

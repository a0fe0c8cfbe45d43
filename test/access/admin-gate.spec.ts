import { describe, expect, it } from '@jest/globals';
import { countByStatus, expectProblem } from '../support/expectations.js';
import { adminHeaders } from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { scrape } from '../support/metrics.js';
import { type Service, startService } from '../support/service.js';

const REFUNDS = '/api/admin/refunds';
const BOARD = '/admin/queues';

/** Calls as the client at this address behind a proxy. */
function callAs(service: Service, address: string, path: string, headers: Record<string, string> = {}) {
  return service.call('GET', path, undefined, { 'x-forwarded-for': address, ...headers });
}

const startBehindProxy = () => startService({ TRUSTED_PROXIES: '127.0.0.1/32' });

describe('who calls for operators without the admin token', () => {
  it.each([REFUNDS, BOARD])('is told to wait after thirty times at %s, by address', async (path) => {
    const service = await startBehindProxy();
    const guesses = await Promise.all(
      Array.from({ length: 70 }, (_, n) =>
        callAs(service, '203.0.113.1', path, { authorization: `Bearer guess-${n}` }),
      ),
    );
    expect(countByStatus(guesses)).toEqual({ 401: 30, 429: 40 });
    const refused = guesses.find(({ status }) => status === 429)!;
    expectProblem(refused, 'RATE_LIMITED');
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expectProblem(await callAs(service, '203.0.113.2', path), 'UNAUTHORIZED');
    await service.stop();
  });

  it('shares its thirty times between the calls and the queue board', async () => {
    const service = await startBehindProxy();
    const paths = Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? REFUNDS : BOARD));
    const answers = await Promise.all(paths.map((path) => callAs(service, '203.0.113.1', path)));
    expect(countByStatus(answers)).toEqual({ 401: 30, 429: 30 });
    await service.stop();
  });

  it('keeps no operator out, not even one with the same address', async () => {
    const service = await startBehindProxy();
    await Promise.all(Array.from({ length: 40 }, () => callAs(service, '203.0.113.1', REFUNDS)));
    expect((await callAs(service, '203.0.113.1', REFUNDS, adminHeaders(service))).status).toBe(200);
    await service.stop();
  });

  it('leaves one line in the log, and is counted each time', async () => {
    const service = await startBehindProxy();
    const log = new LogCapture(service.config);
    await Promise.all(Array.from({ length: 30 }, (_, n) => callAs(service, `203.0.113.${n}`, REFUNDS)));
    await Promise.all(Array.from({ length: 12 }, () => callAs(service, '203.0.113.1', BOARD)));
    const figures = await scrape(service);
    expect(figures.value('checkout_admin_refusals_total', { surface: 'api', reason: 'token' })).toBe(30);
    expect(figures.value('checkout_admin_refusals_total', { surface: 'queue_board', reason: 'token' })).toBe(12);
    expect(log.lines.filter(({ context }) => context === 'Admin')).toEqual([
      expect.objectContaining({ msg: 'A call for operators came without a valid key', surface: 'api', others: 0 }),
    ]);
    await service.stop();
  });
});

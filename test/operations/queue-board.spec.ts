import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/expectations.js';
import { adminHeaders } from '../support/factories.js';
import { queueOf } from '../support/queues.js';
import { PATIENT, type Service, startService } from '../support/service.js';

const BOARD = '/admin/queues';

let service: Service;
beforeAll(async () => {
  service = await startService(PATIENT);
});

const asBrowser = (password: string) => ({
  authorization: `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`,
});

describe('the queue board', () => {
  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['a wrong password', asBrowser('wrong')],
    ['an empty password', asBrowser('')],
    ['something else', { authorization: 'Basic !' }],
  ])('refuses who sends %s, on its pages, calls and files alike', async (_case, headers) => {
    for (const path of ['', '/api/queues', '/static/images/logo.svg', '/queue/hold-expiry']) {
      const answer = await service.call('GET', BOARD + path, undefined, headers);
      expectProblem(answer, 'UNAUTHORIZED');
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm/);
    }
  });

  it('is nobody’s when no token is set', async () => {
    const closed = await startService({ APP_ENV: 'production', ADMIN_TOKEN: '', WEBHOOK_SECRETS: 'a-secret' });
    for (const headers of [{ authorization: 'Bearer ' }, asBrowser('')]) {
      expect((await closed.call('GET', BOARD, undefined, headers)).status).toBe(401);
    }
    await closed.stop();
  });

  it('is shown to who knows the admin token, as bearer or as password', async () => {
    for (const headers of [adminHeaders(service), asBrowser(service.config.adminToken)]) {
      const page = await service.call('GET', BOARD, undefined, headers);
      expect(page.status).toBe(200);
      expect(page.text).toContain('<div id="root">');
      const script = /src="([^"]+\.js)"/.exec(page.text)![1]!;
      expect(
        (await service.call('GET', new URL(script, `${service.url}${BOARD}/`).pathname, undefined, headers)).status,
      ).toBe(200);
    }
  });

  it('loads nothing from elsewhere, neither its pages nor the styles that they load', async () => {
    const headers = adminHeaders(service);
    const get = async (url: string) => (await service.call('GET', new URL(url).pathname, undefined, headers)).text;
    for (const path of ['', '/', '/queue/hold-expiry']) {
      const page = await get(service.url + BOARD + path);
      const loaded = [...page.matchAll(/<\w+\b[^>]*?\b(?:href|src|srcset|action)="([^"]*)"/g)].map(
        ([, url]) => new URL(url!, `${service.url}${BOARD}/`),
      );
      const styles = loaded.filter(({ pathname }) => pathname.endsWith('.css'));
      expect([loaded.length > 5, styles.length]).toEqual([true, 1]);
      for (const style of styles) {
        const text = await get(style.href);
        expect(text.length).toBeGreaterThan(1000);
        for (const [, url] of text.matchAll(/(?:url\(|@import\s)\s*["']?([^"')\s]+)/g))
          loaded.push(new URL(url!, style));
      }
      const foreign = loaded.filter(({ origin, protocol }) => origin !== service.url && protocol !== 'data:');
      expect(foreign.map(({ href }) => href)).toEqual([]);
    }
  });

  it('shows a failed job and puts it back in line', async () => {
    const worker = await startService({ ...PATIENT, ROLES: 'worker' });
    const queue = await queueOf(worker, 'hold-expiry');
    const job = await queue.add('hold-expiry', { productId: 'not a number' }, { attempts: 1 });
    await eventually(async () => expect(await queue.getFailedCount()).toBe(1));
    await job.updateData({ productId: 1 });
    const headers = adminHeaders(service);
    const path = `${BOARD}/api/queues?activeQueue=hold-expiry&status=failed`;
    // A busy machine's Redis may be late, which the board says.
    await eventually(async () =>
      expect((await service.call('GET', path, undefined, headers)).text).toContain('"hold-expiry"'),
    );
    const retried = await service.call('PUT', `${BOARD}/api/queues/hold-expiry/${job.id}/retry`, undefined, headers);
    expect(retried.status).toBeLessThan(300);
    await eventually(async () => expect(await queue.getFailedCount()).toBe(0));
    await worker.stop();
  });

  it('says no more than that Redis is away when it is', async () => {
    const alone = await startService({ REDIS_PORT: '1' });
    const answer = await alone.call('GET', `${BOARD}/api/queues`, undefined, adminHeaders(alone));
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.body).toEqual({ error: 'Redis does not answer.' });
    await alone.stop();
  });
});

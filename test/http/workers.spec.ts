import { afterAll, describe, expect, it } from '@jest/globals';
import { type ChildService, killChildren, startChild } from '../support/child-service.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectStockIdentity } from '../support/expectations.js';
import { createProduct, requestHold } from '../support/factories.js';
import { Scrape } from '../support/metrics.js';
import { connectTo, type Service } from '../support/service.js';

const WORKERS = 3;

afterAll(killChildren);

async function start(overrides: Record<string, string> = {}): Promise<{ child: ChildService; service: Service }> {
  const child = await startChild({ WEB_CONCURRENCY: String(WORKERS), ...overrides });
  const service = connectTo(child.url);
  await eventually(async () => expect((await figures(service)).value('checkout_pool_size')).toBe(10 * WORKERS));
  return { child, service };
}

async function figures(service: Service): Promise<Scrape> {
  return new Scrape((await service.call('GET', '/metrics')).text);
}

/** The process ids of the children of a process. */
async function childrenOf(pid: number): Promise<number[]> {
  const { execFileSync } = await import('node:child_process');
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (parent === pid ? [child!] : []));
}

describe('WEB_CONCURRENCY', () => {
  it('answers behind one port, sells no unit twice, and adds the figures of all workers up', async () => {
    const { child, service } = await start();
    expect(await childrenOf(child.process.pid!)).toHaveLength(WORKERS);
    const { id } = await createProduct(service, { stock_total: 50 });
    // Without keep-alive each request may reach another worker.
    const answers = await Promise.all(
      Array.from({ length: 90 }, () =>
        service.call('POST', '/api/holds', { product_id: id, quantity: 1 }, { connection: 'close' }),
      ),
    );
    expect(countByStatus(answers)).toEqual({ 201: 50, 409: 40 });
    await expectStockIdentity(id);
    for (let scrapes = 0; scrapes < WORKERS * 2; scrapes++) {
      const all = await figures(service);
      expect(all.value('checkout_decisions_total', { group_commit: 'holds', outcome: 'ok' })).toBe(50);
      expect(all.value('checkout_decisions_total', { group_commit: 'holds', outcome: 'INSUFFICIENT_STOCK' })).toBe(40);
      expect(all.value('checkout_redis_up')).toBe(1);
    }
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  });

  it('replaces a worker that was killed, while the others go on', async () => {
    const { child, service } = await start();
    const { id } = await createProduct(service, { stock_total: 1000 });
    const before = await childrenOf(child.process.pid!);
    process.kill(before[0]!, 'SIGKILL');
    await eventually(async () => expect((await requestHold(service, id)).status).toBe(201));
    await eventually(async () => {
      const after = await childrenOf(child.process.pid!);
      expect(after).toHaveLength(WORKERS);
      expect(after).not.toContain(before[0]);
    });
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  });

  it('stops all workers on SIGTERM, with code 0 and what was in flight answered', async () => {
    const { child, service } = await start();
    const { id } = await createProduct(service, { stock_total: 1000 });
    const pids = await childrenOf(child.process.pid!);
    const holds = Promise.all(
      Array.from({ length: 50 }, () =>
        requestHold(service, id).then(
          ({ status }) => status,
          () => 'cut',
        ),
      ),
    );
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    for (const status of await holds) expect([201, 503, 'cut']).toContain(status);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    await expectStockIdentity(id);
  });

  it('ends with code 1 when no worker can start', async () => {
    const failed = startChild({ WEB_CONCURRENCY: '2', DB_USERNAME: 'nobody', DB_PASSWORD: 'wrong' });
    await expect(failed).rejects.toThrow(/The service ended with 1/);
  });
});

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildService, killChildren, spawnChild, startChild } from '../support/child-service.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectStockIdentity } from '../support/expectations.js';
import { createProduct, requestHold } from '../support/factories.js';
import { Scrape } from '../support/metrics.js';
import { childrenOf } from '../support/processes.js';
import { connectTo, PATIENT, type Service } from '../support/service.js';

const WORKERS = 2;

afterAll(killChildren);

let child: ChildService;
let service: Service;

/** One start for all: each of the tests leaves it with its workers, and the last one ends it. */
beforeAll(async () => {
  child = await startChild({ ...PATIENT, WEB_CONCURRENCY: String(WORKERS) });
  service = connectTo(child.url);
  await allAnswer();
});

/** Until all workers do, and have the Redis that they connect to while they listen already. */
async function allAnswer(): Promise<void> {
  await eventually(async () => {
    const all = await figures(service);
    expect(all.value('checkout_pool_size')).toBe(10 * WORKERS);
    expect(all.value('checkout_redis_up')).toBe(1);
  });
}

async function figures(service: Service): Promise<Scrape> {
  return new Scrape((await service.call('GET', '/metrics')).text);
}

/** Longer than any answer takes: a connection that nobody has any more gets none. */
const patience = (): AbortSignal => AbortSignal.timeout(30_000);

describe('WEB_CONCURRENCY', () => {
  it('answers behind one port, sells no unit twice, and adds the figures of all workers up', async () => {
    expect(childrenOf(child.process.pid!)).toHaveLength(WORKERS);
    const { id } = await createProduct(service, { stock_total: 50 });
    // Without keep-alive each request may reach another worker.
    const answers = await Promise.all(
      Array.from({ length: 90 }, () =>
        service.call('POST', '/api/holds', { product_id: id, quantity: 1 }, { connection: 'close' }),
      ),
    );
    expect(countByStatus(answers)).toEqual({ 201: 50, 409: 40 });
    await expectStockIdentity(id);
    for (let scrapes = 0; scrapes < WORKERS * 2; scrapes++)
      // One that does not tell in time is left out.
      await eventually(async () => {
        const all = await figures(service);
        const decided = (outcome: string) => all.value('checkout_decisions_total', { group_commit: 'holds', outcome });
        expect([decided('ok'), decided('INSUFFICIENT_STOCK')]).toEqual([50, 40]);
        expect(all.value('checkout_redis_up')).toBe(1);
      });
  });

  it('replaces a worker that was killed, while the others go on', async () => {
    const { id } = await createProduct(service, { stock_total: 1000 });
    const before = childrenOf(child.process.pid!);
    process.kill(before[0]!, 'SIGKILL');
    await eventually(async () => expect((await requestHold(service, id)).status).toBe(201));
    await eventually(() => {
      const after = childrenOf(child.process.pid!);
      expect(after).toHaveLength(WORKERS);
      expect(after).not.toContain(before[0]);
    });
  });

  it('leaves no client without an end whose connection was about to be a killed worker’s', async () => {
    let isOver = false;
    let answered = 0;
    const left: unknown[] = [];
    const clients = Array.from({ length: 32 }, async () => {
      while (!isOver) {
        // Each connection is one more chance to be handed on at the wrong moment.
        const request = fetch(`${child.url}/health/live`, { headers: { connection: 'close' }, signal: patience() });
        const error = await request.then(
          () => null,
          (reason: Error) => reason,
        );
        if (error === null) answered++;
        else if (error.name === 'TimeoutError') left.push(error);
      }
    });
    for (let deaths = 0; deaths < 4; deaths++) {
      const aim = answered + 200;
      await eventually(() => expect(answered).toBeGreaterThan(aim));
      const [victim] = childrenOf(child.process.pid!);
      process.kill(victim!, 'SIGKILL');
      await eventually(() => expect(childrenOf(child.process.pid!)).not.toContain(victim));
    }
    isOver = true;
    await Promise.all(clients);
    expect(left).toHaveLength(0);
    await allAnswer();
  });

  it('stops all workers on SIGTERM, with code 0 and what was in flight answered', async () => {
    const { id } = await createProduct(service, { stock_total: 1000 });
    const pids = childrenOf(child.process.pid!);
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
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const failed = await spawnChild({ WEB_CONCURRENCY: '2', PORT: String(port) });
    expect(await failed.exited).toBe(1);
    other.close();
  });
});

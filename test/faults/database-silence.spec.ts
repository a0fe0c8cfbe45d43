import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createProduct,
  giveBack,
  noticeOf,
  notify,
  requestHold,
  requestOrder,
  unique,
  UNKNOWN_HOLD_ID,
} from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { scrape } from '../support/metrics.js';
import { inParallel } from '../support/races.js';
import { type RefusingDatabase, soldAgain, startRefused } from '../support/refusing-database.js';
import { saidIn } from '../support/said.js';
import { type Service, startService } from '../support/service.js';

/** A database that says nothing, or says it too late: the lines of the table in docs/operating.md on that happen here. */
const TRIED = [
  'nothing wrong, but late',
  'nothing, for `DB_STATEMENT_TIMEOUT_MS`',
  'nothing to writes (`FLUSH TABLES WITH READ LOCK`)',
];

/** What a busy machine may add to the deadline. */
const ANSWER_MS_MAX = 15_000;

let database: RefusingDatabase;
let service: Service;
let log: LogCapture;

beforeAll(async () => {
  ({ database, service } = await startRefused('silent-database'));
});

// Of each test, since another service that starts takes the log along.
beforeEach(() => {
  log = new LogCapture(service.config);
});

afterAll(async () => {
  await service.stop();
  await database.stop();
});

/** Requests that were refused without a word to a database that has stopped answering. */
function refusedUnasked(): number {
  return log.lines.filter(({ err }) => (err as { name?: string } | undefined)?.name === 'DatabaseSilentError').length;
}

describe('a database that is late', () => {
  it('lets nobody wait past his deadline, which is counted', async () => {
    const waiting = await startService({
      ...database.env,
      ...{ DB_STATEMENT_TIMEOUT_MS: '20000', GROUP_COMMIT_DEADLINE_MS: '500' },
    });
    const { id } = await createProduct(service);
    await database.meddle('DO SLEEP(3);');
    expectProblem(await requestHold(waiting, id), 'UNAVAILABLE');
    const labels = { group_commit: 'holds', event: 'overdue' };
    expect((await scrape(waiting)).value('checkout_group_commit_events_total', labels)).toBe(1);
    await database.behave();
    await soldAgain(service, id);
    await waiting.stop();
  });
});

describe('a database that says nothing', () => {
  /** One request of every kind, `times` over, and the longest wait for an answer. */
  async function askEverything(productId: number, times: number): Promise<{ statuses: object; longestMs: number }> {
    const since = performance.now();
    let longestMs = 0;
    const kinds = [
      () => requestHold(service, productId),
      () => requestOrder(service, UNKNOWN_HOLD_ID),
      () => giveBack(service, UNKNOWN_HOLD_ID),
      () => notify(service, noticeOf({ order_id: 1 }, { transaction_id: unique('txn') })),
      () => service.call('GET', `/api/holds/${UNKNOWN_HOLD_ID}`),
      () => service.call('GET', '/api/admin/refunds', undefined, adminHeaders(service)),
    ];
    const answers = await inParallel(kinds.length * times, async (n) => {
      const answer = await kinds[n % kinds.length]!();
      longestMs = Math.max(longestMs, performance.now() - since);
      return answer;
    });
    return { statuses: countByStatus(answers), longestMs };
  }

  it('is left with all connections to it once one of them got no answer', async () => {
    const idle = await eventually(async () => {
      await inParallel(20, () => service.call('GET', `/api/holds/${UNKNOWN_HOLD_ID}`));
      const ids = await database.sessions();
      expect(ids.length).toBeGreaterThan(1);
      return ids;
    });
    await database.server.freeze();
    expectProblem(await service.call('GET', `/api/holds/${UNKNOWN_HOLD_ID}`), 'UNAVAILABLE');
    database.server.thaw();
    await eventually(async () => expect((await database.sessions()).filter((id) => idle.includes(id))).toEqual([]));
  });

  it.each([
    ['is stopped in its tracks', () => database.server.freeze(), () => Promise.resolve(database.server.thaw())],
    [
      'is locked for a backup',
      () => database.root.query('FLUSH TABLES WITH READ LOCK'),
      () => database.root.query('UNLOCK TABLES'),
    ],
  ])(
    'since it %s: everybody has his answer by the deadline, and is served again afterwards',
    async (name, stop, goOn) => {
      const { id } = await createProduct(service, { stock_total: 1000 });
      await inParallel(30, () => requestHold(service, id));
      await stop();
      const first = await askEverything(id, 40);
      const known = refusedUnasked();
      const second = await askEverything(id, 40);
      await goOn();
      expect(refusedUnasked()).toBeGreaterThan(known);
      // A backup's lock leaves the reads alone.
      const statuses = name.includes('backup') ? { 200: 40, 404: 40, 503: 160 } : { 503: 240 };
      expect([first.statuses, second.statuses]).toEqual([statuses, statuses]);
      expect(Math.max(first.longestMs, second.longestMs)).toBeLessThan(ANSWER_MS_MAX);
      await soldAgain(service, id);
      expect(countByStatus(await inParallel(10, () => requestHold(service, id)))).toEqual({ 201: 10 });
    },
  );
});

it('is told of in the table of docs/operating.md by no more than what happens here', () => {
  const silences = [...saidIn('What the database can say').keys()].filter((line) => line.startsWith('nothing'));
  expect(silences.sort()).toEqual([...TRIED].sort());
});

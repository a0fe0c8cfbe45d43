import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { type DatabaseServer, startDatabase } from '../../scripts/servers.mjs';
import { resetDatabase } from '../../src/cli/database-commands.js';
import { loadConfig } from '../../src/config/config.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createOrder,
  createProduct,
  giveBack,
  noticeOf,
  notify,
  requestHold,
  requestOrder,
  taken,
  unique,
  UNKNOWN_HOLD_ID,
} from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { scrape } from '../support/metrics.js';
import { saidIn } from '../support/said.js';
import { inParallel } from '../support/races.js';
import { type Service, startService } from '../support/service.js';

/**
 * A database that says no, in all the words that it has for it, or says nothing at all: each line of the table in
 * docs/operating.md happens here. It is this file's own, and its defaults are as far from what the service needs as a
 * server allows: the sessions must not depend on them.
 */
const said = saidIn('What the database can say');
const tried = new Set<string>();

/** The codes of a line of the table, which is tried by who asks for them. */
function codesOf(line: string): string[] {
  tried.add(line);
  return said.get(line) ?? [];
}

const DIR = join(import.meta.dirname, `../../.local/test/refusing-database-${process.env.JEST_WORKER_ID ?? '1'}`);
const FLAGS = [
  '--autocommit=0',
  '--completion-type=CHAIN',
  '--transaction-isolation=SERIALIZABLE',
  '--sql-mode=',
  '--default-time-zone=+05:00',
  // MySQL's default since 9.7, with which no transaction may write to a table that takes no part in it.
  '--loose-gtid-mode=OFF',
  '--loose-enforce-gtid-consistency=OFF',
];
const START_TIMEOUT_MS = 120_000;
/** Deadlines of the service here, and what a busy machine may add to them. */
const DEADLINE_MS = 3000;
const ANSWER_MS_MAX = 15_000;

let database: DatabaseServer;
let root: Connection;
let service: Service;
let log: LogCapture;

beforeAll(async () => {
  database = await startDatabase({ dir: DIR, flags: FLAGS });
  const { host, port, username, password } = database;
  const env = { DB_HOST: host, DB_PORT: String(port), DB_USERNAME: username, DB_PASSWORD: password };
  await resetDatabase(loadConfig({ ...process.env, ...env }), false);
  root = await createConnection({ host, port, user: username, password, database: process.env.DB_DATABASE });
  await root.query('SET autocommit = 1, completion_type = 0');
  await root.query('SET GLOBAL sql_safe_updates = 1, GLOBAL sql_select_limit = 1');
  await root.query("DROP USER IF EXISTS 'shop'@'127.0.0.1'");
  await root.query("CREATE USER 'shop'@'127.0.0.1' IDENTIFIED BY 'shop'");
  const [tables] = await root.query<RowDataPacket[]>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
  );
  for (const { name: table } of tables) {
    await root.query("GRANT SELECT, INSERT, UPDATE, DELETE ON ?? TO 'shop'@'127.0.0.1'", [table]);
  }
  // Its table takes no part in transactions: what it counts down stays counted when they are rolled back.
  await root.query('CREATE TABLE refusals (number INT, sql_state CHAR(5), times INT) ENGINE=MyISAM');
  await root.query("INSERT INTO refusals VALUES (0, '', 0)");
  service = await startService({
    ...env,
    DB_USERNAME: 'shop',
    DB_PASSWORD: 'shop',
    // Longer than the second that a lock is waited for, or the one could be taken for the other.
    DB_STATEMENT_TIMEOUT_MS: '1500',
    GROUP_COMMIT_DEADLINE_MS: String(DEADLINE_MS),
  });
}, START_TIMEOUT_MS);

// Of each test, since another service that starts takes the log along.
beforeEach(() => {
  log = new LogCapture(service.config);
});

afterAll(async () => {
  await service.stop();
  await root.end();
  await database.stop();
});

/** Runs `body` before each new hold from here on. */
async function meddle(body: string): Promise<void> {
  await root.query('DROP TRIGGER IF EXISTS refuse');
  await root.query(`CREATE TRIGGER refuse BEFORE INSERT ON holds FOR EACH ROW BEGIN ${body} END`);
}

/** Makes the next `times` inserts of holds fail with a number of the server's own. */
async function refuseHolds(number: number, times: number, sqlState = 'HY000'): Promise<void> {
  await meddle(
    `UPDATE refusals SET times = times - 1 WHERE times > 0;
     IF ROW_COUNT() > 0 THEN SIGNAL SQLSTATE '${sqlState}' SET MYSQL_ERRNO = ${number}; END IF;`,
  );
  await root.query('UPDATE refusals SET times = ?', [times]);
}

async function halvings(): Promise<number> {
  const labels = { group_commit: 'holds', event: 'halving' };
  return (await scrape(service)).value('checkout_group_commit_events_total', labels);
}

/** The numbers that the server gives to the service's connections. */
async function sessions(): Promise<number[]> {
  const [rows] = await root.query<RowDataPacket[]>("SELECT id FROM information_schema.processlist WHERE user = 'shop'");
  return rows.map(({ id }) => id as number);
}

async function killSessions(): Promise<void> {
  for (const id of await sessions()) await root.query(`KILL ${id}`).catch(() => {});
}

/** Errors of the log, by their message. */
function errorsLogged(message: RegExp): number {
  return log.lines.filter(({ level, msg }) => level === 50 && message.test(String(msg))).length;
}

/** Requests that were refused without a word to a database that has stopped answering. */
function refusedUnasked(): number {
  return log.lines.filter(({ err }) => (err as { name?: string } | undefined)?.name === 'DatabaseSilentError').length;
}

async function soldAgain(productId: number): Promise<void> {
  await eventually(async () => taken(await requestHold(service, productId), 201), 20_000);
}

describe('a server with other defaults', () => {
  /** As everybody sees it: a row that is not committed is there for its own session alone. */
  async function isCommitted(productId: number): Promise<boolean> {
    const [rows] = await root.query<RowDataPacket[]>('SELECT 1 FROM products WHERE id = ?', [productId]);
    return rows.length === 1;
  }

  it('commits each statement that stands alone, also after a transaction', async () => {
    const first = await createProduct(service, { stock_total: 50 });
    expect(await isCommitted(first.id)).toBe(true);
    // Transactions end on sessions that the statements below go to.
    await inParallel(20, () => requestOrder(service, UNKNOWN_HOLD_ID));
    taken(await requestHold(service, first.id), 201);
    const products = await inParallel(20, () => createProduct(service));
    for (const { id } of products) expect(await isCommitted(id)).toBe(true);
  });

  it('sells as any other: what was answered is committed, the deadline of a hold is two minutes away', async () => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const order = await createOrder(service, { product_id: id, quantity: 2 });
    taken(await notify(service, noticeOf(order)), 200);
    const hold = taken<{ expires_at: string }>(await requestHold(service, id, 3), 201);
    expect(Math.abs(Date.parse(hold.expires_at) - Date.now() - 120_000)).toBeLessThan(60_000);
    const [[row]] = await root.query<RowDataPacket[]>(
      `SELECT stock_held, stock_sold, (SELECT COUNT(*) FROM holds WHERE product_id = products.id) AS holds
       FROM products WHERE id = ?`,
      [id],
    );
    expect(row).toEqual({ stock_held: 3, stock_sold: 2, holds: 2 });
  });
});

describe('an error that another try settles', () => {
  it.each(codesOf('start over'))('%s is tried again', async (number) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await refuseHolds(Number(number), 1);
    taken(await requestHold(service, id), 201);
  });
});

describe('a row that somebody keeps locked', () => {
  it.each(codesOf('a row is locked'))('%s: who needs it gets 503 in time, all others are decided', async (number) => {
    expect(Number(number)).toBe(1205);
    const [locked, other] = [await createProduct(service), await createProduct(service)];
    await root.query('START TRANSACTION');
    await root.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [locked.id]);
    const [refused, granted] = await Promise.all([requestHold(service, locked.id), requestHold(service, other.id)]);
    await root.query('ROLLBACK');
    expectProblem(refused, 'UNAVAILABLE');
    taken(granted, 201);
    await soldAgain(locked.id);
  });
});

describe('an outage', () => {
  const codes = codesOf('not now');
  const numbers = codes.filter((code) => code.length === 4);
  const sqlStates = codes.filter((code) => code.length === 2).map((family) => `${family}S99`);

  it.each(numbers)('%s answers 503 to the whole batch, halves nothing, and is over when it is over', async (number) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const before = await halvings();
    await refuseHolds(Number(number), 1_000_000);
    for (const answer of await inParallel(4, () => requestHold(service, id))) expectProblem(answer, 'UNAVAILABLE');
    expect(await halvings()).toBe(before);
    await refuseHolds(Number(number), 0);
    taken(await requestHold(service, id), 201);
  });

  it.each(sqlStates)('is also what SQLSTATE %s says, whatever its number', async (sqlState) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await refuseHolds(9001, 1_000_000, sqlState);
    expectProblem(await requestHold(service, id), 'UNAVAILABLE');
    await refuseHolds(9001, 0);
    taken(await requestHold(service, id), 201);
  });

  it.each([
    ['a server that became read-only', 'SET GLOBAL read_only = 1', 'SET GLOBAL read_only = 0'],
    ['sessions that are read-only', 'SET GLOBAL TRANSACTION READ ONLY', 'SET GLOBAL TRANSACTION READ WRITE'],
    [
      'an account that has used up its connections',
      "ALTER USER 'shop'@'127.0.0.1' WITH MAX_CONNECTIONS_PER_HOUR 1",
      "ALTER USER 'shop'@'127.0.0.1' WITH MAX_CONNECTIONS_PER_HOUR 0",
    ],
    ['a server that is full', 'SET GLOBAL max_connections = 10', 'SET GLOBAL max_connections = 300'],
  ])('is %s: 503, and no restart is needed afterwards', async (_, begin, end) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const others: Connection[] = [];
    await root.query(begin);
    await killSessions();
    if (begin.includes('max_connections =')) others.push(...(await fill()));
    const answers = await inParallel(3, () => requestHold(service, id));
    if (begin.includes('PER_HOUR')) await killSessions();
    const again = await requestHold(service, id);
    await root.query(end);
    await Promise.all(others.map((connection) => connection.end()));
    for (const answer of begin.includes('PER_HOUR') ? [again] : answers) expectProblem(answer, 'UNAVAILABLE');
    await soldAgain(id);
  });
});

/** Takes all connections that the server has left for this many. */
async function fill(): Promise<Connection[]> {
  const { host, port } = database;
  const taken: Connection[] = [];
  for (;;) {
    const connection = await createConnection({ host, port, user: 'shop', password: 'shop' }).catch(() => null);
    if (connection === null) return taken;
    taken.push(connection);
  }
}

describe('an account without its rights', () => {
  it.each(codesOf('not you'))('%s is 503, halves nothing, and is an error in the log', async (number) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const [halvedBefore, loggedBefore] = [await halvings(), errorsLogged(/account/)];
    await refuseHolds(Number(number), 1_000_000);
    for (const answer of await inParallel(4, () => requestHold(service, id))) expectProblem(answer, 'UNAVAILABLE');
    expect(await halvings()).toBe(halvedBefore);
    expect(errorsLogged(/account/)).toBeGreaterThan(loggedBefore);
    await refuseHolds(Number(number), 0);
    taken(await requestHold(service, id), 201);
  });

  it.each([
    ['on a table', "REVOKE INSERT ON holds FROM 'shop'@'127.0.0.1'", "GRANT INSERT ON holds TO 'shop'@'127.0.0.1'"],
    [
      'to come in',
      "ALTER USER 'shop'@'127.0.0.1' IDENTIFIED BY 'another'",
      "ALTER USER 'shop'@'127.0.0.1' IDENTIFIED BY 'shop'",
    ],
  ])('%s is 503, halves nothing, and is an error in the log', async (_, begin, end) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const [halvedBefore, loggedBefore] = [await halvings(), errorsLogged(/account/)];
    await root.query(begin);
    await killSessions();
    const answers = await inParallel(4, () => requestHold(service, id));
    const last = await requestHold(service, id);
    await root.query(end);
    for (const answer of [...answers, last]) expectProblem(answer, 'UNAVAILABLE');
    expect(await halvings()).toBe(halvedBefore);
    expect(errorsLogged(/account/)).toBeGreaterThan(loggedBefore);
    await soldAgain(id);
  });
});

describe('anything else', () => {
  codesOf('anything else');

  it('fails for the request that meets it, and for nobody else of its batch', async () => {
    const [poison, good] = [await createProduct(service), await createProduct(service)];
    await meddle(`IF NEW.product_id = ${poison.id} THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 9001; END IF;`);
    const answers = await inParallel(6, (n) => requestHold(service, n === 3 ? poison.id : good.id));
    expect(countByStatus(answers)).toEqual({ 201: 5, 500: 1 });
    expect(errorsLogged(/Unexpected error/)).toBeGreaterThan(0);
    await root.query('DROP TRIGGER refuse');
    await soldAgain(poison.id);
  });
});

describe('a database that is late', () => {
  codesOf('nothing wrong, but late');

  it('lets nobody wait past his deadline, which is counted', async () => {
    const { host, port } = database;
    const waiting = await startService({
      ...{ DB_HOST: host, DB_PORT: String(port), DB_USERNAME: 'shop', DB_PASSWORD: 'shop' },
      ...{ DB_STATEMENT_TIMEOUT_MS: '20000', GROUP_COMMIT_DEADLINE_MS: '500' },
    });
    const { id } = await createProduct(service);
    await meddle('DO SLEEP(3);');
    expectProblem(await requestHold(waiting, id), 'UNAVAILABLE');
    const labels = { group_commit: 'holds', event: 'overdue' };
    expect((await scrape(waiting)).value('checkout_group_commit_events_total', labels)).toBe(1);
    await root.query('DROP TRIGGER refuse');
    await soldAgain(id);
    await waiting.stop();
  });
});

describe('a database that says nothing', () => {
  codesOf('nothing, for `DB_STATEMENT_TIMEOUT_MS`');
  codesOf('nothing to writes (`FLUSH TABLES WITH READ LOCK`)');

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
      const ids = await sessions();
      expect(ids.length).toBeGreaterThan(1);
      return ids;
    });
    database.kill('SIGSTOP');
    expectProblem(await service.call('GET', `/api/holds/${UNKNOWN_HOLD_ID}`), 'UNAVAILABLE');
    database.kill('SIGCONT');
    await eventually(async () => expect((await sessions()).filter((id) => idle.includes(id))).toEqual([]));
  });

  it.each([
    [
      'is stopped in its tracks',
      () => Promise.resolve(database.kill('SIGSTOP')),
      () => Promise.resolve(database.kill('SIGCONT')),
    ],
    ['is locked for a backup', () => root.query('FLUSH TABLES WITH READ LOCK'), () => root.query('UNLOCK TABLES')],
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
      await soldAgain(id);
      expect(countByStatus(await inParallel(10, () => requestHold(service, id)))).toEqual({ 201: 10 });
    },
    120_000,
  );
});

it('says no more in the table of docs/operating.md than what happens here', () => {
  expect([...tried].sort()).toEqual([...said.keys()].sort());
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { countByStatus, expectProblem } from '../support/expectations.js';
import {
  createOrder,
  createProduct,
  noticeOf,
  notify,
  requestHold,
  requestOrder,
  taken,
  UNKNOWN_HOLD_ID,
} from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { scrape } from '../support/metrics.js';
import { inParallel } from '../support/races.js';
import { type RefusingDatabase, soldAgain, startRefused } from '../support/refusing-database.js';
import { saidIn } from '../support/said.js';
import type { Service } from '../support/service.js';

/**
 * A database that says no, in all the words that it has for it: each line of the table in docs/operating.md happens here, but
 * for those on a database that says nothing, which are database-silence.spec.ts's.
 */
const said = saidIn('What the database can say');
const tried = new Set(['anything else']);

/** The codes of a line of the table, which is tried by who asks for them. */
function codesOf(line: string): string[] {
  tried.add(line);
  return said.get(line) ?? [];
}

let database: RefusingDatabase;
let service: Service;
let log: LogCapture;

beforeAll(async () => {
  ({ database, service } = await startRefused('refusing-database'));
});

// Of each test, since another service that starts takes the log along.
beforeEach(() => {
  log = new LogCapture(service.config);
});

afterAll(async () => {
  await service.stop();
  await database.stop();
});

async function halvings(): Promise<number> {
  const labels = { group_commit: 'holds', event: 'halving' };
  return (await scrape(service)).value('checkout_group_commit_events_total', labels);
}

/** Errors of the log, by their message. */
function errorsLogged(message: RegExp): number {
  return log.lines.filter(({ level, msg }) => level === 50 && message.test(String(msg))).length;
}

describe('a server with other defaults', () => {
  /** As everybody sees it: a row that is not committed is there for its own session alone. */
  async function isCommitted(productId: number): Promise<boolean> {
    const [rows] = await database.root.query<RowDataPacket[]>('SELECT 1 FROM products WHERE id = ?', [productId]);
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
    const [[row]] = await database.root.query<RowDataPacket[]>(
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
    await database.refuseHolds(Number(number), 1);
    taken(await requestHold(service, id), 201);
  });
});

describe('a row that somebody keeps locked', () => {
  it.each(codesOf('a row is locked'))('%s: who needs it gets 503 in time, all others are decided', async (number) => {
    expect(Number(number)).toBe(1205);
    const [locked, other] = [await createProduct(service), await createProduct(service)];
    await database.root.query('START TRANSACTION');
    await database.root.query('SELECT id FROM products WHERE id = ? FOR UPDATE', [locked.id]);
    const [refused, granted] = await Promise.all([requestHold(service, locked.id), requestHold(service, other.id)]);
    await database.root.query('ROLLBACK');
    expectProblem(refused, 'UNAVAILABLE');
    taken(granted, 201);
    await soldAgain(service, locked.id);
  });
});

describe('an outage', () => {
  const codes = codesOf('not now');
  const numbers = codes.filter((code) => code.length === 4);
  const sqlStates = codes.filter((code) => code.length === 2).map((family) => `${family}S99`);

  it.each(numbers)('%s answers 503 to the whole batch, halves nothing, and is over when it is over', async (number) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    const before = await halvings();
    await database.refuseHolds(Number(number), 1_000_000);
    for (const answer of await inParallel(4, () => requestHold(service, id))) expectProblem(answer, 'UNAVAILABLE');
    expect(await halvings()).toBe(before);
    await database.refuseHolds(Number(number), 0);
    taken(await requestHold(service, id), 201);
  });

  it.each(sqlStates)('is also what SQLSTATE %s says, whatever its number', async (sqlState) => {
    const { id } = await createProduct(service, { stock_total: 10 });
    await database.refuseHolds(9001, 1_000_000, sqlState);
    expectProblem(await requestHold(service, id), 'UNAVAILABLE');
    await database.refuseHolds(9001, 0);
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
    await database.root.query(begin);
    await database.killSessions();
    if (begin.includes('max_connections =')) others.push(...(await fill()));
    const answers = await inParallel(3, () => requestHold(service, id));
    if (begin.includes('PER_HOUR')) await database.killSessions();
    const again = await requestHold(service, id);
    await database.root.query(end);
    await Promise.all(others.map((connection) => connection.end()));
    for (const answer of begin.includes('PER_HOUR') ? [again] : answers) expectProblem(answer, 'UNAVAILABLE');
    await soldAgain(service, id);
  });
});

/** Takes all connections that the server has left for this many. */
async function fill(): Promise<Connection[]> {
  const { host, port } = database.server;
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
    await database.refuseHolds(Number(number), 1_000_000);
    for (const answer of await inParallel(4, () => requestHold(service, id))) expectProblem(answer, 'UNAVAILABLE');
    expect(await halvings()).toBe(halvedBefore);
    expect(errorsLogged(/account/)).toBeGreaterThan(loggedBefore);
    await database.refuseHolds(Number(number), 0);
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
    await database.root.query(begin);
    await database.killSessions();
    const answers = await inParallel(4, () => requestHold(service, id));
    const last = await requestHold(service, id);
    await database.root.query(end);
    for (const answer of [...answers, last]) expectProblem(answer, 'UNAVAILABLE');
    expect(await halvings()).toBe(halvedBefore);
    expect(errorsLogged(/account/)).toBeGreaterThan(loggedBefore);
    await soldAgain(service, id);
  });
});

describe('anything else', () => {
  it('fails for the request that meets it, and for nobody else of its batch', async () => {
    const [poison, good] = [await createProduct(service), await createProduct(service)];
    await database.meddle(
      `IF NEW.product_id = ${poison.id} THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 9001; END IF;`,
    );
    const answers = await inParallel(6, (n) => requestHold(service, n === 3 ? poison.id : good.id));
    expect(countByStatus(answers)).toEqual({ 201: 5, 500: 1 });
    expect(errorsLogged(/Unexpected error/)).toBeGreaterThan(0);
    await database.behave();
    await soldAgain(service, poison.id);
  });
});

it('says no more in the table of docs/operating.md than what happens here', () => {
  const refusals = [...said.keys()].filter((line) => !line.startsWith('nothing'));
  expect([...tried].sort()).toEqual(refusals.sort());
});

import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { CommitUnknownError, isDeadlock, OvertakenError, StaleWriteError } from '../../src/database/database-errors.js';
import { CLUSTER_FRAME, type TransactionFrame } from '../../src/database/transaction-frames.js';
import { Transaction, Transactions } from '../../src/database/transactions.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { execute, lockingReads, query, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectStockIdentity } from '../support/expectations.js';
import { createHold, createProduct, requestHold, stockOf, taken } from '../support/factories.js';
import { poolOf, startPatientService } from '../support/patient-service.js';
import { type Service, startService } from '../support/service.js';

/** The transactions that everything is written in, on a real database. */
let service: Service;
let transactions: Transactions;

beforeAll(async () => {
  service = await startService();
  transactions = service.app.get(Transactions);
});

const lockSql = (id: number) => `SELECT id FROM products WHERE id = ${id} FOR UPDATE`;
const renameSql = (id: number, name: string) => `UPDATE products SET name = '${name}' WHERE id = ${id}`;

async function nameOf(id: number): Promise<string> {
  const [row] = await query<{ name: string }>('SELECT name FROM products WHERE id = ?', [id]);
  return row!.name;
}

describe('a guarded write', () => {
  it.each([
    ['no row', (id: number) => `UPDATE products SET name = 'changed' WHERE id = ${id} AND stock_held = 99`, 1],
    ['one row instead of two', (id: number) => `UPDATE products SET name = 'changed' WHERE id IN (${id}, 0)`, 2],
    ['one row instead of none', (id: number) => `UPDATE products SET name = 'changed' WHERE id = ${id}`, 0],
  ])('that changes %s rolls everything back', async (_, sqlOf, rows) => {
    const product = await createProduct(service);
    const failing = transactions.once(async (tx) => {
      await tx.read(lockSql(product.id));
      tx.write(renameSql(product.id, 'before it'), 1);
      tx.write(sqlOf(product.id), rows);
      tx.write(renameSql(product.id, 'after it'), 1);
    });
    await expect(failing).rejects.toBeInstanceOf(StaleWriteError);
    expect(await nameOf(product.id)).toBe(product.name);
  });

  it('also ends the statements that travel with it: nothing is read, nothing committed', async () => {
    const product = await createProduct(service);
    let read: Promise<unknown>;
    const failing = transactions.once(async (tx) => {
      await tx.read(lockSql(product.id));
      tx.write('UPDATE products SET name = name WHERE id = 0', 1);
      read = tx.read('SELECT 1');
      await Promise.all([read, tx.commit()]);
    });
    await expect(failing).rejects.toBeInstanceOf(StaleWriteError);
    await expect(read!).rejects.toBeInstanceOf(StaleWriteError);
    await execute(renameSql(product.id, 'not locked any more'));
  });

  it('commits when it changes just the rows it should', async () => {
    const product = await createProduct(service);
    await transactions.once(async (tx) => {
      await tx.read(lockSql(product.id));
      tx.write(renameSql(product.id, 'changed'), 1);
      tx.write('UPDATE products SET name = name WHERE id = 0', 0);
    });
    expect(await nameOf(product.id)).toBe('changed');
  });
});

describe('a transaction', () => {
  it('writes nothing when its work throws, and leaves no lock behind', async () => {
    const product = await createProduct(service);
    const failing = transactions.once(async (tx) => {
      await tx.read(lockSql(product.id));
      tx.write(renameSql(product.id, 'changed'), 1);
      await tx.read('SELECT 1');
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await execute(renameSql(product.id, 'free again'))).toBe(1);
  });

  it('reads what is asked for in one turn together, each with its own rows', async () => {
    const rows = await transactions.once((tx) =>
      Promise.all([
        tx.read<[{ a: number }[]]>('SELECT 1 AS a'),
        tx.read<[{ b: number }[], { c: number }[]]>('SELECT 2 AS b', 'SELECT 3 AS c'),
      ]),
    );
    expect(rows).toEqual([[[{ a: 1 }]], [[{ b: 2 }], [{ c: 3 }]]]);
  });

  it('commits in the round trip of the reads that are asked for with its COMMIT', async () => {
    const proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
    const behind = await startService(proxy.env);
    const product = await createProduct(service);
    proxy.queries = [];
    const name = await behind.app.get(Transactions).once(async (tx) => {
      await tx.read(lockSql(product.id));
      tx.write(renameSql(product.id, 'read back'), 1);
      const nameSql = `SELECT name FROM products WHERE id = ${product.id}`;
      const [[rows]] = await Promise.all([tx.read<[{ name: string }[]]>(nameSql), tx.commit()]);
      return rows[0]!.name;
    });
    expect([name, await nameOf(product.id)]).toEqual(['read back', 'read back']);
    expect(proxy.queries.filter((sql) => /FOR UPDATE|COMMIT/.test(sql))).toEqual([
      expect.stringMatching(/^START TRANSACTION;[^]*FOR UPDATE$/),
      expect.stringMatching(/^UPDATE products[^]*;\nSELECT name[^]*;\nCOMMIT$/),
    ]);
    await behind.stop();
    await proxy.goAway();
  });

  it('is READ COMMITTED in UTC, whatever the server’s defaults are', async () => {
    const [[row]] = await transactions.once((tx) =>
      tx.read<[{ zone: string; mode: string }[]]>('SELECT @@SESSION.time_zone AS zone, @@SESSION.sql_mode AS mode'),
    );
    expect(row).toMatchObject({ zone: '+00:00', mode: expect.stringMatching(/STRICT_ALL_TABLES/) });
    const product = await createProduct(service);
    const seen = await transactions.once(async (tx) => {
      await tx.read('SELECT 1');
      await execute(renameSql(product.id, 'changed meanwhile'));
      const [rows] = await tx.read<[{ name: string }[]]>(`SELECT name FROM products WHERE id = ${product.id}`);
      return rows[0]!.name;
    });
    expect(seen).toBe('changed meanwhile');
  });

  it('is run again from the start after a deadlock, and all of its writes count once', async () => {
    const [one, other] = [await createProduct(service), await createProduct(service)];
    let tries = 0;
    let arrived = 0;
    let open: () => void;
    const bothHoldALock = new Promise<void>((resolve) => (open = resolve));
    const crossing = (first: number, second: number) =>
      transactions.run(async (tx) => {
        tries++;
        await tx.read(lockSql(first));
        if (++arrived === 2) open();
        await bothHoldALock;
        await tx.read(lockSql(second));
        tx.write(`UPDATE products SET stock_total = stock_total + 1 WHERE id IN (${first}, ${second})`, 2);
      });
    await Promise.all([crossing(one.id, other.id), crossing(other.id, one.id)]);
    expect(tries).toBeGreaterThan(2);
    expect(await stockOf(one.id)).toMatchObject({ stock_total: 12 });
    expect(await stockOf(other.id)).toMatchObject({ stock_total: 12 });
  });

  it('tells a deadlock when it is not run again', async () => {
    const [one, other] = [await createProduct(service), await createProduct(service)];
    let arrived = 0;
    let open: () => void;
    const bothHoldALock = new Promise<void>((resolve) => (open = resolve));
    const crossing = (first: number, second: number) =>
      transactions.once(async (tx) => {
        await tx.read(lockSql(first));
        if (++arrived === 2) open();
        await bothHoldALock;
        await tx.read(lockSql(second));
      });
    const results = await Promise.allSettled([crossing(one.id, other.id), crossing(other.id, one.id)]);
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(errors.map(isDeadlock)).toEqual([true]);
  });

  it('is run again when what it read was overtaken, a bounded number of times', async () => {
    let tries = 0;
    const overtaken = transactions.run(() => {
      tries++;
      return Promise.reject(new OvertakenError('always too late'));
    });
    await expect(overtaken).rejects.toBeInstanceOf(OvertakenError);
    expect(tries).toBe(5);
  });

  it('is not run again once its deadline is over: somebody waits for it', async () => {
    const { config, app } = service;
    const hasty = { ...config, groupCommit: { ...config.groupCommit, deadlineMs: 100 } };
    let tries = 0;
    const slow = new Transactions(app.get(DataSource), hasty, null).run(async (tx) => {
      tries++;
      await tx.read('SELECT SLEEP(0.11)');
      throw new OvertakenError('too late, and too slow');
    });
    await expect(slow).rejects.toBeInstanceOf(OvertakenError);
    expect(tries).toBe(1);
  });

  it('is not run again for an error of its own work', async () => {
    let tries = 0;
    const failing = transactions.run(() => {
      tries++;
      return Promise.reject(new Error('a bug'));
    });
    await expect(failing).rejects.toThrow('a bug');
    expect(tries).toBe(1);
  });
});

/**
 * What another node does to a transaction, on a server that has no other node: it is taken back between two statements
 * of one round trip, or by its COMMIT, and the server goes on with what follows.
 */
describe('in the frame for a cluster a transaction', () => {
  const frameWhere = (isWritten: 0 | 1): TransactionFrame => ({
    ...CLUSTER_FRAME,
    beforeCommit: CLUSTER_FRAME.beforeCommit.filter((sql) => !sql.includes('WSREP')),
    afterCommit: ['SET autocommit = 1', `SELECT ${isWritten} AS is_written`],
  });

  async function inFrame(frame: TransactionFrame, work: (tx: Transaction) => Promise<void>): Promise<void> {
    const connection = await poolOf(service).getWriteConnection();
    try {
      await work(new Transaction(connection, 3000, frame));
    } finally {
      connection.destroy();
    }
  }

  it('that is taken back between two statements writes none of the rest, and may be tried again', async () => {
    const { id } = await createProduct(service);
    await inFrame(frameWhere(1), async (tx) => {
      await tx.read(lockSql(id));
      tx.insert('ROLLBACK');
      tx.write(renameSql(id, 'torn'), 1);
      expect(await tx.commit().catch(isDeadlock)).toBe(true);
    });
    expect(await nameOf(id)).not.toBe('torn');
  });

  it('whose COMMIT wrote nothing may have been committed or not, unless it had nothing to write', async () => {
    const { id } = await createProduct(service);
    await inFrame(frameWhere(0), async (tx) => {
      await tx.read(lockSql(id));
      tx.write(renameSql(id, 'in doubt'), 1);
      await expect(tx.commit()).rejects.toBeInstanceOf(CommitUnknownError);
    });
    await inFrame(frameWhere(0), async (tx) => {
      await tx.read(lockSql(id));
      await tx.commit();
    });
    await inFrame(frameWhere(1), async (tx) => {
      await tx.read(lockSql(id));
      tx.write(renameSql(id, 'written'), 1);
      await tx.commit();
    });
    expect(await nameOf(id)).toBe('written');
  });
});

describe('a COMMIT whose reply is lost', () => {
  it('is told apart from one that failed, and its connection is not used again', async () => {
    const proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
    const behind = await startService({ ...proxy.env, DB_POOL_SIZE: '2' });
    const product = await createProduct(behind);
    const rename = (name: string) => async (tx: Transaction) => {
      await tx.read(lockSql(product.id));
      tx.write(renameSql(product.id, name), 1);
    };
    proxy.cutNextCommits('reply');
    await expect(behind.app.get(Transactions).once(rename('committed all the same'))).rejects.toBeInstanceOf(
      CommitUnknownError,
    );
    await eventually(async () => expect(await nameOf(product.id)).toBe('committed all the same'));
    proxy.cutNextCommits('commit');
    await expect(behind.app.get(Transactions).once(rename('never committed'))).rejects.toBeInstanceOf(
      CommitUnknownError,
    );
    expect(await nameOf(product.id)).toBe('committed all the same');
    for (let n = 0; n < 5; n++) await behind.app.get(Transactions).once(rename(`again ${n}`));
    expect(await nameOf(product.id)).toBe('again 4');
    await behind.stop();
    await proxy.goAway();
  });

  it.each(['reply', 'commit', 'time'] as const)(
    'is followed up by who tries nothing again, too (the %s is lost)',
    async (loses) => {
      const proxy = await DatabaseProxy.start({ host: process.env.DB_HOST!, port: Number(process.env.DB_PORT) });
      const behind = await startService(proxy.env);
      const product = await createProduct(service, { stock_total: 10 });
      const restock = async (tx: Transaction): Promise<string> => {
        await tx.read(lockSql(product.id));
        tx.write(`UPDATE products SET stock_total = stock_total + 1 WHERE id = ${product.id}`, 1);
        return 'restocked';
      };
      proxy.cutNextCommits(loses, 1, () => pause(200));
      expect(await behind.app.get(Transactions).run(restock, () => false)).toBe('restocked');
      expect(await stockOf(product.id)).toMatchObject({ stock_total: 11 });
      await behind.stop();
      await proxy.goAway();
    },
  );
});

describe('holds', () => {
  it('wait for a lock of somebody else and are then decided on the figures of that moment', async () => {
    const { id } = await createProduct(service, { stock_total: 5 });
    const waiting = await withConnection(async (connection) => {
      await connection.beginTransaction();
      await connection.query(lockSql(id));
      const answers = [requestHold(service, id, 3), requestHold(service, id, 3)];
      await eventually(async () => expect(await lockingReads()).toHaveLength(1));
      await connection.query('UPDATE products SET stock_total = 3 WHERE id = ?', [id]);
      await connection.commit();
      return answers;
    });
    const statuses = (await Promise.all(waiting)).map(({ status }) => status);
    expect(statuses).toEqual([201, 409]);
    await expectStockIdentity(id);
  });

  it('survive the death of their connection while they wait for a lock', async () => {
    const patient = await startPatientService();
    const { id } = await createProduct(service, { stock_total: 5 });
    const [waiting] = await withConnection(async (connection) => {
      await connection.beginTransaction();
      await connection.query(lockSql(id));
      const answer = requestHold(patient, id, 2);
      const thread = await eventually(async () => {
        const threads = await lockingReads();
        expect(threads).toHaveLength(1);
        return threads[0];
      });
      await execute(`KILL ${thread}`);
      // The lock is released only now, after the first try has failed.
      return [answer];
    });
    expect(taken(await waiting, 201)).toMatchObject({ quantity: 2 });
    expect(await stockOf(id)).toMatchObject({ stock_held: 2 });
    await createHold(patient, { product_id: id });
    await expectStockIdentity(id);
    await patient.stop();
  });
});

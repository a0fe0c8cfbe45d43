import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { DataSource } from 'typeorm';
import { CLUSTER_SERVER, GALERA } from '../../scripts/needs.mjs';
import { type DatabaseServer, startDatabase } from '../../scripts/servers.mjs';
import { resetDatabase } from '../../src/cli/database-commands.js';
import { loadConfig } from '../../src/config/config.js';
import type { GuardedPool } from '../../src/database/pool.js';
import { freePort } from '../support/child-service.js';
import { lockingReads, withConnection } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/expectations.js';
import { adminHeaders, createProduct, requestHold, UNKNOWN_HOLD_ID } from '../support/factories.js';
import { type Environment, type Service, startService } from '../support/service.js';

/** When an instance may be taken out, and when not: a database of this file's own is stopped, locked and cut off. */
const WORKER = process.env.JEST_WORKER_ID ?? '1';
const DIR = join(import.meta.dirname, `../../.local/test/readiness-${WORKER}`);
const START_TIMEOUT_MS = 300_000;
/** Longer than a database may be silent before it counts as gone. */
const SILENCE_MS = 20_000;
/** Longer than any answer takes that waits for nobody. */
const PATIENCE_MS = 10_000;

const READY = { status: 'ok', database: 'up', redis: 'up' };

let database: DatabaseServer;
let env: Environment;
let service: Service;

function connectAsOperator(): Promise<Connection> {
  const { host, port, username: user, password } = database;
  return createConnection({ host, port, user, password });
}

async function execute(...statements: string[]): Promise<RowDataPacket[]> {
  const connection = await connectAsOperator();
  try {
    let rows: RowDataPacket[] = [];
    for (const statement of statements) [rows] = await connection.query<RowDataPacket[]>(statement);
    return rows;
  } finally {
    await connection.end();
  }
}

/** The environment of a service on this database, in which the schema is made. */
async function serviceEnvironment(): Promise<Environment> {
  const { host, port, username, password } = database;
  const variables = { DB_HOST: host, DB_PORT: String(port), DB_USERNAME: username, DB_PASSWORD: password };
  await resetDatabase(loadConfig({ ...process.env, ...variables }), false);
  return variables;
}

const ready = (of: Service = service) => of.call('GET', '/health/ready');

async function becomesReady(): Promise<void> {
  await eventually(async () => expect((await ready()).body).toEqual(READY), SILENCE_MS);
}

describe('an instance whose pool is busy', () => {
  it('is ready: its connections wait for one locked row', async () => {
    const busy = await startService({ DB_POOL_SIZE: '2' });
    const { id } = await createProduct(busy);
    await withConnection(async (connection) => {
      await connection.query('BEGIN');
      await connection.query('SELECT * FROM products WHERE id = ? FOR UPDATE', [id]);
      const waiting = [
        requestHold(busy, id),
        ...[11, 12, 13].map((stock_total) =>
          busy.call('PATCH', `/api/admin/products/${id}`, { stock_total }, adminHeaders(busy)),
        ),
      ];
      await eventually(async () => expect(await lockingReads()).toHaveLength(2));
      const probes = await Promise.all([ready(busy), ready(busy), busy.call('GET', '/health/live')]);
      expect(probes.map(({ status }) => status)).toEqual([200, 200, 200]);
      await connection.query('ROLLBACK');
      await Promise.all(waiting);
    });
  });
});

describe('an instance whose pool has no connection left', () => {
  it('is ready, and not slow: health checks have a connection of their own', async () => {
    const taken = await startService({ DB_POOL_SIZE: '2', GROUP_COMMIT_DEADLINE_MS: '500' });
    const { pool } = taken.app.get(DataSource).driver as unknown as { readonly pool: GuardedPool };
    const connections = [await pool.getWriteConnection(), await pool.getWriteConnection()];
    const ask = () => taken.call('GET', `/api/holds/${UNKNOWN_HOLD_ID}`);
    try {
      await eventually(async () => expect((await ready(taken)).body).toEqual(READY), PATIENCE_MS);
      // Who needs one of the pool's waits until his deadline, and no longer.
      expectProblem(await ask(), 'UNAVAILABLE');
    } finally {
      for (const connection of connections) connection.release();
    }
    expectProblem(await ask(), 'HOLD_NOT_FOUND');
  });
});

describe('an instance', () => {
  beforeAll(async () => {
    database = await startDatabase({ dir: DIR });
    env = await serviceEnvironment();
    service = await startService({ ...env, DB_STATEMENT_TIMEOUT_MS: '500' });
  }, START_TIMEOUT_MS);

  afterEach(() => database.thaw());

  afterAll(async () => {
    await service.stop();
    await database.stop();
  });

  /** Ends the connections of the service, all of which name its database. */
  async function cutConnections(): Promise<void> {
    const connections = await execute('SELECT id FROM information_schema.processlist WHERE db IS NOT NULL');
    await execute(...connections.map(({ id }) => `KILL ${String(id)}`));
  }

  it('is ready again at once when its connection was cut', async () => {
    await becomesReady();
    await cutConnections();
    expect((await ready()).status).toBe(200);
    await becomesReady();
  });

  it('is ready while the database has no room for another connection', async () => {
    await becomesReady();
    const crowd = [await connectAsOperator()];
    const [operator] = crowd;
    await operator!.query('SET GLOBAL max_connections = 10');
    await cutConnections();
    const enter = async (): Promise<unknown> => crowd.push(await connectAsOperator());
    // Twice, since the connection that was refused takes room, too.
    for (let refusals = 0; refusals < 2; await enter().catch(() => refusals++));
    const answer = await ready();
    await operator!.query('SET GLOBAL max_connections = 300');
    for (const connection of crowd) connection.destroy();
    expect(answer.body).toEqual({ status: 'degraded', database: 'slow', redis: 'up' });
    await becomesReady();
  });

  it('is ready, and says why it is degraded, when the database is slow; it is not when it stays silent', async () => {
    await becomesReady();
    await database.freeze();
    expect((await ready()).body).toEqual({ status: 'degraded', database: 'slow', redis: 'up' });
    await eventually(async () => expectProblem(await ready(), 'UNAVAILABLE'), SILENCE_MS);
    expect((await service.call('GET', '/health/live')).status).toBe(200);
    database.thaw();
    await becomesReady();
  });

  it('is ready when the database is slow to answer the first question in a long time', async () => {
    const rarelyAsked = await startService(env);
    const answerOfSlow = async () => {
      await database.freeze();
      const { status, body } = await ready(rarelyAsked);
      database.thaw();
      return { status, database: body.database };
    };
    expect(await answerOfSlow()).toEqual({ status: 200, database: 'slow' });
    await eventually(async () => expect((await ready(rarelyAsked)).body).toEqual(READY), SILENCE_MS);
    // Longer than a database may be silent that was asked.
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    expect(await answerOfSlow()).toEqual({ status: 200, database: 'slow' });
    await rarelyAsked.stop();
  });

  it('is not ready on a database that is read-only', async () => {
    await becomesReady();
    await execute('SET GLOBAL read_only = 1');
    expectProblem(await ready(), 'UNAVAILABLE');
    await execute('SET GLOBAL read_only = 0');
    expect((await ready()).status).toBe(200);
    await becomesReady();
  });

  it('is not ready for a user who may not write', async () => {
    const { name } = service.config.database;
    await execute(
      "DROP USER IF EXISTS reader@'127.0.0.1'",
      "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'reader'",
      `GRANT SELECT ON \`${name}\`.* TO reader@'127.0.0.1'`,
    );
    const reader = await startService({ ...env, DB_USERNAME: 'reader', DB_PASSWORD: 'reader' });
    expectProblem(await ready(reader), 'UNAVAILABLE');
    await reader.stop();
  });
});

describe('an instance on a node of a cluster', () => {
  let flags: string[];
  beforeAll(async () => {
    const [listens, transfers] = [await freePort(), await freePort()];
    flags = [
      '--wsrep-on=ON',
      `--wsrep-provider=${GALERA}`,
      '--wsrep-new-cluster',
      '--wsrep-cluster-address=gcomm://',
      '--wsrep-node-address=127.0.0.1',
      `--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:${listens};ist.recv_addr=127.0.0.1:${transfers}`,
      '--binlog-format=ROW',
      '--innodb-autoinc-lock-mode=2',
    ];
    // A cluster of this kind is MariaDB's, on whichever server the other tests run.
    database = await startDatabase({ dir: `${DIR}-node`, flags, binary: CLUSTER_SERVER });
    env = await serviceEnvironment();
    service = await startService(env);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await service.stop();
    await database.stop();
  });

  it('is not ready while the node has no cluster, although the node answers what reads no table', async () => {
    await becomesReady();
    // What a node answers that has lost its cluster: error 1047 to all that is not about itself.
    await execute('SET GLOBAL wsrep_reject_queries = ALL');
    await execute('SELECT 1');
    expectProblem(await ready(), 'UNAVAILABLE');
    await execute('SET GLOBAL wsrep_reject_queries = NONE');
    await becomesReady();
  });
});

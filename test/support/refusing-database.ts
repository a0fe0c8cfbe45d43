import { join } from 'node:path';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { type DatabaseServer, startDatabase } from '../../scripts/servers.mjs';
import { resetDatabase } from '../../src/cli/database-commands.js';
import { loadConfig } from '../../src/config/config.js';
import { eventually } from './eventually.js';
import { requestHold, taken } from './factories.js';
import { type Environment, type Service, startService } from './service.js';

/** As far from what the service needs as a server allows: its sessions must not depend on a server's defaults. */
const OTHER_DEFAULTS = [
  '--autocommit=0',
  '--completion-type=CHAIN',
  '--transaction-isolation=SERIALIZABLE',
  '--sql-mode=',
  '--default-time-zone=+05:00',
  // MySQL's default since 9.7, with which no transaction may write to a table that takes no part in it.
  '--loose-gtid-mode=OFF',
  '--loose-enforce-gtid-consistency=OFF',
];

/** A database server of a test file's own, which says no as the file wants it, or says nothing. */
export class RefusingDatabase {
  private constructor(
    readonly server: DatabaseServer,
    /** A session of the administrator, in the database of the tests. */
    readonly root: Connection,
  ) {}

  static async start(name: string): Promise<RefusingDatabase> {
    const dir = join(import.meta.dirname, `../../.local/test/${name}-${process.env.JEST_WORKER_ID ?? '1'}`);
    const server = await startDatabase({ dir, flags: OTHER_DEFAULTS });
    const { host, port, username, password } = server;
    const env = { DB_HOST: host, DB_PORT: String(port), DB_USERNAME: username, DB_PASSWORD: password };
    await resetDatabase(loadConfig({ ...process.env, ...env }), false);
    const root = await createConnection({ host, port, user: username, password, database: process.env.DB_DATABASE });
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
    return new RefusingDatabase(server, root);
  }

  /** The environment of a service on it, which has its own account there. */
  get env(): Environment {
    const { host, port } = this.server;
    return { DB_HOST: host, DB_PORT: String(port), DB_USERNAME: 'shop', DB_PASSWORD: 'shop' };
  }

  async stop(): Promise<void> {
    await this.root.end();
    await this.server.stop();
  }

  /** Runs `body` before each new hold from here on. */
  async meddle(body: string): Promise<void> {
    await this.behave();
    await this.root.query(`CREATE TRIGGER refuse BEFORE INSERT ON holds FOR EACH ROW BEGIN ${body} END`);
  }

  /** Ends what {@link meddle} began. */
  async behave(): Promise<void> {
    await this.root.query('DROP TRIGGER IF EXISTS refuse');
  }

  /** Makes the next `times` inserts of holds fail with a number of the server's own. */
  async refuseHolds(number: number, times: number, sqlState = 'HY000'): Promise<void> {
    await this.meddle(
      `UPDATE refusals SET times = times - 1 WHERE times > 0;
       IF ROW_COUNT() > 0 THEN SIGNAL SQLSTATE '${sqlState}' SET MYSQL_ERRNO = ${number}; END IF;`,
    );
    await this.root.query('UPDATE refusals SET times = ?', [times]);
  }

  /** The numbers that the server gives to the service's connections. */
  async sessions(): Promise<number[]> {
    const sql = "SELECT id FROM information_schema.processlist WHERE user = 'shop'";
    const [rows] = await this.root.query<RowDataPacket[]>(sql);
    return rows.map(({ id }) => id as number);
  }

  /** Ends the service's sessions. They end by and by, and count until then. */
  async killSessions(): Promise<void> {
    const killed = await this.sessions();
    for (const id of killed) await this.root.query(`KILL ${id}`).catch(() => {});
    await eventually(async () => {
      const left = await this.sessions();
      if (killed.some((id) => left.includes(id))) throw new Error('A session has not ended');
    });
  }
}

/** A service on such a database. */
export async function startRefused(name: string): Promise<{ database: RefusingDatabase; service: Service }> {
  const database = await RefusingDatabase.start(name);
  const service = await startService({
    ...database.env,
    // Longer than the second that a lock is waited for, or the one could be taken for the other.
    DB_STATEMENT_TIMEOUT_MS: '1500',
    GROUP_COMMIT_DEADLINE_MS: '3000',
  });
  return { database, service };
}

/** Waits until a unit of the product can be held, as before the database was in trouble. */
export async function soldAgain(service: Service, productId: number): Promise<void> {
  await eventually(async () => taken(await requestHold(service, productId), 201), 20_000);
}

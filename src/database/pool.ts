import * as mysql2 from 'mysql2';
import {
  DatabaseSilentError,
  isLockWaitTimeout,
  isTimeout,
  leavesSessionInDoubt,
  PoolWaitError,
} from './database-errors.js';

/**
 * The connection pool, with what mysql2's lacks: each connection is prepared before anybody has it; one whose
 * session is in doubt never comes back; nobody waits for a connection without end; and a database that has stopped
 * answering is told from a slow statement.
 *
 *     answering ──(a statement or a greeting timed out)──► suspected ──(the probe's write was answered)──► answering
 *         ▲                                                    │
 *         │                                          (only its read was answered)──► unwritable
 *         │                                          (nothing was answered)────────► silent
 *         └──────────(a later probe's write was answered)──────────────────────────────┘
 *
 * With the suspicion all idle connections go, since they lead to the same place. One probe at a time asks, on a
 * connection of its own. While the database is suspected, who wants a connection waits for the first probe; while it
 * is silent he is refused at once, and while it is unwritable (a backup's lock) so is who wants to write.
 */
export interface PoolLimits {
  /** SQL that prepares a session. */
  readonly sessionSettings: string;
  /** How long somebody waits for a connection at most. */
  readonly acquireTimeoutMs: number;
}

/** The lists in which mysql2 keeps a pool's connections and those who wait for one; it has no other way to ask. */
export interface PoolInsides {
  readonly config: { readonly connectionLimit: number };
  readonly _allConnections: { readonly length: number };
  readonly _freeConnections: { readonly length: number; get(index: number): mysql2.PoolConnection | undefined };
  readonly _connectionQueue: { readonly length: number };
}

/** Writes nothing, but is refused or held up by all that refuses or holds up writes. */
const PROBE_WRITE = `SET SESSION lock_wait_timeout = 1;
DELETE FROM commit_marks WHERE id = 0x00000000000000000000000000000000`;
const PROBE_TIMEOUT_MS = 1500;
const PROBE_PAUSE_MS = 250;

type Acquired = (error: Error | null, connection?: mysql2.PoolConnection) => void;
type Done = (error: mysql2.QueryError | null, ...results: unknown[]) => void;

export interface GuardedPool extends mysql2.Pool {
  /** Whether the server is a node of a Galera cluster, as its newest connection says. */
  readonly isCluster: boolean;
  /** A connection for a transaction. @throws DatabaseSilentError, PoolWaitError, or what the driver says. */
  getWriteConnection(): Promise<mysql2.PoolConnection>;
}

export function createGuardedPool(options: mysql2.PoolOptions, limits: PoolLimits): GuardedPool {
  const pool = Object.assign(mysql2.createPool(options), { isCluster: false });
  const guard = new PoolGuard(pool, options, limits);
  return Object.assign(pool, { getWriteConnection: () => guard.getWriteConnection() });
}

/** Behind what prepares a session, so that its rows are the last. */
const ASK_FOR_CLUSTER = "SHOW SESSION VARIABLES LIKE 'wsrep_on'";

type Verdict = 'answering' | 'unwritable' | 'silent';

class PoolGuard {
  private state: Verdict | 'suspected' = 'answering';
  private isClosed = false;
  private waitingForVerdict: (() => void)[] = [];
  private readonly insides: PoolInsides;
  private readonly acquire: (acquired: Acquired) => void;
  /** What becomes of those that nobody had yet: an error where they can't be used. */
  private readonly preparing = new WeakMap<mysql2.PoolConnection, Promise<mysql2.QueryError | null>>();

  constructor(
    private readonly pool: mysql2.Pool & { isCluster: boolean },
    private readonly options: mysql2.PoolOptions,
    private readonly limits: PoolLimits,
  ) {
    this.insides = pool as unknown as PoolInsides;
    this.acquire = pool.getConnection.bind(pool) as (acquired: Acquired) => void;
    pool.getConnection = ((acquired: Acquired) => this.getConnection(acquired)) as typeof pool.getConnection;
    const end = pool.end.bind(pool);
    pool.end = ((...args: Parameters<typeof end>) => {
      this.isClosed = true;
      return end(...args);
    }) as typeof pool.end;
    // The pool tells of a connection before it hands it out.
    pool.on('connection', (connection) => this.preparing.set(connection, this.prepare(connection)));
  }

  getWriteConnection(): Promise<mysql2.PoolConnection> {
    return new Promise((resolve, reject) => {
      const acquired: Acquired = (error, connection) => {
        if (connection === undefined) reject(error!);
        else resolve(connection);
      };
      if (this.state === 'unwritable') reject(new DatabaseSilentError());
      else if (this.state === 'suspected') this.waitingForVerdict.push(() => resolve(this.getWriteConnection()));
      else this.getConnection(acquired);
    });
  }

  /**
   * A statement's time runs from when it is sent, and of one that waits behind another nobody hears any more when the
   * connection is closed: so nobody gets the connection before this was answered, and this has a limit of its own.
   */
  private prepare(connection: mysql2.PoolConnection): Promise<mysql2.QueryError | null> {
    this.watch(connection);
    const { sessionSettings, acquireTimeoutMs } = this.limits;
    const sql = `${sessionSettings};\n${ASK_FOR_CLUSTER}`;
    return new Promise((resolve) => {
      connection.query({ sql, timeout: acquireTimeoutMs }, (error, results) => {
        if (error !== null) connection.destroy();
        else this.pool.isCluster = isOn((results as { Value: string }[][]).at(-1)!);
        resolve(error);
      });
    });
  }

  private watch(connection: mysql2.PoolConnection): void {
    const query = connection.query.bind(connection) as (...args: unknown[]) => mysql2.Query;
    const watched = (...args: unknown[]): mysql2.Query => {
      const done = args.pop() as Done;
      let isDone = false;
      return query(...args, (error: mysql2.QueryError | null, ...results: unknown[]) => {
        // The driver's timer of a statement runs on when the connection is lost, and tells of it a second time.
        if (isDone) return;
        isDone = true;
        if (error !== null) this.note(error, connection);
        done(error, ...results);
      });
    };
    connection.query = watched as typeof connection.query;
  }

  /** A connection after this error is gone before anybody can be handed it. */
  private note(error: Error, connection?: mysql2.PoolConnection): void {
    if (connection !== undefined && leavesSessionInDoubt(error)) connection.destroy();
    if (isTimeout(error)) this.suspect();
  }

  private getConnection(acquired: Acquired): void {
    if (this.state === 'silent') return acquired(new DatabaseSilentError());
    if (this.state === 'suspected') {
      this.waitingForVerdict.push(() => this.getConnection(acquired));
      return;
    }
    if (this.insides._freeConnections.length > 0) this.acquire(acquired);
    else this.acquireInTime(acquired);
  }

  private acquireInTime(acquired: Acquired): void {
    const { acquireTimeoutMs } = this.limits;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      acquired(new PoolWaitError(acquireTimeoutMs));
    }, acquireTimeoutMs);
    const done: Acquired = (error, connection) => {
      clearTimeout(timer);
      if (error !== null && error !== undefined) this.note(error);
      if (!isLate) acquired(error, connection);
      else connection?.release();
    };
    this.acquire((error, connection) => {
      if (connection === undefined) return done(error);
      void this.preparing.get(connection)!.then((failure) => {
        if (failure === null) done(null, connection);
        else done(failure);
      });
    });
  }

  private suspect(): void {
    if (this.state !== 'answering' || this.isClosed) return;
    this.state = 'suspected';
    this.dropIdle();
    void this.probeUntilAnswered();
  }

  private dropIdle(): void {
    const { _freeConnections: free } = this.insides;
    while (free.length > 0) free.get(0)!.destroy();
  }

  private async probeUntilAnswered(): Promise<void> {
    let verdict = await this.probe();
    while (verdict !== 'answering' && !this.isClosed) {
      this.setState(verdict);
      await new Promise((wake) => setTimeout(wake, PROBE_PAUSE_MS).unref());
      verdict = await this.probe();
    }
    this.setState('answering');
  }

  private setState(state: Verdict): void {
    this.state = state;
    const waiting = this.waitingForVerdict;
    this.waitingForVerdict = [];
    for (const goOn of waiting) goOn();
  }

  /** What the database answers in time. To refuse the write is an answer. */
  private probe(): Promise<Verdict> {
    const { host, port, user, password, database, ssl } = this.options;
    const connection = mysql2.createConnection({
      ...{ host, port, user, password, database, multipleStatements: true },
      ...(ssl !== undefined && { ssl }),
      connectTimeout: PROBE_TIMEOUT_MS,
    });
    return new Promise((resolve) => {
      let known: Verdict = 'silent';
      const settle = (): void => {
        clearTimeout(timer);
        connection.destroy();
        resolve(known);
      };
      const timer = setTimeout(settle, PROBE_TIMEOUT_MS);
      const note = (verdict: Verdict, error: mysql2.QueryError | null): void => {
        if (error === null || (Number(error.errno) > 0 && !isLockWaitTimeout(error))) known = verdict;
      };
      // Without a listener a lost connection would end the process.
      connection.on('error', settle);
      connection.query('SELECT 1', (error) => note('unwritable', error));
      connection.query(PROBE_WRITE, (error) => {
        note('answering', error);
        settle();
      });
    });
  }
}

function isOn([row]: readonly { Value: string }[]): boolean {
  return row?.Value === 'ON';
}

/**
 * Named predicates over what the driver throws, by family: what another try may settle, what is an outage, what is a
 * lack of rights. The numbers are MySQL's and MariaDB's error codes.
 */

interface DriverError {
  readonly errno?: number;
  readonly code?: string;
  readonly fatal?: boolean;
  readonly sqlState?: string;
}

/** The server took the whole transaction back, or lets us do so, and another try may succeed at once. */
const RETRY_ERRNOS: ReadonlySet<number> = new Set([
  1020, // MariaDB: the record changed since it was read
  1180, // error during COMMIT: a conflict in a replicated cluster
  1213, // deadlock
  1305, // no such savepoint: Galera took the transaction back between two of its statements
  1317, // the query was interrupted
  1412, // the table's definition changed
  1615, // a statement must be prepared again
  3101, // MySQL: the cluster rolled back
  3572, // MySQL: NOWAIT refused
]);

/** Nothing can be written now, whatever it is. */
const OUTAGE_ERRNOS: ReadonlySet<number> = new Set([
  1021, // disk full
  1030, // error of the storage engine
  1040, // too many connections
  1041, // out of memory
  1047, // a node that is not part of the cluster
  1053, // shutdown in progress
  1114, // table full
  1129, // too many failed handshakes of this host
  ...[1158, 1159, 1160, 1161], // packets got lost
  1203, // too many connections of this user
  1206, // no memory left for locks
  1226, // a limit of this user
  1290, // started with --read-only: a failover is under way
  1792, // the session is read-only
  1836, // read-only mode
  1927, // MariaDB: connection was killed
  1969, // MariaDB: the server's own limit of time
  3024, // MySQL: the same
  3100, // MySQL: the cluster does not answer
  3168, // MySQL: the server is not available
  3169, // MySQL: session was killed
  4031, // MySQL: disconnected for being idle
]);

/** Classes of SQLSTATE that are outages whatever their number: connection, resources, intervention of an operator. */
const OUTAGE_SQLSTATE = /^(08|53|57)/;

/** The service's account may not do this, or not come in. Only an operator can mend it. */
const ACCESS_ERRNOS: ReadonlySet<number> = new Set([
  1044, // no rights on the database
  1045, // wrong user or password
  1130, // not from this host
  1142, // no rights on the table
  1143, // no rights on the column
  1698, // MariaDB: wrong user or way of authentication
]);

const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'POOL_CLOSED',
]);

function driverError(error: unknown): DriverError {
  if (typeof error !== 'object' || error === null) return {};
  // TypeORM wraps what the driver threw.
  return (error as { driverError?: DriverError }).driverError ?? error;
}

/** A deadlock, or another conflict that ends when one of two transactions starts over. */
export function isDeadlock(error: unknown): boolean {
  return RETRY_ERRNOS.has(driverError(error).errno ?? 0);
}

/** Somebody keeps a row locked. Only the statement failed; the transaction is rolled back by us. */
export function isLockWaitTimeout(error: unknown): boolean {
  return driverError(error).errno === 1205;
}

export function isDuplicateKey(error: unknown): boolean {
  return driverError(error).errno === 1062;
}

/** The database refuses the service's account. */
export function isAccessDenied(error: unknown): boolean {
  return ACCESS_ERRNOS.has(driverError(error).errno ?? 0);
}

/** The database can't be reached, is going away, or takes no writes. */
function isConnectionLost(error: unknown): boolean {
  if (isAccessDenied(error)) return false;
  const { errno, code, fatal, sqlState } = driverError(error);
  return (
    fatal === true ||
    OUTAGE_ERRNOS.has(errno ?? 0) ||
    CONNECTION_CODES.has(code ?? '') ||
    OUTAGE_SQLSTATE.test(sqlState ?? '')
  );
}

/** There was no answer in time, neither to a statement nor to a greeting. */
export function isTimeout(error: unknown): boolean {
  const { code } = driverError(error);
  return code === 'PROTOCOL_SEQUENCE_TIMEOUT' || code === 'ETIMEDOUT';
}

/** After it a session may be read-only, half-way through a statement, or gone: it must not be used again. */
export function leavesSessionInDoubt(error: unknown): boolean {
  return isConnectionLost(error) || isAccessDenied(error) || isInterrupted(error);
}

/** Whether a transaction may have been committed although its COMMIT failed with this error. */
export function isCommitInDoubt(error: unknown): boolean {
  return isConnectionLost(error) || isInterrupted(error);
}

function isInterrupted(error: unknown): boolean {
  return driverError(error).errno === 1317;
}

/** The database has stopped answering; nothing is sent to it until a probe was answered. */
export class DatabaseSilentError extends Error {
  constructor() {
    super('The database does not answer');
    this.name = 'DatabaseSilentError';
  }
}

/** No connection of the pool became free in time. */
export class PoolWaitError extends Error {
  constructor(waitedMs: number) {
    super(`No connection to the database was free within ${waitedMs} ms`);
    this.name = 'PoolWaitError';
  }
}

/** Nobody waits in line for a connection any more: the pool's queue is full. */
export function isPoolExhausted(error: unknown): boolean {
  return error instanceof Error && error.message === 'Queue limit reached.';
}

/** The connection was lost while COMMIT was under way: the server may or may not have committed. */
export class CommitUnknownError extends Error {
  constructor(cause: unknown) {
    super('The connection was lost during COMMIT', { cause });
    this.name = 'CommitUnknownError';
  }
}

export function isCommitUnknown(error: unknown): boolean {
  return error instanceof CommitUnknownError;
}

/** A guarded write did not change as many rows as was decided; nothing was committed. */
export class StaleWriteError extends Error {
  constructor(
    /** For who debugs: messages reach the log, and statements do not belong there. */
    readonly statement: string,
    cause: unknown,
  ) {
    super('A guarded write changed other rows than expected', { cause });
    this.name = 'StaleWriteError';
  }
}

/** Nothing can be written now, by nobody: what waits fails with it, and is not tried in smaller parts. */
export function isOutage(error: unknown): boolean {
  return (
    isCommitUnknown(error) ||
    isConnectionLost(error) ||
    isAccessDenied(error) ||
    isPoolExhausted(error) ||
    error instanceof DatabaseSilentError ||
    error instanceof PoolWaitError
  );
}

/** The request can't be decided now but may be later: nothing of it is our fault or its own. */
export function isPassing(error: unknown): boolean {
  return isOutage(error) || isDeadlock(error) || isLockWaitTimeout(error) || error instanceof OvertakenError;
}

/** Runs `start`; should the database be out of reach, the error says so in a sentence. */
export async function startWithDatabase<T>(where: { host: string; port: number }, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    const { code } = driverError(error);
    const reason = code === undefined ? '' : ` (${code})`;
    throw new Error(`The database at ${where.host}:${where.port} can not be reached${reason}.`, { cause: error });
  }
}

/** What a transaction read was overtaken while it waited for a lock; run again from the start it reads anew. */
export class OvertakenError extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'OvertakenError';
  }
}

/** The whole transaction may succeed when it is run again from the start. */
export function isTransient(error: unknown): boolean {
  return (
    isDeadlock(error) ||
    isLockWaitTimeout(error) ||
    isDuplicateKey(error) ||
    error instanceof OvertakenError ||
    error instanceof StaleWriteError ||
    isCommitUnknown(error) ||
    isConnectionLost(error)
  );
}

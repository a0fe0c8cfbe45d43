/** Named predicates over what the driver throws; the numbers are MySQL's and MariaDB's error codes. */

interface DriverError {
  readonly errno?: number;
  readonly code?: string;
  readonly fatal?: boolean;
}

const DEADLOCK_ERRNOS: ReadonlySet<number> = new Set([
  1213, // deadlock: the server rolled the whole transaction back
  3572, // MySQL: NOWAIT refused
  1020, // MariaDB: the record changed since it was read
]);

const SERVER_GOING_AWAY_ERRNOS: ReadonlySet<number> = new Set([
  1040, // too many connections
  1053, // shutdown in progress
  1290, // started with --read-only: a failover is under way
  1836, // read-only mode
  1927, // MariaDB: connection was killed
  3169, // MySQL: session was killed
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

export function isDeadlock(error: unknown): boolean {
  return DEADLOCK_ERRNOS.has(driverError(error).errno ?? 0);
}

/** Somebody keeps a row locked. Only the statement failed; the transaction is rolled back by us. */
export function isLockWaitTimeout(error: unknown): boolean {
  return driverError(error).errno === 1205;
}

export function isDuplicateKey(error: unknown): boolean {
  return driverError(error).errno === 1062;
}

/** A CHECK constraint refused the write: 3819 on MySQL, 4025 on MariaDB. */
export function isCheckViolation(error: unknown): boolean {
  const { errno } = driverError(error);
  return errno === 3819 || errno === 4025;
}

/** The database can't be reached or is going away. */
export function isConnectionLost(error: unknown): boolean {
  const { errno, code, fatal } = driverError(error);
  return (
    fatal === true || SERVER_GOING_AWAY_ERRNOS.has(errno ?? 0) || (code !== undefined && CONNECTION_CODES.has(code))
  );
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

/** Nothing can be written now, however small the batch. */
export function isOutage(error: unknown): boolean {
  return isCommitUnknown(error) || isConnectionLost(error) || isLockWaitTimeout(error) || isPoolExhausted(error);
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

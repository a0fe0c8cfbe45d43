import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Span } from '@opentelemetry/api';
import type { PoolConnection, QueryError, ResultSetHeader } from 'mysql2';
import type { DataSource } from 'typeorm';
import { backoffWithJitterMs, retry } from '../common/retry.js';
import { CONFIG, type Config } from '../config/config.js';
import { deleteMarksBefore, insertMark, selectMarks } from './commit-marks.js';
import {
  CommitUnknownError,
  isCommitInDoubt,
  isCommitUnknown,
  isDuplicateKey,
  isTransient,
  leavesSessionInDoubt,
  StaleWriteError,
} from './database-errors.js';
import { TRACING, type Tracing } from '../tracing/tracing.types.js';
import type { GuardedPool } from './pool.js';
import { newUuid, uuidFromBinary } from './sql.js';
import { CLUSTER_FRAME, PLAIN_FRAME, type TransactionFrame } from './transaction-frames.js';

/** ER_SUBQUERY_NO_1_ROW: what {@link rowsGuard} raises. */
const GUARD_ERRNO = 1242;

/**
 * Fails, and so ends the statements that follow it in the same round trip, unless the statement before it
 * changed `?` rows. That is how a guarded UPDATE is checked before the COMMIT that travels with it. (It is a
 * SET, because MariaDB's DO makes a warning of the error.)
 */
const rowsGuard = (rows: number): string => `SET @rows_guard = IF(ROW_COUNT() = ${rows}, 0, (SELECT 1 UNION SELECT 2))`;

/** How often `run` runs its work, with no COMMIT in doubt. */
const TRIES_MAX = 5;

/** Far longer than any run of a transaction takes. */
const MARKS_KEPT_MS = 3_600_000;

interface Write {
  readonly sql: string;
  /** How many rows it must change; null where the statement sees to that by itself. */
  readonly rows: number | null;
}

interface Telling {
  readonly tell: () => void;
  readonly isHarmless: boolean;
}

interface Read {
  readonly statements: readonly string[];
  resolve(rows: unknown[][]): void;
  reject(error: unknown): void;
}

/**
 * One database transaction in as few round trips as its reads allow: BEGIN travels with the first read, reads
 * that are asked for in the same turn of the event loop travel together in the order they were asked for, with a COMMIT
 * that is asked for in that turn, and writes wait for the next read or for COMMIT and travel with it. The first read
 * must be the locking one. All values in the SQL are already escaped.
 */
export class Transaction {
  private writes: Write[] = [];
  private reads: Read[] = [];
  private hasWritten = false;
  private hasBegun = false;
  private hasEnded = false;
  private tellings: Telling[] = [];

  constructor(
    private readonly connection: PoolConnection,
    private readonly statementTimeoutMs: number,
    private readonly frame: TransactionFrame,
    /** What it is part of, for who has something done after it. */
    readonly span?: Span,
  ) {}

  /** Runs one or several SELECTs and returns their rows, one array a statement. */
  read<Results extends unknown[][]>(...statements: string[]): Promise<Results> {
    return new Promise((resolve, reject) => {
      this.reads.push({ statements, resolve: (rows) => resolve(rows as Results), reject });
      if (this.reads.length === 1) queueMicrotask(() => void this.flush());
    });
  }

  /** Queues a write that must change exactly `rows` rows, or else the transaction fails as a whole; null: any number. */
  write(sql: string, rows: number | null): void {
    this.hasWritten = true;
    this.writes.push({ sql, rows });
  }

  /** Queues an INSERT, which writes all of its rows or fails. */
  insert(sql: string): void {
    this.hasWritten = true;
    this.writes.push({ sql, rows: null });
  }

  /** Queues a mark: who finds it knows that this transaction was committed. */
  writeMark(id: string): void {
    this.insert(insertMark(id));
  }

  /**
   * Which of these marks are written. Call it with the transaction's locking read, to travel with it: a transaction that
   * had one of the locks has ended by then, and what its COMMIT got no answer for is decided.
   */
  async findMarks(ids: ReadonlySet<string>): Promise<Set<string>> {
    if (ids.size === 0) return new Set();
    const [rows] = await this.read<[{ id: Buffer }[]]>(selectMarks(ids));
    return new Set(rows.map((row) => uuidFromBinary(row.id)));
  }

  /** Whether other nodes write at the same time, which know of this transaction's locks by what it writes alone. */
  get isOnCluster(): boolean {
    return this.frame === CLUSTER_FRAME;
  }

  /** Whether anything was written, or waits to be. */
  get hasWrites(): boolean {
    return this.hasWritten;
  }

  /**
   * Has `tell` called once COMMIT was answered: for what this process alone must hear of, such as readers' memory and
   * counts. It is never called for what was rolled back. A tell must not throw, and nothing waits for it: if the process
   * dies here, what it would have told dies with it.
   *
   * With `isHarmless` it is also called when the reply to COMMIT was lost, since it does no harm where nothing was
   * written, such as forgetting a figure that is looked up again.
   */
  afterCommit(tell: () => void, { isHarmless = false }: { isHarmless?: boolean } = {}): void {
    this.tellings.push({ tell, isHarmless });
  }

  /** Calls what `afterCommit` took; once. */
  tellCommitted(): void {
    for (const { tell } of this.tellings.splice(0)) tell();
  }

  /** Calls what may be called whether or not COMMIT was carried out. The rest is left for who finds out. */
  tellInDoubt(): void {
    for (const { tell, isHarmless } of this.tellings) if (isHarmless) tell();
  }

  /**
   * Sends the queued writes, the reads that were asked for in the same turn, and COMMIT in one round trip; a no-op when it
   * was committed before. Ask for such a read and for this with one `Promise.all`, so that a failure reaches both.
   *
   * @throws CommitUnknownError when the connection is lost before the server's answer arrives.
   */
  async commit(): Promise<void> {
    const isNeeded = this.hasBegun ? !this.hasEnded : this.writes.length + this.reads.length > 0;
    if (!isNeeded) return;
    const { beforeCommit, afterCommit } = this.frame;
    const reads = this.takeReads();
    const before = [...this.takeBegin(), ...this.takeWrites()];
    const ending = [...beforeCommit, 'COMMIT', ...afterCommit];
    try {
      const results = await this.send([...before, ...statementsOf(reads), ...ending]);
      const isLookedAt = afterCommit.length > 0 && this.hasWritten;
      if (isLookedAt && !isWritten(results.at(-1)))
        throw new CommitUnknownError(new Error('COMMIT seems to write nothing'));
      this.hasEnded = true;
      answer(reads, results.slice(before.length));
    } catch (error) {
      const told = isCommitInDoubt(error) ? new CommitUnknownError(error) : error;
      for (const read of reads) read.reject(told);
      throw told;
    }
  }

  async rollback(): Promise<void> {
    this.writes = [];
    if (this.hasBegun) await this.send([...this.frame.rollback]);
  }

  /** Sends the reads of this turn, unless a COMMIT of the same turn has taken them along. */
  private async flush(): Promise<void> {
    const reads = this.takeReads();
    if (reads.length === 0) return;
    const before = [...this.takeBegin(), ...this.takeWrites()];
    try {
      const results = await this.send([...before, ...statementsOf(reads)]);
      answer(reads, results.slice(before.length));
    } catch (error) {
      for (const read of reads) read.reject(error);
    }
  }

  private takeReads(): readonly Read[] {
    const reads = this.reads;
    this.reads = [];
    return reads;
  }

  private takeBegin(): readonly string[] {
    if (this.hasBegun) return [];
    this.hasBegun = true;
    return this.frame.begin;
  }

  private takeWrites(): string[] {
    const statements = this.writes.flatMap(({ sql, rows }) => (rows === null ? [sql] : [sql, rowsGuard(rows)]));
    this.writes = [];
    return statements;
  }

  private send(statements: string[]): Promise<unknown[]> {
    const sql = statements.join(';\n');
    return new Promise((resolve, reject) => {
      const done = (error: QueryError | null, results: unknown): void => {
        if (error?.errno === GUARD_ERRNO) reject(new StaleWriteError(sql, error));
        else if (error) reject(error);
        else resolve(statements.length === 1 ? [results] : (results as unknown[]));
      };
      // `values: null` says that there is nothing to fill in: otherwise the driver searches the text for placeholders.
      this.connection.query({ sql, values: null, timeout: this.statementTimeoutMs }, done);
    });
  }
}

/** Runs transactions on the pool of the application's data source. */
@Injectable()
export class Transactions {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(TRACING) private readonly tracing: Tracing | null,
  ) {}

  /**
   * Runs `work` and commits, again from the start after a transient failure (deadlock, lost connection). It has one
   * effect, whatever it writes, and what is returned is the result of the try that was committed.
   *
   * For that, each run writes a mark of its own in the transaction of its effect. When the reply to COMMIT was lost,
   * the next try begins by writing the same mark: it waits until the lost transaction has ended, and is refused if
   * that one was committed. If it is not, the lost one can't commit any more, not even when its COMMIT arrives later.
   *
   * Somebody waits for it: past the deadline of a group commit it is not tried again, for each try of a database that
   * says nothing takes seconds. `isTriedAgain` is for who can go on with something else meanwhile. A COMMIT in doubt is
   * followed up whatever they say, and so is each transient failure after that, to the deadline and as often as it takes:
   * giving up then would leave unknown what was done, and have a caller who tries anew do it twice.
   */
  run<T>(work: (tx: Transaction) => Promise<T>, isTriedAgain: (error: unknown) => boolean = isTransient): Promise<T> {
    const mark = insertMark(newUuid());
    const latest = performance.now() + this.config.groupCommit.deadlineMs;
    let tries = 0;
    let inDoubt: { readonly result: T; readonly tx: Transaction } | undefined;
    const attempt = async (): Promise<T> => {
      tries++;
      const before = inDoubt;
      let done: typeof inDoubt;
      try {
        return await this.once(async (tx) => {
          if (before !== undefined && (await isMarkTaken(tx, mark))) {
            tx.afterCommit(() => before.tx.tellCommitted());
            return before.result;
          }
          const result = await work(tx);
          if (before === undefined && tx.hasWrites) tx.insert(mark);
          done = { result, tx };
          return result;
        });
      } catch (error) {
        if (isCommitUnknown(error)) inDoubt = done ?? before;
        throw error;
      }
    };
    return retry(attempt, {
      triesMax: Infinity,
      isTransient: (error) => {
        const isInTime = performance.now() < latest;
        if (inDoubt === undefined) return tries < TRIES_MAX && isInTime && isTriedAgain(error);
        return (tries < TRIES_MAX || isInTime) && isTransient(error);
      },
      delayMs: backoffWithJitterMs,
      sleep: (ms) => new Promise((wake) => setTimeout(wake, ms)),
    });
  }

  /** Deletes one step of the marks that no run can need any more. @returns how many were deleted. */
  async purgeMarks(step: number): Promise<number> {
    const { affectedRows } = await this.dataSource.query<ResultSetHeader>(
      deleteMarksBefore(Date.now() - MARKS_KEPT_MS, step),
    );
    return affectedRows;
  }

  /** Runs `work` and commits; rolls back and throws on the first error. The caller decides about another try. */
  async once<T>(
    work: (tx: Transaction) => Promise<T>,
    statementTimeoutMs = this.config.database.statementTimeoutMs,
  ): Promise<T> {
    const span = this.tracing?.active;
    const connection = await this.pool.getWriteConnection();
    const frame = this.pool.isCluster ? CLUSTER_FRAME : PLAIN_FRAME;
    const tx = new Transaction(connection, statementTimeoutMs, frame, span);
    let result: T;
    try {
      result = await work(tx);
      await tx.commit();
      connection.release();
    } catch (error) {
      if (isCommitUnknown(error)) tx.tellInDoubt();
      await this.giveUp(tx, connection, error);
      throw error;
    }
    tx.tellCommitted();
    return result;
  }

  private get pool(): GuardedPool {
    return (this.dataSource.driver as unknown as { readonly pool: GuardedPool }).pool;
  }

  /** A connection whose state is in doubt is closed, which makes the server roll back; it never returns to the pool. */
  private async giveUp(tx: Transaction, connection: PoolConnection, error: unknown): Promise<void> {
    try {
      if (isCommitUnknown(error) || leavesSessionInDoubt(error)) throw error;
      await tx.rollback();
      connection.release();
    } catch {
      connection.destroy();
    }
  }
}

/** For `Transactions.run` where the caller has another try of its own: a group commit, or the next look of a schedule. */
export const isNeverTriedAgain = (): boolean => false;

function statementsOf(reads: readonly Read[]): string[] {
  return reads.flatMap((read) => read.statements);
}

/** Gives each read the rows of its statements. */
function answer(reads: readonly Read[], results: readonly unknown[]): void {
  let next = 0;
  for (const read of reads) read.resolve(results.slice(next, (next += read.statements.length)) as unknown[][]);
}

function isWritten(rows: unknown): boolean {
  return (rows as { is_written: number }[])[0]?.is_written === 1;
}

/** Writes the mark, unless it was written by a transaction that is committed. Waits for one that has not ended. */
async function isMarkTaken(tx: Transaction, mark: string): Promise<boolean> {
  tx.insert(mark);
  try {
    await tx.read('SELECT 1');
    return false;
  } catch (error) {
    if (isDuplicateKey(error)) return true;
    throw error;
  }
}

import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { NotReadyError } from '../common/problem.js';
import { CONFIG, type Config } from '../config/config.js';
import { databaseTls } from '../config/tls.js';

/** How long a probe waits for the answer before it says `slow`. */
const PATIENCE_MS = 500;

/** A database that has been asked and has not answered for so long counts as gone. */
const SILENCE_MAX_MS = 10_000;

const CONNECT_TIMEOUT_MS = 3000;

/** The server is there and has no room for one more connection, so those that the pool has go on working. */
const CROWDED_ERRNOS: ReadonlySet<unknown> = new Set([1040, 1203, 1226]);

/** `slow`: it is there and does not answer in time. */
export type DatabaseState = 'up' | 'slow';

/**
 * Whether the database can carry a sale, asked on a connection of its own: at a peak the pool's are all busy, and an
 * instance that is taken out for it leaves its load to the others, until they go the same way. For the same
 * reason a database that is merely slow does not make an instance unready, only one that is gone does: it is not to be
 * reached, says nothing for ten seconds, or can't read and write the tables.
 */
@Injectable()
export class Readiness implements OnApplicationShutdown {
  private readonly logger = new Logger('Readiness');
  private connection: Connection | undefined;
  /** The question that is under way, which all probes share. */
  private question: Promise<'up'> | undefined;
  private askedAt = 0;
  /** When the first question since the last answer was asked; undefined where there was none since. */
  private silentSince: number | undefined;
  private told: string = 'up';

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** @throws NotReadyError when the database is gone. */
  async databaseState(): Promise<DatabaseState> {
    try {
      const state = await this.answerInTime();
      if (state === 'slow') this.endSilence();
      this.tell(state);
      return state;
    } catch (error) {
      this.tell('gone', error);
      throw new NotReadyError('The database does not answer, or takes no writes.', error);
    }
  }

  onApplicationShutdown(): void {
    this.drop();
  }

  private async answerInTime(): Promise<DatabaseState> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<'slow'>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, 'slow')));
    try {
      return await Promise.race([this.answer(), patience]);
    } catch (error) {
      if (isCrowded(error)) return 'slow';
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the patience with a database that is silent for too long; the next probe begins with a new connection. */
  private endSilence(): void {
    const now = performance.now();
    if (this.silentSince === undefined || now - this.silentSince < SILENCE_MAX_MS) return;
    // What was asked later than that has as long: who answers late again is there again.
    if (now - this.askedAt >= SILENCE_MAX_MS) {
      // A question on a connection that we close is never answered; one that still connects ends by itself.
      if (this.connection !== undefined) this.question = undefined;
      this.drop();
    }
    throw new Error('no answer for too long');
  }

  /** The answer to the question that is under way, or to a new one. */
  private answer(): Promise<'up'> {
    if (this.question !== undefined) return this.question;
    this.askedAt = performance.now();
    this.silentSince ??= this.askedAt;
    const question = this.ask()
      .catch((error: unknown) => {
        // That is an answer.
        if (isCrowded(error)) this.silentSince = undefined;
        throw error;
      })
      .finally(() => {
        if (this.question === question) this.question = undefined;
      });
    return (this.question = question);
  }

  /** Asks again on a new connection if the one at hand fails: it may have broken while nobody used it. */
  private async ask(): Promise<'up'> {
    const mayBeBroken = this.connection !== undefined;
    try {
      await this.askOnce();
    } catch (error) {
      this.drop();
      if (!mayBeBroken) throw error;
      await this.askOnce();
    }
    this.silentSince = undefined;
    return 'up';
  }

  /**
   * Reads a table, since a cluster's node that has lost its cluster goes on answering `SELECT 1`, and writes to it
   * without changing a row, which a server refuses that is read-only for this user. What an operator has declared
   * read-only is refused even where the user may write all the same.
   */
  private async askOnce(): Promise<void> {
    this.connection ??= await this.connect();
    const [rows] = await this.connection.query<RowDataPacket[]>(
      'SELECT @@global.read_only AS isReadOnly, EXISTS (SELECT 1 FROM products) AS isOnSale',
    );
    // A number, or in MariaDB's newest releases a word.
    if (!['0', 'OFF'].includes(String(rows[0]!.isReadOnly))) throw new Error('the database is read-only');
    await this.connection.query('UPDATE products SET stock_version = stock_version WHERE FALSE');
  }

  private async connect(): Promise<Connection> {
    const { host, port, username: user, password, name } = this.config.database;
    const connection = await createConnection({
      host,
      port,
      user,
      password,
      database: name,
      ...databaseTls(this.config.database),
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    // The next question finds it broken; without a listener the event would end the process.
    connection.on('error', () => undefined);
    return connection;
  }

  private drop(): void {
    this.connection?.destroy();
    this.connection = undefined;
  }

  /** One line a change. */
  private tell(state: DatabaseState | 'gone', error?: unknown): void {
    if (state === this.told) return;
    this.told = state;
    if (state === 'up') this.logger.log('The database answers');
    else this.logger.warn({ err: error }, state === 'slow' ? 'The database is slow to answer' : 'The database is gone');
  }
}

function isCrowded(error: unknown): boolean {
  return CROWDED_ERRNOS.has((error as { errno?: unknown }).errno);
}

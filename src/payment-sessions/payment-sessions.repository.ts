import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape, type ResultSetHeader } from 'mysql2';
import type { Repository } from 'typeorm';
import { listOf, uintLiteral, uuidFromBinary, uuidLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import type { MadeSession } from '../payment-providers/payment-provider.js';
import { PaymentSessionEntity } from './payment-session.entity.js';
import type { NewSession, PaymentState, SessionRow, SessionTask } from './payment-sessions.types.js';

type RawRow = Omit<SessionRow, 'holdId'> & { readonly hold_id: Buffer };

const COLUMNS = `s.hold_id, s.provider, s.kind, s.return_url AS returnUrl, s.payment_seconds AS paymentSeconds, s.state,
  s.session_id AS sessionId, s.client_secret AS clientSecret, s.url, s.attempts,
  s.last_error AS lastError, s.make_attempt AS makeAttempt, TIMESTAMPDIFF(SECOND, s.asked_at, NOW(3)) AS askedForSeconds,
  s.task, s.task_tries AS taskTries,
  TIMESTAMPDIFF(SECOND, s.unreachable_since, NOW(3)) AS unreachableForSeconds`;

/** How long who takes a task has it for himself: longer than the provider, and the wait for its pace, take. */
const LEASE_SECONDS = 30;

/** Whether the provider may have made a session of which nobody here has heard, or has one that is known. */
const MAY_BE_THERE = '(session_id IS NOT NULL OR asked_at IS NOT NULL)';

/** All SQL of the table `payment_sessions`. */
@Injectable()
export class PaymentSessionsRepository {
  constructor(@InjectRepository(PaymentSessionEntity) private readonly sessions: Repository<PaymentSessionEntity>) {}

  insert(tx: Transaction, sessions: readonly NewSession[]): void {
    const values = sessions.map(
      ({ holdId, provider, kind, returnUrl, paymentSeconds }) =>
        `(${uuidLiteral(holdId)},${escape([provider, kind, returnUrl])},${uintLiteral(paymentSeconds)},'make',NOW(3))`,
    );
    tx.insert(
      `INSERT INTO payment_sessions (hold_id, provider, kind, return_url, payment_seconds, task, task_due_at)
       VALUES ${values.join(',')}`,
    );
  }

  async findByHoldId(holdId: string): Promise<SessionRow | null> {
    const [session] = await this.findByHoldIds([holdId]);
    return session ?? null;
  }

  async findByHoldIds(holdIds: readonly string[]): Promise<SessionRow[]> {
    const rows = await this.sessions.query<RawRow[]>(
      `SELECT ${COLUMNS} FROM payment_sessions s WHERE s.hold_id IN ${listOf(holdIds, uuidLiteral)}`,
    );
    return rows.map(toRow);
  }

  /** Lock order: their orders first. */
  async lock(tx: Transaction, holdIds: readonly string[]): Promise<SessionRow[]> {
    const [rows] = await tx.read<[RawRow[]]>(
      `SELECT ${COLUMNS} FROM payment_sessions s WHERE s.hold_id IN ${listOf(holdIds, uuidLiteral)} ORDER BY s.hold_id FOR UPDATE`,
    );
    return rows.map(toRow);
  }

  /** The tasks for which something is due that nobody has taken. */
  async findDueTasks(): Promise<SessionTask[]> {
    const rows = await this.sessions.query<{ task: SessionTask }[]>(
      `SELECT DISTINCT s.task FROM payment_sessions s WHERE s.task IN ('make', 'end') AND s.task_due_at <= NOW(3)`,
    );
    return rows.map(({ task }) => task);
  }

  /**
   * Takes due tasks, oldest first, for {@link LEASE_SECONDS}: nobody else has them meanwhile, and if this process dies
   * somebody has them afterwards. That the provider is asked is written before it is.
   */
  async claim(tx: Transaction, provider: string, task: SessionTask, limit: number): Promise<SessionRow[]> {
    const [rows] = await tx.read<[RawRow[]]>(
      `SELECT ${COLUMNS} FROM payment_sessions s
       WHERE s.task = '${task}' AND s.provider = ${escape(provider)} AND s.task_due_at <= NOW(3)
       ORDER BY s.task_due_at LIMIT ${uintLiteral(limit)} FOR UPDATE SKIP LOCKED`,
    );
    const claimed = rows.map(toRow);
    if (claimed.length === 0) return [];
    const asked = task === 'make' ? ', asked_at = COALESCE(asked_at, NOW(3))' : '';
    tx.write(
      `UPDATE payment_sessions SET task_due_at = NOW(3) + INTERVAL ${LEASE_SECONDS} SECOND${asked}
       WHERE hold_id IN ${listOf(claimed, ({ holdId }) => uuidLiteral(holdId))}`,
      claimed.length,
    );
    return claimed;
  }

  /** Puts off what is due of a provider that is away, and says so to the buyers who wait for it. */
  async putOffDue(provider: string, task: SessionTask, ms: number, lastError: string): Promise<void> {
    await this.sessions.query(
      `UPDATE payment_sessions SET task_due_at = ${inMs(ms)}, last_error = IF(task = 'make', ${escape(lastError)}, last_error)
       WHERE task = '${task}' AND provider = ${escape(provider)} AND task_due_at <= NOW(3)`,
    );
  }

  /** Puts off one task that is still the one that was taken; with a new try at making it, what was said is forgotten. */
  async putOff({ holdId, task, makeAttempt }: SessionRow, ms: number, lastError: string | null, isNewTry: boolean) {
    const error = lastError === null || task === 'end' ? '' : `, last_error = ${escape(lastError)}`;
    const anew = isNewTry ? ', make_attempt = make_attempt + 1, asked_at = NULL' : '';
    await this.sessions.query(
      `UPDATE payment_sessions SET task_due_at = ${inMs(ms)}, task_tries = task_tries + 1${error}${anew}
       WHERE hold_id = ${uuidLiteral(holdId)} AND task = '${task}' AND make_attempt = ${uintLiteral(makeAttempt)}`,
    );
  }

  /** How many sessions the provider is still to be asked about. */
  async countTasks(): Promise<Readonly<Record<SessionTask, number>>> {
    const rows = await this.sessions.query<{ task: SessionTask; count: number }[]>(
      'SELECT task, COUNT(*) AS count FROM payment_sessions WHERE task IS NOT NULL GROUP BY task',
    );
    return { make: 0, end: 0, ...Object.fromEntries(rows.map(({ task, count }) => [task, Number(count)])) };
  }

  /** The provider makes no such session: whoever wants it has to ask anew. An order that has ended meanwhile stays so. */
  async fail({ holdId, makeAttempt }: SessionRow, lastError: string): Promise<void> {
    await this.sessions.query(
      `UPDATE payment_sessions SET state = 'failed', last_error = ${escape(lastError)}, asked_at = NULL, ${NO_TASK}
       WHERE hold_id = ${uuidLiteral(holdId)} AND task = 'make' AND make_attempt = ${uintLiteral(makeAttempt)}`,
    );
  }

  /** Nobody pays by it any more, or nothing can be done about that. */
  async finishEnd({ holdId }: SessionRow): Promise<void> {
    await this.sessions.query<ResultSetHeader>(
      `UPDATE payment_sessions SET ${NO_TASK} WHERE hold_id = ${uuidLiteral(holdId)} AND task = 'end'`,
    );
  }

  /** The provider has made a locked session. Whether the buyer gets it, or it is ended, `isWanted` says. */
  noteMade(tx: Transaction, holdId: string, made: MadeSession, isWanted: boolean): void {
    const { sessionId, clientSecret, url } = made;
    const then = isWanted ? `state = IF(state = 'processing', state, 'open'), ${NO_TASK}` : END_NOW;
    tx.write(
      `UPDATE payment_sessions SET session_id = ${escape(sessionId)}, client_secret = ${escape(clientSecret)},
         url = ${escape(url)}, last_error = NULL, ${then}
       WHERE hold_id = ${uuidLiteral(holdId)}`,
      1,
    );
  }

  /** A locked session that failed is made anew, by a try of its own. */
  renew(tx: Transaction, holdId: string): void {
    tx.write(
      `UPDATE payment_sessions SET state = 'preparing', last_error = NULL, make_attempt = make_attempt + 1, asked_at = NULL,
         task = 'make', task_due_at = NOW(3), task_tries = 0
       WHERE hold_id = ${uuidLiteral(holdId)} AND state = 'failed'`,
      1,
    );
  }

  /** What the locked orders of these holds have come to, by the payment that paid them, if one did. */
  follow(tx: Transaction, holdIds: readonly string[], state: PaymentState, transactionIds?: readonly string[]): void {
    const ids = holdIds.map(uuidLiteral).join(',');
    // What was paid by it needs no end; what was paid otherwise must not be paid twice.
    const paidBy = transactionIds && `ELT(FIELD(hold_id, ${ids}), ${escape([...transactionIds])})`;
    const isLeft = paidBy === undefined ? MAY_BE_THERE : `${MAY_BE_THERE} AND NOT (session_id <=> ${paidBy})`;
    tx.write(
      `UPDATE payment_sessions SET state = '${state}', task_tries = 0, task_due_at = IF(${isLeft}, NOW(3), NULL),
         task = IF(${isLeft}, 'end', NULL)
       WHERE hold_id IN (${ids})`,
      null,
    );
  }

  /** Locked sessions whose orders have ended, and that nobody has to end any more. */
  noteOver(tx: Transaction, holdIds: readonly string[]): void {
    tx.write(`UPDATE payment_sessions SET ${NO_TASK} WHERE hold_id IN ${listOf(holdIds, uuidLiteral)}`, holdIds.length);
  }

  /** The notice may come before who made the session has noted it. */
  noteProcessing(tx: Transaction, holdIds: readonly string[]): void {
    tx.write(
      `UPDATE payment_sessions SET state = 'processing'
       WHERE hold_id IN ${listOf(holdIds, uuidLiteral)} AND state IN ('preparing', 'open')`,
      null,
    );
  }

  noteReach(tx: Transaction, holdIds: readonly string[], isReached: boolean): void {
    const since = isReached ? 'NULL' : 'COALESCE(unreachable_since, NOW(3))';
    tx.write(
      `UPDATE payment_sessions SET unreachable_since = ${since}
       WHERE hold_id IN ${listOf(holdIds, uuidLiteral)}`,
      null,
    );
  }

  /** A try of the buyer was declined; another one may follow. */
  noteDecline(tx: Transaction, holdId: string, error: string): void {
    tx.write(
      `UPDATE payment_sessions SET attempts = attempts + 1, last_error = ${escape(error)}
       WHERE hold_id = ${uuidLiteral(holdId)} AND state = 'open'`,
      null,
    );
  }
}

const NO_TASK = 'task = NULL, task_due_at = NULL, task_tries = 0';
const END_NOW = "task = 'end', task_due_at = NOW(3), task_tries = 0";

function inMs(ms: number): string {
  return `NOW(3) + INTERVAL ${uintLiteral(Math.round(ms) * 1000)} MICROSECOND`;
}

function toRow({ hold_id, ...row }: RawRow): SessionRow {
  return { ...row, holdId: uuidFromBinary(hold_id) };
}

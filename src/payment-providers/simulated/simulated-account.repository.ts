import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { escape, type ResultSetHeader } from 'mysql2';
import type { DataSource } from 'typeorm';
import { firstCharacters } from '../../common/first-characters.js';
import { inCurrency } from '../../common/money.js';
import {
  bytesOrNullLiteral,
  idOrNullLiteral,
  moneyLiteral,
  timestampLiteral,
  uintLiteral,
} from '../../database/sql.js';
import type { Transaction } from '../../database/transactions.js';
import type { SessionRequest } from '../payment-provider.js';
import type { SimulatedPayment, SimulatedRefund, SimulatedState } from './simulated-payment.js';

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';

/** What the table of payments has got since it was first made: columns, and then a key. */
const LATER: Readonly<Record<string, string>> = {
  is_delay_taken: 'COLUMN is_delay_taken BOOLEAN NOT NULL DEFAULT 0',
  is_disputed: 'COLUMN is_disputed BOOLEAN NOT NULL DEFAULT 0',
  simulated_payments_made: 'KEY simulated_payments_made (created_at)',
};

/**
 * A real provider has its tables on its own servers. These are no part of our schema for that reason: no migration makes
 * them, so that a production database never has them; no key leads from them to ours or back, and no transaction of ours
 * writes them, so that what the provider knows and what we know differ for as long as they would with a real one.
 */
const TABLES = [
  `CREATE TABLE IF NOT EXISTS simulated_payments (
     id VARCHAR(40) ${ASCII} NOT NULL,
     request_key VARCHAR(60) ${ASCII} NOT NULL,
     kind VARCHAR(10) ${ASCII} NOT NULL,
     order_id BIGINT UNSIGNED NOT NULL,
     reference VARCHAR(40) ${ASCII} NOT NULL,
     title VARCHAR(300) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
     amount DECIMAL(15,3) NOT NULL,
     currency CHAR(3) ${ASCII} NOT NULL,
     return_url VARCHAR(2000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
     state VARCHAR(12) ${ASCII} NOT NULL DEFAULT 'open',
     is_late BOOLEAN NOT NULL DEFAULT 0,
     declines INT UNSIGNED NOT NULL DEFAULT 0,
     created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
     ${Object.values(LATER)
       .map((part) => `${part.replace(/^COLUMN /, '')},`)
       .join(' ')}
     PRIMARY KEY (id),
     UNIQUE KEY simulated_payments_request (request_key)
   ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
  `CREATE TABLE IF NOT EXISTS simulated_refunds (
     id VARCHAR(40) ${ASCII} NOT NULL,
     payment_id VARCHAR(40) ${ASCII} NOT NULL,
     own_id BIGINT UNSIGNED NULL,
     amount DECIMAL(15,3) NOT NULL,
     created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
     PRIMARY KEY (id),
     KEY simulated_refunds_payment (payment_id, created_at)
   ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
  `CREATE TABLE IF NOT EXISTS simulated_notices (
     id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
     body TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
     send_at TIMESTAMP(3) NOT NULL,
     tries INT UNSIGNED NOT NULL DEFAULT 0,
     PRIMARY KEY (id),
     KEY simulated_notices_due (send_at)
   ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
];

const COLUMNS =
  'id, kind, order_id AS orderId, reference, title, amount, currency, return_url AS returnUrl, state, is_late AS isLate, ' +
  'is_delay_taken AS isDelayTaken, is_disputed AS isDisputed, declines';

type Flag = 'isLate' | 'isDelayTaken' | 'isDisputed';
type RawPayment = Omit<SimulatedPayment, Flag> & Readonly<Record<Flag, number>>;

export interface DueNotice {
  readonly id: number;
  readonly body: string;
}

/** Longest title that is kept, in characters. */
const TITLE_MAX = 300;

/** A notice that nobody takes is sent again for about as long as real providers do. */
const TRIES_MAX = 4000;
const RETRY_SECONDS_MAX = 60;

/** An order may take so long to its end: its time to pay, a bank debit and a review are 30 days at most each. */
const OPEN_DAYS_MIN = 90;

/** All SQL of the tables of the simulated provider, which it makes itself. */
@Injectable()
export class SimulatedAccountRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /** Each statement commits by itself. Call it in a transaction of nothing else, with more time than a row takes. */
  prepare(tx: Transaction): void {
    for (const table of TABLES) tx.insert(table);
  }

  /** What the table of payments has not got, since a version before has made it. */
  async findMissing(tx: Transaction): Promise<string[]> {
    const [rows] = await tx.read<[{ name: string }[]]>(
      `SELECT column_name AS name FROM information_schema.columns
       WHERE table_schema = DATABASE() AND table_name = 'simulated_payments'
       UNION SELECT index_name FROM information_schema.statistics
       WHERE table_schema = DATABASE() AND table_name = 'simulated_payments'`,
    );
    return Object.keys(LATER).filter((part) => !rows.some(({ name }) => name === part));
  }

  /** Commits by itself, as `prepare` does. */
  addMissing(tx: Transaction, names: readonly string[]): void {
    tx.insert(`ALTER TABLE simulated_payments ${names.map((name) => `ADD ${LATER[name]}`).join(', ')}`);
  }

  /** Makes a payment once for each key, and returns it. */
  async create(requestKey: string, request: SessionRequest): Promise<SimulatedPayment> {
    const { kind, orderId, reference, title, amount, currency, returnUrl, isDelayTaken } = request;
    await this.database.query(
      `INSERT INTO simulated_payments (id, request_key, kind, order_id, reference, title, amount, currency, return_url, is_delay_taken)
       VALUES (${escape([newId('sim'), requestKey, kind])}, ${uintLiteral(orderId)}, ${escape([reference, firstCharacters(title, TITLE_MAX)])},
         ${moneyLiteral(amount)}, ${escape([currency, returnUrl])}, ${Number(isDelayTaken)})
       ON DUPLICATE KEY UPDATE id = id`,
    );
    const [raw] = await this.database.query<RawPayment[]>(
      `SELECT ${COLUMNS} FROM simulated_payments WHERE request_key = ${escape(requestKey)}`,
    );
    return toPayment(raw!);
  }

  /** The id is whatever a path has: as bytes it can be compared with any column. */
  async find(id: string): Promise<SimulatedPayment | null> {
    const [raw] = await this.database.query<RawPayment[]>(
      `SELECT ${COLUMNS} FROM simulated_payments WHERE id = ${bytesOrNullLiteral(id)}`,
    );
    return raw === undefined ? null : toPayment(raw);
  }

  /** Of those that were made since a time, so many with the numbers after that one; with what went back of each. */
  async findSince(since: string, after: string, limit: number): Promise<(SimulatedPayment & { refunded: string })[]> {
    const rows = await this.database.query<(RawPayment & { refunded: string })[]>(
      `SELECT ${COLUMNS}, (SELECT COALESCE(SUM(r.amount), 0) FROM simulated_refunds r WHERE r.payment_id = p.id) AS refunded
       FROM simulated_payments p WHERE p.id > ${escape(after)} AND p.created_at >= ${timestampLiteral(since)}
       ORDER BY p.id LIMIT ${uintLiteral(limit)}`,
    );
    return rows.map((raw) => ({ ...toPayment(raw), refunded: inCurrency(raw.refunded, raw.currency) }));
  }

  async lock(tx: Transaction, id: string): Promise<SimulatedPayment | null> {
    const [[raw]] = await tx.read<[RawPayment[]]>(
      `SELECT ${COLUMNS} FROM simulated_payments WHERE id = ${bytesOrNullLiteral(id)} FOR UPDATE`,
    );
    return raw === undefined ? null : toPayment(raw);
  }

  change(tx: Transaction, id: string, { state, isLate, isDisputed, declines }: SimulatedPayment): void {
    tx.write(
      `UPDATE simulated_payments SET state = ${escape(state satisfies SimulatedState)}, is_late = ${Number(isLate)},
         is_disputed = ${Number(isDisputed)}, declines = ${uintLiteral(declines)}
       WHERE id = ${escape(id)}`,
      1,
    );
  }

  /** Lock order: the payment first. */
  async readRefunds(tx: Transaction, { id, currency }: SimulatedPayment): Promise<SimulatedRefund[]> {
    const [rows] = await tx.read<[SimulatedRefund[]]>(refundsOf(id));
    return rows.map((row) => ({ ...row, amount: inCurrency(row.amount, currency) }));
  }

  async findRefunds({ id, currency }: SimulatedPayment): Promise<SimulatedRefund[]> {
    const rows = await this.database.query<SimulatedRefund[]>(refundsOf(id));
    return rows.map((row) => ({ ...row, amount: inCurrency(row.amount, currency) }));
  }

  insertRefund(tx: Transaction, paymentId: string, ownId: number | null, amount: string): SimulatedRefund {
    const id = newId('simre');
    tx.insert(
      `INSERT INTO simulated_refunds (id, payment_id, own_id, amount)
       VALUES (${escape([id, paymentId])}, ${idOrNullLiteral(ownId)}, ${moneyLiteral(amount)})`,
    );
    return { id, ownId, amount };
  }

  /** Keeps what is to be told, in the transaction of what it tells. */
  insertNotice(tx: Transaction, body: string, delaySeconds: number): void {
    tx.insert(
      `INSERT INTO simulated_notices (body, send_at)
       VALUES (${escape(body)}, NOW(3) + INTERVAL ${uintLiteral(delaySeconds)} SECOND)`,
    );
  }

  findDueNotices(limit: number): Promise<DueNotice[]> {
    return this.database.query<DueNotice[]>(
      `SELECT id, body FROM simulated_notices WHERE send_at <= NOW(3) AND tries < ${TRIES_MAX} ORDER BY id LIMIT ${uintLiteral(limit)}`,
    );
  }

  /** Of several instances one sends a notice; it is sent again after a while, longer with each time, unless it was taken. */
  async claimNotice({ id }: DueNotice): Promise<boolean> {
    const { affectedRows } = await this.database.query<ResultSetHeader>(
      `UPDATE simulated_notices SET tries = tries + 1,
         send_at = NOW(3) + INTERVAL LEAST(POW(2, LEAST(tries, 10)), ${RETRY_SECONDS_MAX}) SECOND
       WHERE id = ${uintLiteral(id)} AND send_at <= NOW(3)`,
    );
    return affectedRows === 1;
  }

  async deleteNotice({ id }: DueNotice): Promise<void> {
    await this.database.query(`DELETE FROM simulated_notices WHERE id = ${uintLiteral(id)}`);
  }

  /**
   * Locks payments that were made so many days ago, oldest first; those that may still be paid {@link OPEN_DAYS_MIN} days
   * ago at least. What somebody is at is left to the next time.
   */
  async lockMadeBefore(tx: Transaction, days: number, limit: number): Promise<string[]> {
    const made = (daysAgo: number): string => `created_at < NOW(3) - INTERVAL ${uintLiteral(daysAgo)} DAY`;
    const [rows] = await tx.read<[{ id: string }[]]>(
      `SELECT id FROM simulated_payments
       WHERE ${made(days)} AND (state IN ('succeeded', 'cancelled') OR ${made(Math.max(days, OPEN_DAYS_MIN))})
       ORDER BY created_at LIMIT ${uintLiteral(limit)} FOR UPDATE SKIP LOCKED`,
    );
    return rows.map(({ id }) => id);
  }

  /** Deletes locked payments with what went back of them. */
  delete(tx: Transaction, ids: readonly string[]): void {
    if (ids.length === 0) return;
    tx.write(`DELETE FROM simulated_refunds WHERE payment_id IN (${escape([...ids])})`, null);
    tx.write(`DELETE FROM simulated_payments WHERE id IN (${escape([...ids])})`, ids.length);
  }

  /** Notices that nobody took, and that nobody sends any more. @returns how many were deleted. */
  async deleteGivenUpBefore(days: number, limit: number): Promise<number> {
    const { affectedRows } = await this.database.query<ResultSetHeader>(
      `DELETE FROM simulated_notices
       WHERE send_at < NOW(3) - INTERVAL ${uintLiteral(days)} DAY AND tries >= ${TRIES_MAX}
       ORDER BY send_at LIMIT ${uintLiteral(limit)}`,
    );
    return affectedRows;
  }
}

export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(16).toString('hex')}`;
}

const refundsOf = (paymentId: string): string =>
  `SELECT id, own_id AS ownId, amount FROM simulated_refunds WHERE payment_id = ${escape(paymentId)} ORDER BY created_at, id`;

function toPayment({ isLate, isDelayTaken, isDisputed, amount, ...payment }: RawPayment): SimulatedPayment {
  const flags = { isLate: isLate === 1, isDelayTaken: isDelayTaken === 1, isDisputed: isDisputed === 1 };
  return { ...payment, amount: inCurrency(amount, payment.currency), ...flags };
}

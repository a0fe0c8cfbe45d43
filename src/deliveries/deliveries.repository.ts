import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape, type ResultSetHeader } from 'mysql2';
import type { Repository } from 'typeorm';
import { narrowed, type RowRange, rowsIn } from '../database/row-range.js';
import {
  bytesOrNullLiteral,
  listOf,
  timestampLiteral,
  uintLiteral,
  uuidFromBinary,
  uuidLiteral,
} from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import type { DeliveryOutcome, DeliveryRow, DeliveryStatus, DueDelivery } from './deliveries.types.js';
import { DeliveryEntity } from './delivery.entity.js';

const COLUMNS = `d.id, d.endpoint_id AS endpointId, d.sequence, d.status, d.attempts, d.due_at AS dueAt, d.answer_status AS answerStatus,
  d.answer, d.reason, d.took_ms AS tookMs, d.tried_at AS triedAt, d.created_at AS createdAt`;

/** Of a row `d` of `webhook_deliveries`: none before it, of the same order, is still to be taken. */
export const IS_NEXT_OF_ITS_ORDER = `(d.hold_id IS NULL OR NOT EXISTS (SELECT 1 FROM webhook_deliveries e
  WHERE e.endpoint_id = d.endpoint_id AND e.hold_id = d.hold_id AND e.status = 'pending' AND e.sequence < d.sequence))`;

/** It is due now, as if for the first time. */
const AS_FIRST = `status = 'pending', attempts = 0, due_at = NOW(3)`;

type Raw = Omit<DeliveryRow, 'attempt'> & {
  readonly answerStatus: number | null;
  readonly answer: Buffer | null;
  readonly reason: string | null;
  readonly tookMs: number | null;
};

/** All SQL of the table `webhook_deliveries`. */
@Injectable()
export class DeliveriesRepository {
  constructor(@InjectRepository(DeliveryEntity) private readonly deliveries: Repository<DeliveryEntity>) {}

  /** What is due at an endpoint, and waits for none before it of the same order. */
  findDue(endpointId: number, limit: number): Promise<DueDelivery[]> {
    return this.deliveries.query(
      `SELECT d.id, d.sequence, d.attempts, d.due_at AS dueAt FROM webhook_deliveries d
       WHERE d.endpoint_id = ${uintLiteral(endpointId)} AND d.status = 'pending' AND d.due_at <= NOW(3)
         AND ${IS_NEXT_OF_ITS_ORDER}
       ORDER BY d.due_at LIMIT ${uintLiteral(limit)}`,
    );
  }

  /** Of these orders, by their holds, those with an event that the endpoint has not taken yet. */
  async findHeld(endpointId: number, holdIds: readonly string[]): Promise<Set<string>> {
    if (holdIds.length === 0) return new Set();
    const rows = await this.deliveries.query<{ hold_id: Buffer }[]>(
      `SELECT DISTINCT hold_id FROM webhook_deliveries
       WHERE endpoint_id = ${uintLiteral(endpointId)} AND hold_id IN ${listOf(new Set(holdIds), uuidLiteral)} AND status = 'pending'`,
    );
    return new Set(rows.map((row) => uuidFromBinary(row.hold_id)));
  }

  /**
   * Writes what became of a step's deliveries: those without a row get one. One that was asked for again while it was tried
   * stays due.
   */
  write(tx: Transaction, endpointId: number, outcomes: readonly DeliveryOutcome[]): void {
    const fresh = outcomes.filter(({ row }) => row === null);
    const columns =
      'endpoint_id, sequence, hold_id, status, attempts, due_at, answer_status, answer, reason, took_ms, tried_at';
    if (fresh.length > 0) {
      const values = fresh.map(
        (outcome) =>
          `(${uintLiteral(endpointId)},${uintLiteral(outcome.sequence)},` +
          `${outcome.holdId === null ? 'NULL' : uuidLiteral(outcome.holdId)},${stateOf(outcome).join(',')})`,
      );
      tx.insert(`INSERT INTO webhook_deliveries (${columns}) VALUES ${values.join(',')}`);
    }
    const names = columns.split(', ').slice(3);
    for (const outcome of outcomes) {
      const { row, attempt } = outcome;
      if (row === null || attempt === null) continue;
      const state = stateOf(outcome).map((value, index) => `${names[index]} = ${value}`);
      const asItWas = `id = ${uintLiteral(row.id)} AND status = 'pending' AND due_at = ${timestampLiteral(row.dueAt)}`;
      tx.write(`UPDATE webhook_deliveries SET ${state.join(', ')} WHERE ${asItWas}`, null);
    }
  }

  /** Forgets what endpoints answered to the events of these orders, where this text stands in it. */
  async forgetAnswers(tx: Transaction, holdIds: readonly string[], text: string): Promise<void> {
    const [endpoints] = await tx.read<[{ id: number }[]]>('SELECT DISTINCT endpoint_id AS id FROM webhook_deliveries');
    if (endpoints.length === 0) return;
    tx.write(
      `UPDATE webhook_deliveries SET answer = NULL WHERE endpoint_id IN ${listOf(endpoints, ({ id }) => uintLiteral(id))}
         AND hold_id IN ${listOf(holdIds, uuidLiteral)} AND LOCATE(${bytesOrNullLiteral(text)}, answer) > 0`,
      null,
    );
  }

  /** Rows of an endpoint, in the order of their ids. */
  async findPage(endpointId: number, status: DeliveryStatus | null, range: RowRange): Promise<DeliveryRow[]> {
    const close = await narrowed(range, 'webhook_deliveries', (sql) => this.deliveries.query(sql));
    const ofStatus = status === null ? [] : [`d.status = ${escape(status)}`];
    const rows = await this.deliveries.query<Raw[]>(
      `SELECT ${COLUMNS} FROM webhook_deliveries d ${rowsIn(close, 'd', `d.endpoint_id = ${uintLiteral(endpointId)}`, ...ofStatus)}`,
    );
    return rows.map(toRow);
  }

  async findById(endpointId: number, id: number): Promise<DeliveryRow | null> {
    const [row] = await this.deliveries.query<Raw[]>(
      `SELECT ${COLUMNS} FROM webhook_deliveries d WHERE d.id = ${uintLiteral(id)} AND d.endpoint_id = ${uintLiteral(endpointId)}`,
    );
    return row === undefined ? null : toRow(row);
  }

  /** Locks a delivery of an endpoint. @returns what has become of it; null where there is none. */
  async lockStatus(tx: Transaction, endpointId: number, id: number): Promise<DeliveryStatus | null> {
    const [[row]] = await tx.read<[{ status: DeliveryStatus }[]]>(
      `SELECT status FROM webhook_deliveries WHERE id = ${uintLiteral(id)} AND endpoint_id = ${uintLiteral(endpointId)} FOR UPDATE`,
    );
    return row?.status ?? null;
  }

  /** Has it sent again, as if for the first time. */
  setDue(tx: Transaction, id: number): void {
    tx.write(`UPDATE webhook_deliveries SET ${AS_FIRST} WHERE id = ${uintLiteral(id)}`, null);
  }

  /** The same of one step of those of an endpoint that had their last try since then. @returns how many. */
  async setFailedDue(endpointId: number, since: string, limit: number): Promise<number> {
    const { affectedRows } = await this.deliveries.query<ResultSetHeader>(
      `UPDATE webhook_deliveries SET ${AS_FIRST}
       WHERE endpoint_id = ${uintLiteral(endpointId)} AND status = 'failed' AND tried_at >= ${timestampLiteral(since)}
       LIMIT ${uintLiteral(limit)}`,
    );
    return affectedRows;
  }

  /** Gives up what can't be told any more, since its event is not kept. */
  giveUp(tx: Transaction, ids: readonly number[]): void {
    if (ids.length === 0) return;
    tx.write(
      `UPDATE webhook_deliveries SET status = 'failed', due_at = NULL, reason = 'The event is not kept any more'
       WHERE id IN ${listOf(ids, uintLiteral)}`,
      null,
    );
  }

  /** Deletes rows of more than `days` days ago, oldest first. */
  async deleteBefore(days: number, limit: number): Promise<number> {
    const result = await this.deliveries.query<ResultSetHeader>(
      `DELETE FROM webhook_deliveries WHERE created_at < NOW(3) - INTERVAL ${uintLiteral(days)} DAY
       ORDER BY created_at LIMIT ${uintLiteral(limit)}`,
    );
    return result.affectedRows;
  }
}

/** Values of the columns from `status` on. */
function stateOf({ status, attempts, dueInMs, attempt }: DeliveryOutcome): string[] {
  const due = dueInMs === null ? 'NULL' : `NOW(3) + INTERVAL ${uintLiteral(dueInMs * 1000)} MICROSECOND`;
  const { answerStatus = null, answer = null, reason = null, tookMs = null } = attempt ?? {};
  const number = (value: number | null): string => (value === null ? 'NULL' : uintLiteral(value));
  return [
    `'${status}'`,
    uintLiteral(attempts),
    due,
    number(answerStatus),
    bytesOrNullLiteral(answer),
    escape(reason),
    number(tookMs),
    attempt === null ? 'NULL' : 'NOW(3)',
  ];
}

function toRow({ answerStatus, answer, reason, tookMs, ...row }: Raw): DeliveryRow {
  return { ...row, attempt: row.triedAt === null ? null : { answerStatus, answer, reason, tookMs: tookMs ?? 0 } };
}

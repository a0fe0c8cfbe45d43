import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape, format, type ResultSetHeader } from 'mysql2';
import type { Repository } from 'typeorm';
import { narrowed, type RowRange, rowsIn } from '../database/row-range.js';
import { uintLiteral, uuidLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import type { EventType } from '../events/events.types.js';
import { IS_NEXT_OF_ITS_ORDER } from './deliveries.repository.js';
import type { EndpointChange, EndpointRow, NewEndpoint } from './deliveries.types.js';
import { EndpointEntity } from './endpoint.entity.js';

type Raw = Omit<EndpointRow, 'types'> & { readonly types: string | null };

/** What became of an endpoint in a step: nothing was tried, something was taken, or nothing that was tried. */
export type Standing = 'as before' | 'fine' | 'failing';

const COLUMNS = `id, url, types, secret, IF(old_secret_until > NOW(3), old_secret, NULL) AS oldSecret, position,
  failing_since AS failingSince, disabled_at AS disabledAt, disabled_reason AS disabledReason, created_at AS createdAt`;

/** All SQL of the table `webhook_endpoints`. Reads `event_sequence`, `events` and `webhook_deliveries`, too, for what is due. */
@Injectable()
export class EndpointsRepository {
  constructor(@InjectRepository(EndpointEntity) private readonly endpoints: Repository<EndpointEntity>) {}

  async findById(id: number): Promise<EndpointRow | null> {
    const [row] = await this.endpoints.query<Raw[]>(
      `SELECT ${COLUMNS} FROM webhook_endpoints WHERE id = ${uintLiteral(id)}`,
    );
    return row === undefined ? null : toRow(row);
  }

  /** The endpoint, as long as it is claimed by this claim, and anything may be sent to it. */
  async findClaimed(id: number, claim: string): Promise<EndpointRow | null> {
    const [row] = await this.endpoints.query<Raw[]>(
      `SELECT ${COLUMNS} FROM webhook_endpoints
       WHERE id = ${uintLiteral(id)} AND claim = ${uuidLiteral(claim)} AND disabled_at IS NULL`,
    );
    return row === undefined ? null : toRow(row);
  }

  /** Rows in the order of their ids. */
  async findPage(range: RowRange): Promise<EndpointRow[]> {
    const close = await narrowed(range, 'webhook_endpoints', (sql) => this.endpoints.query(sql));
    const rows = await this.endpoints.query<Raw[]>(`SELECT ${COLUMNS} FROM webhook_endpoints w ${rowsIn(close, 'w')}`);
    return rows.map(toRow);
  }

  async lock(tx: Transaction, id: number): Promise<EndpointRow | null> {
    const [[row]] = await tx.read<[Raw[]]>(
      `SELECT ${COLUMNS} FROM webhook_endpoints WHERE id = ${uintLiteral(id)} FOR UPDATE`,
    );
    return row === undefined ? null : toRow(row);
  }

  /** A new one is told of what happens from now on. @returns its number. */
  async insert(tx: Transaction, { url, types, secret }: NewEndpoint): Promise<number> {
    tx.insert(
      `INSERT INTO webhook_endpoints (url, types, secret, position)
       SELECT ${escape(url)}, ${textOf(types)}, ${escape(secret)}, last FROM event_sequence WHERE id = 1`,
    );
    const [[made]] = await tx.read<[[{ id: number }]]>('SELECT LAST_INSERT_ID() AS id');
    return made.id;
  }

  /** Changes a locked endpoint; it must differ from what it was. Enabled again, it has not failed yet. */
  update(tx: Transaction, id: number, { url, types, isDisabled }: EndpointChange): void {
    const changes = [
      ...(url === undefined ? [] : [`url = ${escape(url)}`]),
      ...(types === undefined ? [] : [`types = ${textOf(types)}`]),
      ...(isDisabled === true ? [`disabled_at = NOW(3), disabled_reason = 'operator'`] : []),
      ...(isDisabled === false ? ['disabled_at = NULL, disabled_reason = NULL, failing_since = NULL'] : []),
    ];
    tx.write(`UPDATE webhook_endpoints SET ${changes.join(', ')} WHERE id = ${uintLiteral(id)}`, 1);
  }

  /** Gives a locked endpoint a new secret; the old one signs, too, for so many hours. */
  rotate(tx: Transaction, id: number, secret: string, hours: number): void {
    tx.write(
      `UPDATE webhook_endpoints SET old_secret = secret, old_secret_until = NOW(3) + INTERVAL ${uintLiteral(hours)} HOUR,
         secret = ${escape(secret)} WHERE id = ${uintLiteral(id)}`,
      1,
    );
  }

  delete(tx: Transaction, id: number): void {
    tx.write(`DELETE FROM webhook_endpoints WHERE id = ${uintLiteral(id)}`, 1);
  }

  /** Endpoints to which something is to be sent, that nobody is at, and for how long. */
  async findDue(): Promise<{ id: number; overdueMs: number }[]> {
    const rows = await this.endpoints.query<{ id: number; overdue_ms: number | null }[]>(
      `SELECT s.id, TIMESTAMPDIFF(MICROSECOND, LEAST(COALESCE(s.first_due, s.first_new), COALESCE(s.first_new, s.first_due)), NOW(3)) DIV 1000 AS overdue_ms
       FROM (
         SELECT w.id,
           (SELECT d.due_at FROM webhook_deliveries d
            WHERE d.endpoint_id = w.id AND d.status = 'pending' AND d.due_at <= NOW(3) AND ${IS_NEXT_OF_ITS_ORDER}
            ORDER BY d.due_at LIMIT 1) AS first_due,
           (SELECT v.created_at FROM events v WHERE v.sequence > w.position ORDER BY v.sequence LIMIT 1) AS first_new
         FROM webhook_endpoints w
         WHERE w.disabled_at IS NULL AND (w.claimed_until IS NULL OR w.claimed_until <= NOW(3))
       ) s WHERE s.first_due IS NOT NULL OR s.first_new IS NOT NULL`,
    );
    return rows.map(({ id, overdue_ms }) => ({ id, overdueMs: Math.max(0, overdue_ms ?? 0) }));
  }

  /** Endpoints that take nothing for half an hour, or were disabled for that. */
  async countFailing(): Promise<number> {
    const [row] = await this.endpoints.query<{ count: number }[]>(
      `SELECT COUNT(*) AS count FROM webhook_endpoints
       WHERE disabled_reason = 'failing' OR (disabled_at IS NULL AND failing_since <= NOW(3) - INTERVAL 30 MINUTE)`,
    );
    return Number(row!.count);
  }

  /** Claims an endpoint; null where it is another's, or nothing is to be sent. */
  async claim(id: number, claim: string, seconds: number): Promise<EndpointRow | null> {
    const { affectedRows } = await this.endpoints.query<ResultSetHeader>(
      `UPDATE webhook_endpoints SET claim = ${uuidLiteral(claim)}, claimed_until = NOW(3) + INTERVAL ${uintLiteral(seconds)} SECOND
       WHERE id = ${uintLiteral(id)} AND disabled_at IS NULL AND (claimed_until IS NULL OR claimed_until <= NOW(3))`,
    );
    return affectedRows === 0 ? null : this.findClaimed(id, claim);
  }

  /** Has a claim last for so long from now on. @returns false where it is another's by now, or was given up. */
  async renew(id: number, claim: string, seconds: number): Promise<boolean> {
    const { affectedRows } = await this.endpoints.query<ResultSetHeader>(
      `UPDATE webhook_endpoints SET claimed_until = NOW(3) + INTERVAL ${uintLiteral(seconds)} SECOND
       WHERE id = ${uintLiteral(id)} AND claim = ${uuidLiteral(claim)} AND disabled_at IS NULL`,
    );
    return affectedRows > 0;
  }

  async release(id: number, claim: string): Promise<void> {
    await this.endpoints.query(
      `UPDATE webhook_endpoints SET claim = NULL, claimed_until = NULL
       WHERE id = ${uintLiteral(id)} AND claim = ${uuidLiteral(claim)}`,
    );
  }

  /** Moves an endpoint on that is claimed: a claim that was lost meanwhile fails the transaction. */
  moveOn(tx: Transaction, id: number, claim: string, position: number, standing: Standing, givenUpDays: number): void {
    const days = uintLiteral(givenUpDays);
    const set = {
      'as before': '',
      fine: ', failing_since = NULL',
      // Left to right, as both servers assign: the last two look at what the first one says.
      failing: `, failing_since = COALESCE(failing_since, NOW(3)),
        disabled_reason = IF(failing_since < NOW(3) - INTERVAL ${days} DAY, 'failing', NULL),
        disabled_at = IF(failing_since < NOW(3) - INTERVAL ${days} DAY, NOW(3), NULL)`,
    }[standing];
    // The time of the claim goes on, so that a row always changes.
    tx.write(
      `UPDATE webhook_endpoints SET position = ${uintLiteral(position)}, claimed_until = claimed_until + INTERVAL 1000 MICROSECOND${set}
       WHERE id = ${uintLiteral(id)} AND claim = ${uuidLiteral(claim)} AND disabled_at IS NULL`,
      1,
    );
  }
}

function textOf(types: readonly EventType[] | null): string {
  return types === null ? 'NULL' : format('?', [JSON.stringify(types)]);
}

function toRow(raw: Raw): EndpointRow {
  return { ...raw, types: raw.types === null ? null : (JSON.parse(raw.types) as EventType[]) };
}

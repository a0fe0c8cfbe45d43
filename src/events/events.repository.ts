import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape, type ResultSetHeader } from 'mysql2';
import type { Repository } from 'typeorm';
import { jsonLiteral, listOf, timestampLiteral, uintLiteral, uuidFromBinary, uuidLiteral } from '../database/sql.js';
import { replacedIn, type Replacement } from '../database/text-replacement.js';
import type { Transaction } from '../database/transactions.js';
import { EventEntity } from './event.entity.js';
import type { EventType, FeedEvent, NewEvent, WaitingEvent } from './events.types.js';

type Raw<Row> = Omit<Row, 'holdId'> & { readonly hold_id: Buffer | null };

const COLUMNS = 'type, occurred_at AS occurredAt, version, data AS json';

/** All SQL of the tables `event_inbox`, `event_sequence` and `events`. */
@Injectable()
export class EventsRepository {
  constructor(@InjectRepository(EventEntity) private readonly events: Repository<EventEntity>) {}

  /** Puts events into the inbox, in their order. */
  insert(tx: Transaction, events: readonly NewEvent[]): void {
    if (events.length === 0) return;
    const values = events.map(
      ({ occurredAt, data, ...event }) =>
        `(${occurredAt === null ? 'NOW(3)' : timestampLiteral(occurredAt)},${valuesOf(event, JSON.stringify(data))})`,
    );
    tx.insert(`INSERT INTO event_inbox (occurred_at, type, version, hold_id, data) VALUES ${values.join(',')}`);
  }

  /** Whether anything waits in the inbox; what is not committed yet does not. */
  async isWaiting(): Promise<boolean> {
    const rows = await this.events.query<unknown[]>('SELECT id FROM event_inbox ORDER BY id LIMIT 1');
    return rows.length > 0;
  }

  /**
   * Locks the counter, and reads the inbox, lowest number first. What is read was committed after the lock was granted or
   * before: both statements travel together, and the second one is the first that reads without a lock.
   *
   * @returns null where somebody else has the counter.
   */
  async lockInbox(tx: Transaction, limit: number): Promise<{ last: number; waiting: WaitingEvent[] } | null> {
    const [counters, rows] = await tx.read<[{ last: number }[], Raw<WaitingEvent>[]]>(
      'SELECT last FROM event_sequence WHERE id = 1 FOR UPDATE SKIP LOCKED',
      `SELECT id, hold_id, ${COLUMNS} FROM event_inbox ORDER BY id LIMIT ${uintLiteral(limit)}`,
    );
    const [counter] = counters;
    return counter === undefined ? null : { last: counter.last, waiting: rows.map(withHold) };
  }

  /** Moves events from the inbox to the end of the sequence, whose counter is locked. */
  append(tx: Transaction, last: number, waiting: readonly WaitingEvent[]): void {
    const values = waiting.map(
      ({ occurredAt, json, ...event }, index) =>
        `(${uintLiteral(last + 1 + index)},${timestampLiteral(occurredAt)},${valuesOf(event, json)})`,
    );
    tx.insert(`INSERT INTO events (sequence, occurred_at, type, version, hold_id, data) VALUES ${values.join(',')}`);
    const ids = listOf(waiting, ({ id }) => uintLiteral(id));
    tx.write(`DELETE FROM event_inbox WHERE id IN ${ids}`, waiting.length);
    const next = uintLiteral(last + waiting.length);
    tx.write(`UPDATE event_sequence SET last = ${next} WHERE id = 1 AND last = ${uintLiteral(last)}`, 1);
  }

  /** Keeps all events from getting their numbers until the transaction ends; who is at it is waited for. */
  async lockCounter(tx: Transaction): Promise<void> {
    await tx.read('SELECT last FROM event_sequence WHERE id = 1 FOR UPDATE');
  }

  /** Replaces texts in the events of these orders, by their holds. */
  replaceIn(tx: Transaction, holdIds: readonly string[], replacements: readonly Replacement[]): void {
    tx.write(
      `UPDATE events SET data = ${replacedIn('data', replacements)} WHERE hold_id IN ${listOf(holdIds, uuidLiteral)}`,
      null,
    );
  }

  /** The number of the newest event; 0 before the first. */
  async findLast(): Promise<number> {
    const [row] = await this.events.query<{ last: number }[]>('SELECT last FROM event_sequence WHERE id = 1');
    return row!.last;
  }

  /** The number of the oldest event that is kept; null when none is. */
  async findOldest(): Promise<number | null> {
    const [row] = await this.events.query<{ oldest: number | null }[]>('SELECT MIN(sequence) AS oldest FROM events');
    return row!.oldest;
  }

  /** Events of some types, or of all, after one number up to another, or to the newest, oldest first. */
  async findBetween(
    after: number,
    last: number | null,
    types: readonly EventType[] | null,
    limit: number,
  ): Promise<FeedEvent[]> {
    const upTo = last === null ? '' : ` AND sequence <= ${uintLiteral(last)}`;
    const ofTypes = types === null ? '' : ` AND type IN ${listOf(types, (type) => escape(type))}`;
    const rows = await this.events.query<Raw<FeedEvent>[]>(
      `SELECT sequence, hold_id, ${COLUMNS} FROM events
       WHERE sequence > ${uintLiteral(after)}${upTo}${ofTypes}
       ORDER BY sequence LIMIT ${uintLiteral(limit)}`,
    );
    return rows.map(withHold);
  }

  /** Those of these numbers that are kept. */
  async findBySequence(sequences: readonly number[]): Promise<FeedEvent[]> {
    if (sequences.length === 0) return [];
    const rows = await this.events.query<Raw<FeedEvent>[]>(
      `SELECT sequence, hold_id, ${COLUMNS} FROM events WHERE sequence IN ${listOf(sequences, uintLiteral)} ORDER BY sequence`,
    );
    return rows.map(withHold);
  }

  /** What these events show, as JSON, by their numbers; none of it is replaced until the transaction ends. */
  async lockTexts(tx: Transaction, sequences: readonly number[]): Promise<Map<number, string>> {
    const [rows] = await tx.read<[Pick<FeedEvent, 'sequence' | 'json'>[]]>(
      `SELECT sequence, data AS json FROM events WHERE sequence IN ${listOf(sequences, uintLiteral)} ORDER BY sequence FOR UPDATE`,
    );
    return new Map(rows.map(({ sequence, json }) => [sequence, json]));
  }

  /** For how long the oldest event has been waiting for its number, in milliseconds; 0 when none does. */
  async findLagMs(): Promise<number> {
    const [row] = await this.events.query<{ lag_ms: number }[]>(
      `SELECT TIMESTAMPDIFF(MICROSECOND, occurred_at, NOW(3)) DIV 1000 AS lag_ms FROM event_inbox ORDER BY id LIMIT 1`,
    );
    return Math.max(0, row?.lag_ms ?? 0);
  }

  /** Deletes events that got their number more than `days` days ago, oldest first. */
  async deleteBefore(days: number, limit: number): Promise<number> {
    const result = await this.events.query<ResultSetHeader>(
      `DELETE FROM events WHERE created_at < NOW(3) - INTERVAL ${uintLiteral(days)} DAY
       ORDER BY created_at LIMIT ${uintLiteral(limit)}`,
    );
    return result.affectedRows;
  }
}

function valuesOf({ type, version, holdId }: Omit<NewEvent, 'occurredAt' | 'data'>, json: string): string {
  const hold = holdId === null ? 'NULL' : uuidLiteral(holdId);
  return `'${type}',${version === null ? 'NULL' : uintLiteral(version)},${hold},${jsonLiteral(json)}`;
}

function withHold<Row>({ hold_id, ...row }: Raw<Row>) {
  return { ...row, holdId: hold_id === null ? null : uuidFromBinary(hold_id) };
}

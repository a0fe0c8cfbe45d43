import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape, type ResultSetHeader } from 'mysql2';
import type { Repository } from 'typeorm';
import { narrowed, type RowRange, rowsIn } from '../database/row-range.js';
import { jsonLiteral, listOf, uintLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import type { PaymentEvent } from '../payment-providers/payment-provider.js';
import { WebhookLogEntity } from './webhook-log.entity.js';
import type { Notice, WebhookLogRow, WebhookLogStatus, NoticeVerdict } from './webhooks.types.js';

type RawLog = Omit<WebhookLogRow, 'event' | 'payload_hash'> & { payload: unknown; payload_hash: Buffer };

export type NewLog = NoticeVerdict & Pick<Notice, 'event' | 'key' | 'hash'>;

/** What became of a payment event that is in the log already. */
export interface VerdictChange {
  readonly id: number;
  readonly from: WebhookLogStatus;
  readonly verdict: NoticeVerdict;
}

const COLUMNS = `id, idempotency_key, payload, payload_hash, status, outcome, reason, order_id, order_status, created_at,
  processed_at`;

/** All SQL of the table `webhook_logs`. Reads `orders` too, for which of those that a notice waits for are there. */
@Injectable()
export class WebhooksRepository {
  constructor(@InjectRepository(WebhookLogEntity) private readonly logs: Repository<WebhookLogEntity>) {}

  async findById(id: number): Promise<WebhookLogRow | null> {
    const [row] = await this.find(`id = ${uintLiteral(id)}`, 1);
    return row ?? null;
  }

  findByOrderId(orderId: number, limit: number): Promise<WebhookLogRow[]> {
    return this.find(`order_id = ${uintLiteral(orderId)}`, limit);
  }

  /** Payment events in the order of their ids, in one state or any. */
  async findPage(status: WebhookLogStatus | null, range: RowRange): Promise<WebhookLogRow[]> {
    const inStatus = status === null ? [] : [`status = ${escape(status)}`];
    const close = await narrowed(range, 'webhook_logs', (sql) => this.logs.query(sql));
    return this.select(rowsIn(close, 'webhook_logs', ...inStatus));
  }

  /** Payment events that came with one of these keys. Read it after the locks of the transaction were granted. */
  async findByKeys(tx: Transaction, keys: Iterable<string>): Promise<WebhookLogRow[]> {
    const list = listOf(new Set(keys), (key) => escape(key));
    const [rows] = await tx.read<[RawLog[]]>(`SELECT ${COLUMNS} FROM webhook_logs WHERE idempotency_key IN ${list}`);
    return rows.map(toRow);
  }

  /** Payment events of these orders, whose locks the caller has, that a person has to look at. */
  async findInReview(tx: Transaction, orderIds: readonly number[]): Promise<WebhookLogRow[]> {
    const list = listOf(orderIds, uintLiteral);
    const [rows] = await tx.read<[RawLog[]]>(
      `SELECT ${COLUMNS} FROM webhook_logs WHERE order_id IN ${list} AND status = 'review'`,
    );
    return rows.map(toRow);
  }

  /** Payment events that wait although their order is there, oldest first. */
  findPending(orderIds: Iterable<number> | 'all', after: number, limit: number): Promise<WebhookLogRow[]> {
    const ofOrders = orderIds === 'all' ? '' : `AND order_id IN ${listOf(orderIds, uintLiteral)}`;
    // Those whose order is there, or old ones that wait for ever would stand in front of them.
    const hasOrder = 'EXISTS (SELECT 1 FROM orders WHERE orders.id = order_id)';
    return this.find(`status = 'pending_order' AND id > ${uintLiteral(after)} ${ofOrders} AND ${hasOrder}`, limit);
  }

  /** Payment events that have waited for their order for more than `seconds`, oldest first. */
  findOverdue(seconds: number, after: number, limit: number): Promise<WebhookLogRow[]> {
    return this.find(
      `status = 'pending_order' AND id > ${uintLiteral(after)} AND created_at < NOW(3) - INTERVAL ${uintLiteral(seconds)} SECOND`,
      limit,
    );
  }

  /** pending_order → unmatched, for those that nobody settled meanwhile. */
  async markUnmatched(ids: readonly number[]): Promise<number> {
    if (ids.length === 0) return 0;
    const result = await this.logs.query<ResultSetHeader>(
      `UPDATE webhook_logs SET status = 'unmatched', reason = 'the order never came', processed_at = NOW(3)
       WHERE id IN ${listOf(ids, uintLiteral)} AND status = 'pending_order'`,
    );
    return result.affectedRows;
  }

  /** How many payment events wait for a person. */
  async countInReview(): Promise<number> {
    const [row] = await this.logs.query<{ count: number }[]>(
      "SELECT COUNT(*) AS count FROM webhook_logs WHERE status = 'review'",
    );
    return Number(row!.count);
  }

  /**
   * Deletes payment events that were settled more than `days` days ago, oldest first. The order names both columns of the
   * index: by the second alone the server sorts, and so reads and locks, all of them for each step.
   */
  async deleteProcessedBefore(days: number, limit: number): Promise<number> {
    const result = await this.logs.query<ResultSetHeader>(
      `DELETE FROM webhook_logs WHERE status = 'processed' AND processed_at < NOW(3) - INTERVAL ${uintLiteral(days)} DAY
       ORDER BY status, processed_at LIMIT ${uintLiteral(limit)}`,
    );
    return result.affectedRows;
  }

  insert(tx: Transaction, logs: readonly NewLog[]): void {
    if (logs.length === 0) return;
    const values = logs.map(
      ({ event, key, hash, status, outcome, reason, order_id, order_status }) =>
        `(${escape(key)},${jsonLiteral(JSON.stringify(event))},UNHEX(${escape(hash)}),${escape(status)},${escape(outcome)},` +
        `${escape(reason)},${escape(order_id)},${escape(order_status)},${processedAt(status)})`,
    );
    tx.insert(
      `INSERT INTO webhook_logs (idempotency_key, payload, payload_hash, status, outcome, reason, order_id,
         order_status, processed_at) VALUES ${values.join(',')}`,
    );
  }

  /** Notes what became of a payment event; one that is in another state than was decided on fails the transaction. */
  changeVerdict(tx: Transaction, { id, from, verdict }: VerdictChange): void {
    const { status, outcome, reason, order_id, order_status } = verdict;
    tx.write(
      `UPDATE webhook_logs SET status = ${escape(status)}, outcome = ${escape(outcome)}, reason = ${escape(reason)},
         order_id = ${escape(order_id)}, order_status = ${escape(order_status)}, processed_at = ${processedAt(status)}
       WHERE id = ${uintLiteral(id)} AND status = ${escape(from)}`,
      1,
    );
  }

  private find(condition: string, limit: number): Promise<WebhookLogRow[]> {
    return this.select(`WHERE ${condition} ORDER BY id LIMIT ${uintLiteral(limit)}`);
  }

  private async select(rest: string): Promise<WebhookLogRow[]> {
    const rows = await this.logs.query<RawLog[]>(`SELECT ${COLUMNS} FROM webhook_logs ${rest}`);
    return rows.map(toRow);
  }
}

function processedAt(status: WebhookLogStatus): string {
  return status === 'pending_order' ? 'NULL' : 'NOW(3)';
}

function toRow({ payload, ...raw }: RawLog): WebhookLogRow {
  // MariaDB's JSON is text; MySQL's driver parses it.
  const event = (typeof payload === 'string' ? JSON.parse(payload) : payload) as PaymentEvent;
  return { ...raw, event, payload_hash: raw.payload_hash.toString('hex') };
}

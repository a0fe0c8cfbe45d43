import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape, type ResultSetHeader } from 'mysql2';
import type { Repository } from 'typeorm';
import { listOf, uintLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import { WebhookLogEntity } from './webhook-log.entity.js';
import type { PaymentEvent, WebhookLogRow, WebhookVerdict } from './webhooks.types.js';

type RawLog = Omit<WebhookLogRow, 'event' | 'payload_hash'> & { payload: unknown; payload_hash: Buffer };

export interface NewLog extends WebhookVerdict {
  readonly event: PaymentEvent;
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
}

const COLUMNS = 'id, idempotency_key, payload, payload_hash, status, outcome, order_status';

/** All SQL of the table `webhook_logs`. */
@Injectable()
export class WebhooksRepository {
  constructor(@InjectRepository(WebhookLogEntity) private readonly logs: Repository<WebhookLogEntity>) {}

  /** Events that came with one of these keys. Read it after the locks of the transaction were granted. */
  async findByKeys(tx: Transaction, keys: Iterable<string>): Promise<WebhookLogRow[]> {
    const list = listOf(new Set(keys), (key) => escape(key));
    const [rows] = await tx.read<[RawLog[]]>(`SELECT ${COLUMNS} FROM webhook_logs WHERE idempotency_key IN ${list}`);
    return rows.map(toRow);
  }

  /** Events that wait for their order, oldest first. */
  async findPending(orderIds: Iterable<number> | 'all', limit: number): Promise<WebhookLogRow[]> {
    // All: those whose order is there, or old ones that wait for ever would stand in front of them.
    const ofOrders =
      orderIds === 'all'
        ? 'AND EXISTS (SELECT 1 FROM orders WHERE orders.id = order_id)'
        : `AND order_id IN ${listOf(orderIds, uintLiteral)}`;
    const rows = await this.logs.query<RawLog[]>(
      `SELECT ${COLUMNS} FROM webhook_logs WHERE status = 'pending_order' ${ofOrders} ORDER BY id LIMIT ${uintLiteral(limit)}`,
    );
    return rows.map(toRow);
  }

  /** Deletes events that were settled more than `days` days ago, oldest first. */
  async deleteProcessedBefore(days: number, limit: number): Promise<number> {
    const result = await this.logs.query<ResultSetHeader>(
      `DELETE FROM webhook_logs WHERE status = 'processed' AND processed_at < NOW(3) - INTERVAL ${uintLiteral(days)} DAY
       ORDER BY processed_at LIMIT ${uintLiteral(limit)}`,
    );
    return result.affectedRows;
  }

  insert(tx: Transaction, logs: readonly NewLog[]): void {
    if (logs.length === 0) return;
    const values = logs.map(
      ({ event, hash, status, outcome, reason, order_status }) =>
        `(${escape(event.key)},${escape(JSON.stringify(event))},UNHEX(${escape(hash)}),${escape(status)},${escape(outcome)},` +
        `${escape(reason)},${uintLiteral(event.orderId)},${escape(order_status)},${processedAt(status)})`,
    );
    tx.write(
      `INSERT INTO webhook_logs (idempotency_key, payload, payload_hash, status, outcome, reason, order_id,
         order_status, processed_at) VALUES ${values.join(',')}`,
      logs.length,
    );
  }

  /** Notes what became of an event that was waiting for its order. */
  settlePending(tx: Transaction, id: number, { status, outcome, reason, order_status }: WebhookVerdict): void {
    tx.write(
      `UPDATE webhook_logs SET status = ${escape(status)}, outcome = ${escape(outcome)}, reason = ${escape(reason)},
         order_status = ${escape(order_status)}, processed_at = ${processedAt(status)}
       WHERE id = ${uintLiteral(id)} AND status = 'pending_order'`,
      1,
    );
  }
}

function processedAt(status: WebhookVerdict['status']): string {
  return status === 'pending_order' ? 'NULL' : 'NOW(3)';
}

function toRow({ payload, ...raw }: RawLog): WebhookLogRow {
  // MariaDB's JSON is text; MySQL's driver parses it.
  const event = (typeof payload === 'string' ? JSON.parse(payload) : payload) as PaymentEvent;
  return { ...raw, event, payload_hash: raw.payload_hash.toString('hex') };
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape } from 'mysql2';
import type { Repository } from 'typeorm';
import { listOf, uintLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import { RefundEntity } from './refund.entity.js';
import {
  type NewRefund,
  REFUND_TRANSITIONS,
  type RefundNote,
  type RefundRow,
  type RefundStatus,
} from './refunds.types.js';

const SELECT = `SELECT id, order_id AS orderId, provider, transaction_id AS transactionId, amount, currency, status, reason,
  provider_refund_id AS providerRefundId, attempt, created_at AS createdAt, updated_at AS updatedAt FROM refunds`;

/** All SQL of the table `refunds`. */
@Injectable()
export class RefundsRepository {
  constructor(@InjectRepository(RefundEntity) private readonly refunds: Repository<RefundEntity>) {}

  async findById(id: number): Promise<RefundRow | null> {
    const rows = await this.refunds.query<RefundRow[]>(`${SELECT} WHERE id = ${uintLiteral(id)}`);
    return rows[0] === undefined ? null : toRow(rows[0]);
  }

  /** Refunds in the order of their ids, in one state or any. */
  async findPage(status: RefundStatus | null, afterId: number, limit: number): Promise<RefundRow[]> {
    const inStatus = status === null ? '' : `AND status = ${escape(status)}`;
    const rows = await this.refunds.query<RefundRow[]>(
      `${SELECT} WHERE id > ${uintLiteral(afterId)} ${inStatus} ORDER BY id LIMIT ${uintLiteral(limit)}`,
    );
    return rows.map(toRow);
  }

  /** Reads refunds without a lock: who calls this holds the lock of their orders. */
  async findByOrderIds(tx: Transaction, orderIds: Iterable<number>): Promise<RefundRow[]> {
    const [rows] = await tx.read<[RefundRow[]]>(
      `${SELECT} WHERE order_id IN ${listOf(new Set(orderIds), uintLiteral)}`,
    );
    return rows.map(toRow);
  }

  /** How many refunds are in one of these states. */
  async countByStatus(statuses: readonly RefundStatus[]): Promise<number> {
    const list = listOf(statuses, (status) => escape(status));
    const [row] = await this.refunds.query<{ count: number }[]>(
      `SELECT COUNT(*) AS count FROM refunds WHERE status IN ${list}`,
    );
    return Number(row!.count);
  }

  async lock(tx: Transaction, id: number): Promise<RefundRow | null> {
    const [rows] = await tx.read<[RefundRow[]]>(`${SELECT} WHERE id = ${uintLiteral(id)} FOR UPDATE`);
    return rows[0] === undefined ? null : toRow(rows[0]);
  }

  /** Inserts refunds; the unique key on order and transaction refuses to owe one payment twice. */
  insert(tx: Transaction, refunds: readonly { refund: NewRefund; status: RefundStatus }[]): void {
    if (refunds.length === 0) return;
    const values = refunds.map(
      ({ refund: { orderId, provider, transactionId, amount, currency }, status }) =>
        `(${uintLiteral(orderId)},${escape(provider)},${escape(transactionId)},${escape(amount)},${escape(currency)},${escape(status)})`,
    );
    tx.insert(
      `INSERT INTO refunds (order_id, provider, transaction_id, amount, currency, status) VALUES ${values.join(',')}`,
    );
  }

  /** Moves a refund from the state it was read in to another; in any other state it fails the transaction. */
  transition(tx: Transaction, { id, status: from }: RefundRow, to: RefundStatus, note: RefundNote = {}): void {
    if (!REFUND_TRANSITIONS[from].includes(to)) throw new Error(`A refund can not go from ${from} to ${to}`);
    const { reason = null, providerRefundId } = note;
    const refundId = providerRefundId === undefined ? '' : `, provider_refund_id = ${escape(providerRefundId)}`;
    // The next try must not be taken for this one.
    const attempt = to === 'failed' ? ', attempt = attempt + 1' : '';
    tx.write(
      `UPDATE refunds SET status = '${to}', reason = ${escape(reason)}${refundId}${attempt}
       WHERE id = ${uintLiteral(id)} AND status = '${from}'`,
      1,
    );
  }
}

/** Three decimals only where the currency has them. */
function toRow(raw: RefundRow): RefundRow {
  return { ...raw, amount: raw.amount?.replace(/0$/, '') ?? null };
}

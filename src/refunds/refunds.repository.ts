import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape } from 'mysql2';
import type { Repository } from 'typeorm';
import { inCurrency } from '../common/money.js';
import { narrowed, type RowRange, rowsIn } from '../database/row-range.js';
import { listOf, uintLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import type { ChangedRefund, CorrectedRefund, MadeDebt } from './payment-ledger.js';
import { RefundEntity } from './refund.entity.js';
import {
  type PaymentName,
  REFUND_TRANSITIONS,
  type RefundOfPayment,
  type RefundRow,
  type RefundStatus,
} from './refunds.types.js';

const COLUMNS = `r.id, r.order_id AS orderId, r.provider, r.transaction_id AS transactionId, r.amount, r.currency, r.cause,
  r.cause_ref AS causeRef, r.status, r.reason, r.provider_refund_id AS providerRefundId, r.is_counted AS isCounted,
  r.attempt, r.created_at AS createdAt, r.updated_at AS updatedAt`;

const SELECT = `SELECT ${COLUMNS} FROM refunds r`;

const SELECT_WITH_PAYMENT = `SELECT ${COLUMNS}, p.amount AS amountPaid, p.amount_refunded AS amountRefunded FROM refunds r
  LEFT JOIN payments p ON p.provider = r.provider AND p.transaction_id = r.transaction_id`;

/** All SQL that changes the table `refunds`. */
@Injectable()
export class RefundsRepository {
  constructor(@InjectRepository(RefundEntity) private readonly refunds: Repository<RefundEntity>) {}

  async findById(id: number): Promise<RefundOfPayment | null> {
    const rows = await this.refunds.query<RefundOfPayment[]>(`${SELECT_WITH_PAYMENT} WHERE r.id = ${uintLiteral(id)}`);
    return rows[0] === undefined ? null : toRefundOfPayment(rows[0]);
  }

  async findByOrderId(orderId: number, limit: number): Promise<RefundOfPayment[]> {
    const rows = await this.refunds.query<RefundOfPayment[]>(
      `${SELECT_WITH_PAYMENT} WHERE r.order_id = ${uintLiteral(orderId)} ORDER BY r.id LIMIT ${uintLiteral(limit)}`,
    );
    return rows.map(toRefundOfPayment);
  }

  /** Refunds in the order of their ids, in one state or any. */
  async findPage(status: RefundStatus | null, range: RowRange): Promise<RefundOfPayment[]> {
    const inStatus = status === null ? [] : [`r.status = ${escape(status)}`];
    const close = await narrowed(range, 'refunds', (sql) => this.refunds.query(sql));
    const rows = await this.refunds.query<RefundOfPayment[]>(
      `${SELECT_WITH_PAYMENT} ${rowsIn(close, 'r', ...inStatus)}`,
    );
    return rows.map(toRefundOfPayment);
  }

  /**
   * Reads the refunds of orders, and those of payments whose order is not known, without a lock: who calls this holds the
   * locks of these orders and payments, and nobody changes a refund without both.
   */
  async findOf(tx: Transaction, orderIds: Iterable<number>, payments: readonly PaymentName[]): Promise<RefundRow[]> {
    const orders = new Set(orderIds);
    const transactions = new Set(payments.map(({ transactionId }) => transactionId));
    const conditions = [
      ...(orders.size === 0 ? [] : [`r.order_id IN ${listOf(orders, uintLiteral)}`]),
      ...(transactions.size === 0
        ? []
        : [`r.order_id IS NULL AND r.transaction_id IN ${listOf(transactions, (id) => escape(id))}`]),
    ];
    if (conditions.length === 0) return [];
    const [rows] = await tx.read<[RefundRow[]]>(`${SELECT} WHERE ${conditions.join(' OR ')} ORDER BY r.id`);
    return rows.map(toRow);
  }

  /** The provider's numbers of the other refunds of its payment. */
  async findNumbersBeside(refund: Pick<RefundRow, 'id' | 'orderId' | keyof PaymentName>): Promise<string[]> {
    const { id, orderId, provider, transactionId } = refund;
    const rows = await this.refunds.query<{ providerRefundId: string }[]>(
      `SELECT provider_refund_id AS providerRefundId FROM refunds
       WHERE order_id <=> ${escape(orderId)} AND transaction_id = ${escape(transactionId)}
         AND provider = ${escape(provider)} AND id <> ${uintLiteral(id)} AND provider_refund_id IS NOT NULL`,
    );
    return rows.map(({ providerRefundId }) => providerRefundId);
  }

  /** How many refunds are in one of these states. */
  async countByStatus(statuses: readonly RefundStatus[]): Promise<number> {
    const list = listOf(statuses, (status) => escape(status));
    const [row] = await this.refunds.query<{ count: number }[]>(
      `SELECT COUNT(*) AS count FROM refunds WHERE status IN ${list}`,
    );
    return Number(row!.count);
  }

  /** Inserts refunds; the unique key refuses to owe one payment twice for the same, and to tell one made outside twice. */
  insert(tx: Transaction, refunds: readonly MadeDebt[]): void {
    if (refunds.length === 0) return;
    const values = refunds.map(({ refund, status, providerRefundId, isCounted, note: { reason = null } }) => {
      const { orderId, provider, transactionId, amount, currency, cause, causeRef } = refund;
      const state = [status, reason, providerRefundId, Number(isCounted)];
      return `(${escape([orderId, provider, transactionId, amount, currency, cause, causeRef, ...state])})`;
    });
    tx.insert(
      `INSERT INTO refunds (order_id, provider, transaction_id, amount, currency, cause, cause_ref, status, reason,
         provider_refund_id, is_counted) VALUES ${values.join(',')}`,
    );
  }

  /** Notes over how much a refund is by now, or the provider's number of it; in another state it fails the transaction. */
  correct(tx: Transaction, { row: { id, status }, amount, providerRefundId, isCounted }: CorrectedRefund): void {
    tx.write(
      `UPDATE refunds SET amount = ${escape(amount)}, provider_refund_id = ${escape(providerRefundId)},
         is_counted = ${Number(isCounted)}
       WHERE id = ${uintLiteral(id)} AND status = ${escape(status)}`,
      1,
    );
  }

  /** Moves a refund from the state it was read in to another; in any other state it fails the transaction. */
  transition(tx: Transaction, { row: { id, status: from }, to, note, isCounted }: ChangedRefund): void {
    if (!REFUND_TRANSITIONS[from].includes(to)) throw new Error(`A refund can not go from ${from} to ${to}`);
    const { reason = null, providerRefundId } = note;
    const refundId = providerRefundId === undefined ? '' : `, provider_refund_id = ${escape(providerRefundId)}`;
    // The next try must not be taken for this one.
    const attempt = to === 'failed' ? ', attempt = attempt + 1' : '';
    tx.write(
      `UPDATE refunds SET status = '${to}', is_counted = ${Number(isCounted)}, reason = ${escape(reason)}${refundId}${attempt}
       WHERE id = ${uintLiteral(id)} AND status = '${from}'`,
      1,
    );
  }
}

function toRow<Row extends RefundRow>(raw: Row): Row {
  return { ...raw, amount: amountOf(raw.amount, raw), isCounted: Boolean(raw.isCounted) };
}

function toRefundOfPayment(raw: RefundOfPayment): RefundOfPayment {
  return {
    ...toRow(raw),
    amountPaid: amountOf(raw.amountPaid, raw),
    amountRefunded: amountOf(raw.amountRefunded, raw),
  };
}

function amountOf(amount: string | null, { currency }: RefundRow): string | null {
  return amount === null ? null : inCurrency(amount, currency);
}

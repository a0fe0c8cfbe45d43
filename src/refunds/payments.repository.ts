import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape, type ResultSetHeader } from 'mysql2';
import type { Repository } from 'typeorm';
import { groupBy } from '../common/group-by.js';
import { listOf, uintLiteral, uuidLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import type { Dispute, DisputeStatus } from '../payment-providers/payment-provider.js';
import { PaymentEntity } from './payment.entity.js';
import type { ChangedPayment } from './payment-ledger.js';
import { keyOf, type PaymentName, type PaymentRow, type UnreadPayment } from './refunds.types.js';

const SELECT = `SELECT id, provider, transaction_id AS transactionId, order_id AS orderId, amount, currency,
  amount_refunded AS amountRefunded, refund_failed_at AS refundFailedAt, disputed_at AS disputedAt, dispute_id AS disputeId,
  dispute_status AS disputeStatus, dispute_reason AS disputeReason FROM payments`;

interface RawPayment extends Omit<PaymentRow, 'dispute'> {
  readonly disputedAt: string | null;
  readonly disputeId: string | null;
  /** Null also of a dispute that a version before has noted. */
  readonly disputeStatus: DisputeStatus | null;
  readonly disputeReason: string | null;
}

/** All SQL that changes the table `payments`. Reads `orders` too, for the numbers of those that were just made. */
@Injectable()
export class PaymentsRepository {
  constructor(@InjectRepository(PaymentEntity) private readonly payments: Repository<PaymentEntity>) {}

  /** Numbers of the orders of these payments, one for each, as of now; null where it has none. */
  async findOrderIds(names: readonly PaymentName[]): Promise<(number | null)[]> {
    const rows = await this.payments.query<(PaymentName & { order_id: number })[]>(
      `SELECT provider, transaction_id AS transactionId, order_id FROM payments WHERE order_id IS NOT NULL AND (${anyOf(names)})`,
    );
    const byName = new Map(rows.map((row) => [keyOf(row), row.order_id]));
    return names.map((name) => byName.get(keyOf(name)) ?? null);
  }

  /** The transactions of those payments that are known, read without a lock. */
  async findKnown(tx: Transaction, names: readonly PaymentName[]): Promise<Set<string>> {
    const [rows] = await tx.read<[Pick<PaymentName, 'transactionId'>[]]>(
      `SELECT transaction_id AS transactionId FROM payments WHERE ${anyOf(names)}`,
    );
    return new Set(rows.map(({ transactionId }) => transactionId));
  }

  /**
   * Inserts the payments of paid orders that this transaction has inserted, by their holds: their numbers are not known
   * before its COMMIT. In the order of their names, in which all do it.
   */
  insertOfHolds(tx: Transaction, provider: string, holdIds: readonly string[]): void {
    tx.write(
      `INSERT INTO payments (provider, transaction_id, order_id, amount, currency)
       SELECT ${escape(provider)}, o.paid_transaction_id, o.id, o.amount, o.currency FROM orders o
       WHERE o.hold_id IN ${listOf(holdIds, uuidLiteral)} ORDER BY o.paid_transaction_id`,
      holdIds.length,
    );
  }

  /** Locks payments in the order of their names. Who wants their orders too has locked those before. */
  async lock(tx: Transaction, names: readonly PaymentName[]): Promise<PaymentRow[]> {
    if (names.length === 0) return [];
    const [rows] = await tx.read<[RawPayment[]]>(
      `${SELECT} WHERE ${anyOf(names)} ORDER BY provider, transaction_id FOR UPDATE`,
    );
    return rows.map(toRow);
  }

  /** Reads the payments of orders without a lock: who calls this holds the lock of these orders. */
  async findByOrderIds(tx: Transaction, orderIds: readonly number[]): Promise<PaymentRow[]> {
    if (orderIds.length === 0) return [];
    const [rows] = await tx.read<[RawPayment[]]>(`${SELECT} WHERE order_id IN ${listOf(orderIds, uintLiteral)}`);
    return rows.map(toRow);
  }

  /**
   * Writes locked payments, and inserts those that had no row: of two transactions that insert the same one, the unique
   * key lets one win, and the other runs again and finds it. Who is reading a payment's refunds off the provider's list
   * finds by `refunds_due_at` that there was news: his list may be of before it.
   */
  write(tx: Transaction, payments: readonly ChangedPayment[]): void {
    const [old, made] = [payments.filter(({ id }) => id !== null), payments.filter(({ id }) => id === null)];
    for (const { id, orderId, amount, currency, amountRefunded, refundFailedAt, dispute, isUnread } of old) {
      tx.write(
        `UPDATE payments SET order_id = ${escape(orderId)}, amount = ${escape(amount)}, currency = ${escape(currency)},
           amount_refunded = ${escape(amountRefunded)}, refund_failed_at = ${escape(refundFailedAt)}
           ${dispute === null ? '' : changeOf(dispute)},
           refunds_due_at = ${isUnread ? 'NOW(3)' : 'IF(refunds_due_at IS NULL, NULL, NOW(3))'}
         WHERE id = ${uintLiteral(id!)}`,
        1,
      );
    }
    if (made.length === 0) return;
    const values = made.map(
      ({ provider, transactionId, orderId, amount, currency, amountRefunded, refundFailedAt, dispute, isUnread }) =>
        `(${escape([provider, transactionId, orderId, amount, currency, amountRefunded, refundFailedAt])},
          ${dispute === null ? 'NULL, NULL, NULL, NULL' : `NOW(3), ${escape(valuesOf(dispute))}`},
          ${isUnread ? 'NOW(3)' : 'NULL'})`,
    );
    tx.insert(
      `INSERT INTO payments (provider, transaction_id, order_id, amount, currency, amount_refunded, refund_failed_at,
         disputed_at, dispute_id, dispute_status, dispute_reason, refunds_due_at) VALUES ${values.join(',')}`,
    );
  }

  /** Disputes that the bank has not decided, as far as it is told of them; all are looked at, and they are few. */
  async countOpenDisputes(): Promise<number> {
    const [row] = await this.payments.query<{ count: string }[]>(
      `SELECT COUNT(*) AS count FROM payments
       WHERE disputed_at IS NOT NULL AND order_id IS NOT NULL AND dispute_status = 'open'`,
    );
    return Number(row!.count);
  }

  /** Payments of these providers whose refunds are to be read from their lists by now, those first that wait longest. */
  async findUnread(providers: readonly string[], limit: number): Promise<UnreadPayment[]> {
    if (providers.length === 0) return [];
    return this.payments.query<UnreadPayment[]>(
      `SELECT id, provider, transaction_id AS transactionId, order_id AS orderId, refunds_due_at AS dueAt FROM payments
       WHERE refunds_due_at <= NOW(3) AND provider IN ${listOf(providers, (name) => escape(name))}
       ORDER BY refunds_due_at LIMIT ${uintLiteral(limit)}`,
    );
  }

  /** Notes that the refunds of a locked payment were read. @returns false when there was news since it was found unread. */
  async markRead(tx: Transaction, { id, dueAt }: UnreadPayment): Promise<boolean> {
    const [rows] = await tx.read(
      `SELECT 1 FROM payments WHERE id = ${uintLiteral(id)} AND refunds_due_at = ${escape(dueAt)}`,
    );
    if (rows!.length === 0) return false;
    tx.write(`UPDATE payments SET refunds_due_at = NULL WHERE id = ${uintLiteral(id)}`, 1);
    return true;
  }

  /** Has the refunds of a payment that could not be read wait for another try; not when there was news since. */
  async readLater({ id, dueAt }: UnreadPayment, seconds: number): Promise<void> {
    await this.payments.query(
      `UPDATE payments SET refunds_due_at = NOW(3) + INTERVAL ${uintLiteral(seconds)} SECOND
       WHERE id = ${uintLiteral(id)} AND refunds_due_at = ${escape(dueAt)}`,
    );
  }

  /**
   * Deletes payments that nobody has told an order of for more than `days` days, and of which nothing is owed, oldest
   * first: in the order of the index that leads to those without an order, so that a step stops at its limit.
   */
  async deleteUnmatchedBefore(days: number, limit: number): Promise<number> {
    const result = await this.payments.query<ResultSetHeader>(
      `DELETE FROM payments WHERE order_id IS NULL AND amount IS NULL
         AND created_at < NOW(3) - INTERVAL ${uintLiteral(days)} DAY
         AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.order_id IS NULL AND r.transaction_id = payments.transaction_id)
       ORDER BY order_id, id LIMIT ${uintLiteral(limit)}`,
    );
    return result.affectedRows;
  }
}

function toRow({ disputedAt, disputeId: id, disputeStatus, disputeReason: reason, ...row }: RawPayment): PaymentRow {
  return { ...row, dispute: disputedAt === null ? null : { id, status: disputeStatus ?? 'open', reason } };
}

const valuesOf = ({ id, status, reason }: Dispute) => [id, status, reason];

function changeOf({ id, status, reason }: Dispute): string {
  return `, disputed_at = COALESCE(disputed_at, NOW(3)), dispute_id = ${escape(id)}, dispute_status = ${escape(status)},
    dispute_reason = ${escape(reason)}`;
}

/** By provider, so that the unique key finds them. */
function anyOf(names: readonly PaymentName[]): string {
  return [...groupBy(names, ({ provider }) => provider)]
    .map(([provider, group]) => {
      const transactions = new Set(group.map(({ transactionId }) => transactionId));
      return `provider = ${escape(provider)} AND transaction_id IN ${listOf(transactions, (id) => escape(id))}`;
    })
    .join(' OR ');
}

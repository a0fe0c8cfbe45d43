import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { escape } from 'mysql2';
import type { DataSource } from 'typeorm';
import { inCurrency } from '../../common/money.js';
import { narrowed, type RowRange, rowsIn } from '../../database/row-range.js';
import { listOf, uintLiteral, uuidFromBinary } from '../../database/sql.js';
import type { OrderStatus } from '../../orders/orders.types.js';
import type { KnownPayment, PaidFor } from './payment-comparison.js';

/** How long after its end an order's session may still be open at its provider, in seconds. */
const ENDED_WITHIN_SECONDS = 120;

const COLUMNS = `y.id, y.transaction_id AS transactionId, y.order_id AS orderId, y.amount, y.currency,
  y.amount_refunded AS amountRefunded, y.disputed_at IS NOT NULL AS isDisputed`;

type Raw = Omit<KnownPayment, 'isDisputed'> & { readonly id: number; readonly isDisputed: number };

type NumberedPayment = KnownPayment & { readonly id: number };

/** What is known here of payments that providers list. Reads `payments` and `orders`, and writes nothing. */
@Injectable()
export class PaymentReconciliationRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  async findByTransactions(provider: string, ids: readonly string[]): Promise<KnownPayment[]> {
    const rows = await this.database.query<Raw[]>(
      `SELECT ${COLUMNS} FROM payments y
       WHERE y.provider = ${escape(provider)} AND y.transaction_id IN ${listOf(ids, (id) => escape(id))}`,
    );
    return rows.map(toKnown);
  }

  /** The range by numbers alone (see `narrowed`). */
  narrow(range: RowRange): Promise<RowRange> {
    return narrowed(range, 'payments', (sql) => this.database.query(sql));
  }

  /** Payments of the range that somebody has told. */
  async findTold(provider: string, range: RowRange): Promise<NumberedPayment[]> {
    const rows = await this.database.query<Raw[]>(
      `SELECT ${COLUMNS} FROM payments y
       ${rowsIn(range, 'y', `y.provider = ${escape(provider)}`, 'y.amount IS NOT NULL')}`,
    );
    return rows.map(toKnown);
  }

  async findOrders(ids: readonly number[]): Promise<(PaidFor & { readonly holdId: string })[]> {
    const rows = await this.database.query<{ id: number; hold_id: Buffer; status: OrderStatus; is_settled: number }[]>(
      `SELECT id, hold_id, status, updated_at < NOW(3) - INTERVAL ${uintLiteral(ENDED_WITHIN_SECONDS)} SECOND AS is_settled
       FROM orders WHERE id IN ${listOf(ids, uintLiteral)}`,
    );
    return rows.map(({ id, hold_id, status, is_settled }) => {
      return { id, status, holdId: uuidFromBinary(hold_id), isSettled: is_settled === 1 };
    });
  }
}

function toKnown({ isDisputed, amount, amountRefunded, ...payment }: Raw): NumberedPayment {
  const inIts = (sum: string): string => (payment.currency === null ? sum : inCurrency(sum, payment.currency));
  const sums = { amount: amount === null ? null : inIts(amount), amountRefunded: inIts(amountRefunded) };
  return { ...payment, ...sums, isDisputed: isDisputed === 1 };
}

import { inCurrency } from '../common/money.js';
import type { Config } from '../config/config.js';
import { uintLiteral, uuidFromBinary } from '../database/sql.js';
import type { OrderRow } from './orders.types.js';

/** What the repositories of orders have in common. */

/** What decisions look at. */
export const ORDER_COLUMNS =
  'o.id, o.hold_id, o.status, o.cancel_reason, o.amount, o.currency, o.payment_due_at, o.due_at, o.processing_seconds, o.processing_at, o.created_at, ' +
  'o.paid_transaction_id, o.payment_provider, o.version';

/** What of an order the driver reads in another form than it is told in. */
export type Converted = Pick<OrderRow, 'hold_id' | 'amount' | 'currency'>;

/** An order as the driver reads it. */
export type RawOrder<Row extends Converted> = Omit<Row, 'hold_id' | 'currency'> & {
  hold_id: Buffer;
  currency: string | null;
};

export function toOrderRow<Row extends Converted>(raw: RawOrder<Row>, { payments }: Pick<Config, 'payments'>): Row {
  const currency = raw.currency ?? payments.currency;
  const told = { hold_id: uuidFromBinary(raw.hold_id), currency, amount: inCurrency(raw.amount, currency) };
  return { ...raw, ...told } as unknown as Row;
}

/** SQL of the instant so many seconds from now. */
export function fromNow(seconds: number): string {
  return `NOW(3) + INTERVAL ${uintLiteral(seconds)} SECOND`;
}

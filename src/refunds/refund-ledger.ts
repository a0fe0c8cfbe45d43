import type { NewRefund, RefundRow, RefundStatus } from './refunds.types.js';

interface Entry {
  readonly row: RefundRow | null;
  readonly refund: NewRefund;
  status: RefundStatus;
}

/**
 * The refunds of locked orders while a batch is being decided: starts from the rows, takes each decision in turn,
 * and at the end tells what is to be written. Valid only as long as the orders are locked.
 */
export class RefundLedger {
  private readonly entries: Map<string, Entry>;

  constructor(rows: readonly RefundRow[]) {
    this.entries = new Map(rows.map((row) => [nameOf(row), { row, refund: row, status: row.status }]));
  }

  /** The state of the payment's refund; undefined when none is owed. */
  statusOf(payment: Pick<NewRefund, 'orderId' | 'transactionId'>): RefundStatus | undefined {
    return this.entries.get(nameOf(payment))?.status;
  }

  /** What is to be given back of the payment, as far as it is known. */
  amountOf(payment: Pick<NewRefund, 'orderId' | 'transactionId'>): string | null {
    return this.entries.get(nameOf(payment))?.refund.amount ?? null;
  }

  /** Owes a payment back, once. */
  owe(refund: NewRefund): void {
    const name = nameOf(refund);
    if (!this.entries.has(name)) this.entries.set(name, { row: null, refund, status: 'due' });
  }

  /** Notes that a refund which is owed has reached the buyer. */
  confirm(payment: Pick<NewRefund, 'orderId' | 'transactionId'>): void {
    const entry = this.entries.get(nameOf(payment));
    if (entry === undefined) throw new Error(`No refund of ${payment.transactionId} is owed`);
    entry.status = 'confirmed';
  }

  /** Refunds that no row tells of yet, each with the state it has by now. */
  owed(): { refund: NewRefund; status: RefundStatus }[] {
    return [...this.entries.values()].filter(({ row }) => row === null);
  }

  /** Rows whose state changed to `confirmed`. */
  confirmed(): RefundRow[] {
    return [...this.entries.values()].flatMap(({ row, status }) =>
      row !== null && row.status !== status ? [row] : [],
    );
  }
}

function nameOf({ orderId, transactionId }: Pick<NewRefund, 'orderId' | 'transactionId'>): string {
  return `${orderId} ${transactionId}`;
}

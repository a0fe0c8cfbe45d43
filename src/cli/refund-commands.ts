import type { Config } from '../config/config.js';
import { isoTime } from '../database/sql.js';
import { readAll } from '../http/page.js';
import { RefundsService } from '../refunds/refunds.service.js';
import type { RefundOfPayment, RefundStatus } from '../refunds/refunds.types.js';
import { withServices } from './app-context.js';
import { print, printTable } from './output.js';

/** Prints all refunds, or those in one state, oldest first. */
export async function listRefunds(config: Config, status: RefundStatus | null): Promise<void> {
  const refunds = await withServices(config, (app) =>
    readAll((page) => app.get(RefundsService).listRefunds(status, page)),
  );
  if (refunds.length === 0) return print(status === null ? 'There are no refunds.' : `No refund is ${status}.`);
  printTable(refunds.map(toLine));
}

function toLine(refund: RefundOfPayment): Record<string, string | number | null> {
  return {
    id: refund.id,
    order: refund.orderId,
    cause: refund.cause,
    status: refund.status,
    amount: refund.amount ?? 'all',
    currency: refund.currency,
    paid: refund.amountPaid,
    back: refund.amountRefunded,
    provider: refund.provider,
    transaction: refund.transactionId,
    since: isoTime(refund.updatedAt),
    reason: refund.reason,
  };
}

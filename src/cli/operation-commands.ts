import { actOfCli } from '../access/operator.js';
import { PartlyDoneError } from '../common/sum-of-all.js';
import type { Config } from '../config/config.js';
import { Releasing } from '../holds/releasing/releasing.js';
import { Cancelling } from '../orders/settling/cancelling.js';
import { driftOf, StockAuditService, type StockProof } from '../operations/stock-audit.service.js';
import { Asking } from '../webhooks/deadlines/asking.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';
import { withServices } from './app-context.js';
import { CommandFailedError } from './command-failed.error.js';
import { print, printTable } from './output.js';

/**
 * Releases expired holds and cancels unpaid orders past their deadline, now.
 *
 * @throws CommandFailedError at the end, with what could not be done.
 */
export async function expireHolds(config: Config): Promise<void> {
  await withServices(config, async (app) => {
    const results = await Promise.allSettled([
      app.get(Releasing).releaseAllExpiredHolds(),
      app.get(Cancelling).cancelDueOrders(),
      app.get(Asking).askDue(),
    ]);
    const [released, cancelled, asked] = results.map(doneOf);
    print(`${released} expired holds released, ${cancelled} unpaid orders cancelled.`);
    if (asked !== 0) print(`${asked} unpaid orders whose providers were asked first.`);
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    if (failures.length > 0) throw new CommandFailedError(failures.join('\n'));
  });
}

function doneOf(result: PromiseSettledResult<number>): number {
  if (result.status === 'fulfilled') return result.value;
  return result.reason instanceof PartlyDoneError ? result.reason.done : 0;
}

/**
 * Applies payment notices that wait for an order which is there by now.
 *
 * @throws CommandFailedError at the end, with those that could not be decided.
 */
export async function reconcileNotices(config: Config): Promise<void> {
  await withServices(config, async (app) => {
    const [result] = await Promise.allSettled([app.get(WebhooksService).reconcilePendingNotices()]);
    print(`${doneOf(result)} waiting payment notices settled.`);
    if (result.status === 'rejected') throw new CommandFailedError(String(result.reason));
  });
}

/**
 * Recounts the stock identity and prints it; with `isRepairing`, moves drifted counters to what the rows prove.
 *
 * @throws CommandFailedError when counters drift and were not repaired.
 */
export async function auditStock(
  config: Config,
  { product, isRepairing }: { product?: number; isRepairing: boolean },
): Promise<void> {
  await withServices(config, async (app) => {
    const audit = app.get(StockAuditService);
    const proofs = await audit.auditStock(product);
    printTable(proofs.map(toAuditLine));
    const drifted = proofs.filter((proof) => driftOf(proof) > 0);
    if (drifted.length === 0) return print(`No drift in ${proofs.length} products.`);
    if (!isRepairing) {
      throw new CommandFailedError(
        `The counters of ${drifted.length} products drift; --repair moves them to what the rows prove.`,
      );
    }
    for (const { product_id } of drifted) {
      await audit.repairStock(actOfCli(), product_id);
      print(`Repaired product ${product_id}:`);
      printTable((await audit.auditStock(product_id)).map(toAuditLine));
    }
  });
}

function toAuditLine(proof: StockProof): Record<string, number> {
  return {
    product: proof.product_id,
    total: proof.stock_total,
    available: proof.stock_total - proof.stock_held - proof.stock_sold,
    held: proof.stock_held,
    'held by rows': proof.proven_held,
    sold: proof.stock_sold,
    'sold by rows': proof.proven_sold,
    drift: driftOf(proof),
  };
}

import type { Config } from '../config/config.js';
import { faultOfTime, TIME_PATTERN, TIME_RULE } from '../database/sql.js';
import { PaymentReconciliation } from '../operations/payments/payment-reconciliation.js';
import { withServices } from './app-context.js';
import { CommandFailedError } from './command-failed.error.js';
import { print, printTable } from './output.js';

/**
 * Compares our payments with what their providers list, and prints every difference.
 *
 * @throws CommandFailedError when there is one, or nobody to ask.
 */
export async function reconcilePayments(config: Config, { since }: { since: string }): Promise<void> {
  const fault = TIME_PATTERN.test(since) ? faultOfTime(since) : TIME_RULE;
  if (fault !== null) throw new CommandFailedError(`--since ${fault}.`);
  const { providers, differences, compared, others } = await withServices(config, (app) =>
    app.get(PaymentReconciliation).reconcile(new Date(since)),
  );
  if (providers.length === 0) {
    throw new CommandFailedError('No provider that lists payments is set up here: Stripe is with STRIPE_API_KEY.');
  }
  print(`${compared} payments compared with ${providers.join(', ')}; ${others} of the account are nobody's here.`);
  if (differences.length === 0) return print('Both sides say the same.');
  printTable(
    differences.map(({ kind, provider, transactionId, orderId, here, there }) => {
      return { difference: kind, provider, transaction: transactionId, order: orderId, here, there };
    }),
  );
  throw new CommandFailedError(`${differences.length} differences.`);
}

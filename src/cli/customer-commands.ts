import { actOfCli } from '../access/operator.js';
import { CUSTOMER_ID, CUSTOMER_ID_RULE } from '../common/customer-id.js';
import type { Config } from '../config/config.js';
import { Erasure } from '../operations/customers/erasure.js';
import { withServices } from './app-context.js';
import { CommandFailedError } from './command-failed.error.js';
import { print } from './output.js';

/** Forgets a customer wherever he is named. */
export async function eraseCustomer(config: Config, customerId: string): Promise<void> {
  if (!CUSTOMER_ID.test(customerId)) throw new CommandFailedError(`A customer's name ${CUSTOMER_ID_RULE}.`);
  await withServices(config, (app) => app.get(Erasure).eraseCustomer(actOfCli(), customerId));
  print('Nothing names the customer any more.');
}

import { actOfCli } from '../access/operator.js';
import type { Config } from '../config/config.js';
import { SalesService } from '../sales/sales.service.js';
import { withServices } from './app-context.js';
import { CommandFailedError } from './command-failed.error.js';
import { print } from './output.js';

/** Units of each size: the middle ones are gone after a few tries, and one is the last from the beginning. */
const STOCK_BY_SIZE = { '39': 12, '40': 24, '41': 30, '42': 30, '43': 18, '44': 1 };

/**
 * Makes a sale to look at: one thing in some sizes, which opens in a moment.
 *
 * @param seconds until it opens
 */
export async function makeDemoSale(config: Config, { in: seconds }: { in: number }): Promise<void> {
  if (config.appEnv === 'production') throw new CommandFailedError('A sale to look at is nothing for production.');
  const starts_at = new Date(Date.now() + seconds * 1000).toISOString();
  const sale = await withServices(config, async (app) => {
    const sales = app.get(SalesService);
    const { sale: made } = await sales.createSale(actOfCli(), { name: 'Comet Runner, first run', starts_at });
    for (const [size, stock_total] of Object.entries(STOCK_BY_SIZE)) {
      const product = { name: `Comet Runner, size ${size}`, price: '129.00', stock_total, sale_id: made.id };
      await sales.createProduct(actOfCli(), product);
    }
    return made;
  });
  print(`Sale ${sale.id} opens in ${seconds} seconds: look at /?sale=${sale.id} of the service.`);
}

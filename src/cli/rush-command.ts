import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createApp } from '../app.js';
import { isLoopback } from '../common/is-loopback.js';
import type { Config } from '../config/config.js';
import { rush, RUSH_BUYERS_MAX, type RushOutcome } from '../operations/rush/rush.js';
import { SaleClient } from '../operations/rush/sale-client.js';
import { StockAuditService } from '../operations/stock-audit.service.js';
import { withServices } from './app-context.js';
import { CommandFailedError } from './command-failed.error.js';
import { print, printTable } from './output.js';
import { rushPicture } from './rush-picture.js';

export interface RushOptions {
  readonly buyers: number;
  readonly units: number;
  /** Where a picture of it goes. */
  readonly svg?: string;
  readonly url?: string;
}

/**
 * Has so many buyers come at once for a product that is made for it, at a service of this machine, and says what became of
 * them: by the rows of the database, and not by what the buyers counted. Without `url` it starts a service for it.
 *
 * @throws CommandFailedError in production, for another machine's service, and when it sold more or less than there was.
 */
export async function rushCommand(config: Config, options: RushOptions): Promise<void> {
  const { buyers, units, url, svg } = options;
  if (config.appEnv === 'production') throw new CommandFailedError('A rush is for a local start, not for production.');
  if (buyers < 1 || buyers > RUSH_BUYERS_MAX) throw new CommandFailedError(`--buyers is 1 to ${RUSH_BUYERS_MAX}.`);
  if (url !== undefined && !isOfThisMachine(url)) throw new CommandFailedError(`${url} is not on this machine.`);
  const { outcome, tries } = await (url === undefined
    ? atOwnService(config, (own) => run(new SaleClient(own, config), config, options))
    : run(new SaleClient(url, config), config, options));
  tell(outcome);
  if (svg !== undefined) {
    await writeFile(svg, rushPicture(outcome, tries));
    print(`The picture is in ${svg}.`);
  }
  if (outcome.oversold > 0) throw new CommandFailedError(`Oversold by ${outcome.oversold}.`);
  if (outcome.sold < Math.min(units, buyers)) {
    const why = Object.entries(outcome.reasons).map(([code, count]) => `${count} ${code}`);
    throw new CommandFailedError(
      `Only ${outcome.sold} of ${units} units were sold, though ${buyers} wanted one: ${why.join(', ')}.`,
    );
  }
}

async function run(client: SaleClient, config: Config, { buyers, units }: RushOptions) {
  const name = `Rush ${new Date().toISOString()}`;
  const product = await client.createProduct({ name, price: '100', stock_total: units });
  if (product.status !== 201) throw new CommandFailedError(`No product was made: ${JSON.stringify(product.body)}`);
  const productId = product.body.id as number;
  try {
    print(`${buyers} buyers want one of ${units} units (product ${productId}) at ${client.url}`);
    return await withServices(config, (app) => {
      const prove = async (id: number) => (await app.get(StockAuditService).auditStock(id))[0]!;
      return rush(client, { productId, buyers }, prove);
    });
  } finally {
    // Buyers of the shop are not to find it in the list.
    await client.archiveProduct(productId);
  }
}

async function atOwnService<T>(config: Config, work: (url: string) => Promise<T>): Promise<T> {
  const app = await createApp({ ...config, logLevel: 'error' });
  try {
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return await work(`http://127.0.0.1:${port}`);
  } finally {
    await app.close();
  }
}

function isOfThisMachine(url: string): boolean {
  return URL.canParse(url) && isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}

function tell(outcome: RushOutcome): void {
  printTable([
    {
      buyers: outcome.buyers,
      units: outcome.units,
      'got one': outcome.sold,
      'told no': outcome.refused,
      'no answer': outcome.failed,
      oversold: outcome.oversold,
      'p50 ms': outcome.p50,
      'p99 ms': outcome.p99,
      seconds: outcome.seconds.toFixed(2),
    },
  ]);
}

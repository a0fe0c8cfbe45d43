import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../config/config.js';
import { EVENT_TYPES, type EventType } from '../events/events.types.js';
import { SCOPES } from '../http/route-rules.js';
import { ORDER_STATUSES } from '../orders/orders.types.js';
import { REFUND_STATUSES, type RefundStatus } from '../refunds/refunds.types.js';
import type { EarlyStart } from '../sales/sales.types.js';
import { applySale } from './apply-command.js';
import { type BuyerTokenOptions, makeBuyerToken } from './buyer-commands.js';
import { eraseCustomer } from './customer-commands.js';
import { migrate, resetDatabase, revertMigration, seed, waitForSchema } from './database-commands.js';
import { makeDemoSale } from './demo-command.js';
import { type ListenOptions, listen } from './listen-command.js';
import { createKey, listKeys, revokeKey } from './key-commands.js';
import { auditStock, expireHolds, reconcileNotices } from './operation-commands.js';
import { writeOpenApi } from './openapi-command.js';
import { cancelOrder, listOrders, returnOrder } from './order-commands.js';
import { reconcilePayments } from './payment-commands.js';
import { createProduct, archiveProduct, restockProduct } from './product-commands.js';
import { listFailedJobs, queueStatus, retryFailedJobs } from './queue-commands.js';
import { listRefunds } from './refund-commands.js';
import { type RushOptions, rushCommand } from './rush-command.js';
import { createSale, endSale, listSales, pauseSale, resumeSale } from './sale-commands.js';
import { testFlow } from './test-flow.js';

/** Every command of the CLI with its options; what it does is one function of its own file. */
export function registerCommands(program: Command, config: () => Config): void {
  program
    .command('migrate')
    .description('create the database if it is missing and bring its schema up to date')
    .option('--seed', 'then put the example products on sale')
    .action(async ({ seed: isSeeded }: { seed?: boolean }) => {
      await migrate(config());
      if (isSeeded) await seed(config());
    });
  program
    .command('migrate:revert')
    .description('take the newest migration back; deletes what it made')
    .option('--force', 'also in production')
    .action(({ force }: { force?: boolean }) => revertMigration(config(), force === true));
  program
    .command('migrate:wait')
    .description('wait until the schema is the one of this version, for what starts beside its migration')
    .option('--timeout <seconds>', 'fail when it is not there after so long', wholeNumber, 300)
    .action(({ timeout }: { timeout: number }) => waitForSchema(config(), timeout));
  program
    .command('seed')
    .description('put the example products on sale (product 1 has 10 units); existing ones stay as they are')
    .action(() => seed(config()));
  program
    .command('reset')
    .description('DELETE ALL DATA, then migrate and seed')
    .option('--force', 'also in production, or under a running service')
    .action(({ force }: { force?: boolean }) => {
      const url = process.env.SERVICE_URL;
      if (url !== undefined && force !== true) {
        throw new Error(`A service runs on this data (${url}): stop it first, or add --force.`);
      }
      return resetDatabase(config(), force === true);
    });
  program
    .command('products:create')
    .description('put a product on sale')
    .requiredOption('--name <name>', 'what buyers see')
    .requiredOption('--price <price>', 'decimal, such as 99.99')
    .requiredOption('--stock <units>', 'units on sale', wholeNumber)
    .option('--sku <sku>', 'the shop’s own name of it')
    .option('--sale <id>', 'number of the sale that it is part of', wholeNumber)
    .option('--max-per-customer <units>', 'what one customer may have of it', wholeNumber)
    .action((options: Parameters<typeof createProduct>[1]) => createProduct(config(), options));
  program
    .command('products:restock')
    .description('add units to a product on sale')
    .argument('<id>', 'number of the product', wholeNumber)
    .argument('<units>', 'units to add', wholeNumber)
    .action((id: number, units: number) => restockProduct(config(), id, units));
  program
    .command('products:archive')
    .description('take a product off sale: not listed, no holds; what is held goes on')
    .argument('<id>', 'number of the product', wholeNumber)
    .action((id: number) => archiveProduct(config(), id));
  program
    .command('buyers:token')
    .description(
      'make a token of a customer for trials, not in production; makes BUYER_TOKEN_JWKS_FILE where it is missing',
    )
    .requiredOption('--customer <id>', "the shop's name of the customer, such as c_42")
    .option('--limit-key <key>', 'what limits count by; the customer, unless it is said')
    .option('--groups <groups>', 'what the customer belongs to, separated by commas')
    .option('--ttl <seconds>', 'how long it is valid', wholeNumber, 3600)
    .action((options: BuyerTokenOptions) => makeBuyerToken(config(), options));
  program
    .command('test:flow')
    .description('walk hold, order and payment through the running service, or one of its own, and check each promise')
    .option('--url <url>', 'the service to walk through', process.env.SERVICE_URL)
    .action(({ url }: { url?: string }) => testFlow(config(), url));
  program
    .command('rush')
    .description('have many buyers come at once for a product that is made for it, and say what the database sold')
    .option('--buyers <count>', 'who want one unit each', wholeNumber, 1000)
    .option('--units <count>', 'that there are', wholeNumber, 100)
    .option('--svg <file>', 'also draw it')
    .option('--url <url>', 'a service of this machine', process.env.SERVICE_URL)
    .action((options: RushOptions) => rushCommand(config(), options));
  program
    .command('listen')
    .description('print what happens as it happens, and send it to an address, signed, for trials; until Ctrl-C')
    .option('--forward <url>', 'where to, such as http://localhost:4000/hook')
    .option('--secret <secret>', 'what to sign with; made up, and printed, unless it is said')
    .option('--types <types>', 'only events of these types, separated by commas', eventTypes)
    .action((options: ListenOptions) => listen(config(), options));
  registerSaleCommands(program, config);
  registerKeyCommands(program, config);
  registerOperationCommands(program, config);
}

function registerSaleCommands(program: Command, config: () => Config): void {
  program
    .command('sale:apply')
    .description('make a sale and its products as a file says, or bring them in line, by name and SKU')
    .argument('<file>', 'a .yaml or .csv file, such as docs/examples/drop.yaml')
    .option('--plan', 'only say what would be done')
    .action((path: string, options: { plan?: boolean }) => applySale(config(), path, options));
  program
    .command('sale:demo')
    .description('make a sale to look at: a sneaker in six sizes, which opens in a moment; not in production')
    .option('--in <seconds>', 'how long until it opens', wholeNumber, 30)
    .action((options: { in: number }) => makeDemoSale(config(), options));
  program
    .command('sales:create')
    .description('make a sale: a window of time for products')
    .requiredOption('--name <name>', 'what buyers see')
    .option('--starts <time>', 'with its offset from UTC, such as 2026-11-27T12:00:00Z; now without it')
    .option('--ends <time>', 'the same; without it the sale goes on until sales:end')
    .option('--max-per-customer <units>', 'what one customer may have over all its products', wholeNumber)
    .option('--early <group=time>', 'a group of buyers that begins before, such as members=…; for each one', earlyStart)
    .action((options: Parameters<typeof createSale>[1]) => createSale(config(), options));
  program
    .command('sales:list')
    .description('list all sales with their state')
    .action(() => listSales(config()));
  program
    .command('sales:pause')
    .description('grant no holds of a sale’s products until it is resumed; what is held goes on')
    .argument('<id>', 'number of the sale', wholeNumber)
    .action((id: number) => pauseSale(config(), id));
  program
    .command('sales:resume')
    .description('go on with a paused sale')
    .argument('<id>', 'number of the sale', wholeNumber)
    .action((id: number) => resumeSale(config(), id));
  program
    .command('sales:end')
    .description('end a sale now, for good; what is held goes on')
    .argument('<id>', 'number of the sale', wholeNumber)
    .action((id: number) => endSale(config(), id));
}

function registerKeyCommands(program: Command, config: () => Config): void {
  program
    .command('keys:create')
    .description('make an API key for a program; it is printed once')
    .requiredOption('--name <name>', 'who uses it')
    .requiredOption('--scopes <scopes>', `what it may do, separated by commas: ${SCOPES.join(', ')}`, (list) =>
      list.split(','),
    )
    .action((options: Parameters<typeof createKey>[1]) => createKey(config(), options));
  program
    .command('keys:list')
    .description('list the API keys, what each may do, and when it was last used')
    .action(() => listKeys(config()));
  program
    .command('keys:revoke')
    .description('end an API key, in every instance and for good')
    .argument('<id>', 'number of the key', wholeNumber)
    .action((id: number) => revokeKey(config(), id));
}

function registerOperationCommands(program: Command, config: () => Config): void {
  program
    .command('holds:expire')
    .description('release expired holds and cancel unpaid orders past their deadline, now')
    .action(() => expireHolds(config()));
  program
    .command('webhooks:reconcile')
    .description('apply payment notices that wait for an order which is there by now')
    .action(() => reconcileNotices(config()));
  program
    .command('stock:audit')
    .description('recount available, held and sold from the rows; fails when the counters drift')
    .option('--product <id>', 'only this product', wholeNumber)
    .option('--repair', 'move drifted counters to what the rows prove')
    .action(({ product, repair }: { product?: number; repair?: boolean }) =>
      auditStock(config(), { ...(product !== undefined && { product }), isRepairing: repair === true }),
    );
  program
    .command('orders:list')
    .description('list the newest orders, or those that are looked for')
    .addOption(new Option('--status <status>', 'only orders in this state').choices(ORDER_STATUSES))
    .option('--customer <id>', 'only those of this customer')
    .option('--reference <reference>', 'only those with the shop’s own number')
    .option('--transaction <id>', 'only those that this payment is for')
    .option('--disputed', 'only those of which a payment is disputed')
    .action((options: Parameters<typeof listOrders>[1]) => listOrders(config(), options));
  program
    .command('orders:cancel')
    .description('cancel an unpaid order')
    .argument('<order>', 'number of the order', wholeNumber)
    .action((id: number) => cancelOrder(config(), id));
  program
    .command('orders:return')
    .description('take units of a paid order back, and owe what they cost')
    .argument('<order>', 'number of the order', wholeNumber)
    .addOption(
      new Option('--restock <yes or no>', 'whether the units are on sale again, or leave the stock')
        .choices(['yes', 'no'])
        .makeOptionMandatory(),
    )
    .option('--quantity <units>', 'all that are left, unless it is given; 0: only money goes back', wholeNumber)
    .option('--amount <amount>', 'the price of the units, unless it is given')
    .action((id: number, options: Parameters<typeof returnOrder>[2]) => returnOrder(config(), id, options));
  program
    .command('customers:erase')
    .description('forget a customer: his name is replaced by a random one wherever it stands; figures stay')
    .argument('<customer>', 'the shop’s name of him')
    .action((customerId: string) => eraseCustomer(config(), customerId));
  program
    .command('refunds:list')
    .description('list the money that is owed back, and what became of it')
    .addOption(new Option('--status <status>', 'only refunds in this state').choices(REFUND_STATUSES))
    .action(({ status }: { status?: RefundStatus }) => listRefunds(config(), status ?? null));
  program
    .command('payments:reconcile')
    .description('compare our payments with what their providers list; fails on any difference, and changes nothing')
    .requiredOption('--since <time>', 'with its offset from UTC, such as 2026-11-27T12:00:00Z')
    .action((options: { since: string }) => reconcilePayments(config(), options));
  program
    .command('openapi')
    .description('write the OpenAPI document of the service to a file')
    .argument('[file]', 'where to', 'docs/openapi.json')
    .action((file: string) => writeOpenApi(config(), file));
  program
    .command('queue:status')
    .description('how many jobs wait, run and failed')
    .action(() => queueStatus(config()));
  program
    .command('queue:failed')
    .description('list the failed jobs with their reasons')
    .action(() => listFailedJobs(config()));
  program
    .command('queue:retry')
    .description('put a failed job, or all of them, back in line')
    .argument('[job]', 'number of the job; all without it')
    .action((job?: string) => retryFailedJobs(config(), job));
}

/** One more group with its start; what is wrong with them the sale says. */
function earlyStart(text: string, before: readonly EarlyStart[] = []): EarlyStart[] {
  const [group = '', ...time] = text.split('=');
  return [...before, { group, starts_at: time.join('=') }];
}

function eventTypes(text: string): EventType[] {
  const types = text.split(',') as EventType[];
  if (types.every((type) => EVENT_TYPES.includes(type))) return types;
  throw new InvalidArgumentError(`They are: ${EVENT_TYPES.join(', ')}.`);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

import { Command, InvalidArgumentError } from 'commander';
import type { Config } from '../config/config.js';
import { migrate, resetDatabase, revertMigration, seed } from './database-commands.js';
import { createProduct, restockProduct } from './product-commands.js';
import { testFlow } from './test-flow.js';

/** A command that ran and found something wrong; what it found is printed already. */
export class CommandFailedError extends Error {
  readonly exitCode = 1;
}

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
    .description('take the newest migration back')
    .action(() => revertMigration(config()));
  program
    .command('seed')
    .description('put the example products on sale (product 1 has 10 units); existing ones stay as they are')
    .action(() => seed(config()));
  program
    .command('reset')
    .description('DELETE ALL DATA, then migrate and seed')
    .option('--force', 'also in production')
    .action(({ force }: { force?: boolean }) => resetDatabase(config(), force === true));
  program
    .command('products:create')
    .description('put a product on sale')
    .requiredOption('--name <name>', 'what buyers see')
    .requiredOption('--price <price>', 'decimal, such as 99.99')
    .requiredOption('--stock <units>', 'units on sale', wholeNumber)
    .action((options: { name: string; price: string; stock: number }) => createProduct(config(), options));
  program
    .command('products:restock')
    .description('add units to a product on sale')
    .argument('<id>', 'number of the product', wholeNumber)
    .argument('<units>', 'units to add', wholeNumber)
    .action((id: number, units: number) => restockProduct(config(), id, units));
  program
    .command('test:flow')
    .description('walk hold, order and payment through the running service, or one of its own, and check each promise')
    .option('--url <url>', 'the service to walk through', process.env.SERVICE_URL)
    .action(({ url }: { url?: string }) => testFlow(config(), url));
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

import { actOfCli } from '../access/operator.js';
import type { Config } from '../config/config.js';
import { CreateSaleDto, toAdminSaleDto } from '../sales/dto/sale.dto.js';
import { SalesService } from '../sales/sales.service.js';
import { readAll } from '../http/page.js';
import type { EarlyStart, SaleWithProducts } from '../sales/sales.types.js';
import { withServices } from './app-context.js';
import { print, printTable } from './output.js';
import { validated } from './validated.js';

/** What operators do with sales from the command line. */

interface SaleOptions {
  readonly name: string;
  readonly starts?: string;
  readonly ends?: string;
  readonly maxPerCustomer?: number;
  readonly early?: readonly EarlyStart[];
}

export async function createSale(
  config: Config,
  { name, starts, ends, maxPerCustomer, early }: SaleOptions,
): Promise<void> {
  const given = {
    name,
    ...(starts !== undefined && { starts_at: starts }),
    ...(ends !== undefined && { ends_at: ends }),
    ...(maxPerCustomer !== undefined && { max_per_customer: maxPerCustomer }),
    ...(early !== undefined && { early }),
  };
  const wanted = await validated(CreateSaleDto, given);
  const made = await withServices(config, (app) => app.get(SalesService).createSale(actOfCli(), wanted));
  print(`Sale ${made.sale.id} is made. Products come into it with products:create --sale ${made.sale.id}.`);
  printSales([made]);
}

export async function listSales(config: Config): Promise<void> {
  const sales = await withServices(config, (app) => readAll((page) => app.get(SalesService).listSales(page, 'all')));
  if (sales.length === 0) print('There are no sales.');
  else printSales(sales);
}

export async function pauseSale(config: Config, id: number): Promise<void> {
  const sale = await withServices(config, (app) => app.get(SalesService).pauseSale(actOfCli(), id));
  print(`Sale ${id} is paused: no hold is granted until sales:resume ${id}.`);
  printSales([sale]);
}

export async function resumeSale(config: Config, id: number): Promise<void> {
  const sale = await withServices(config, (app) => app.get(SalesService).resumeSale(actOfCli(), id));
  print(`Sale ${id} is not paused.`);
  printSales([sale]);
}

export async function endSale(config: Config, id: number): Promise<void> {
  const sale = await withServices(config, (app) => app.get(SalesService).endSale(actOfCli(), id));
  print(`Sale ${id} has ended.`);
  printSales([sale]);
}

function printSales(sales: readonly SaleWithProducts[]): void {
  printTable(
    sales.map((sale) => {
      const { id, name, state, starts_at, ends_at, ended_at, terms, products } = toAdminSaleDto(sale);
      const { max_per_customer } = terms;
      return { id, name, state, starts_at, ends_at, ended_at, max_per_customer, products: products.length };
    }),
  );
}

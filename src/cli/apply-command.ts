import { readFile } from 'node:fs/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { actOfCli } from '../access/operator.js';
import { DomainError, ValidationError } from '../common/problem.js';
import type { Config } from '../config/config.js';
import { isoTime } from '../database/sql.js';
import { readAll } from '../http/page.js';
import { toColumns } from '../products/dto/product.dto.js';
import { ProductsService } from '../products/products.service.js';
import type { NewProduct, ProductChange, ProductRow } from '../products/products.types.js';
import { SalesService } from '../sales/sales.service.js';
import type { NewSale, SaleRow } from '../sales/sales.types.js';
import { withServices } from './app-context.js';
import { CommandFailedError } from './command-failed.error.js';
import { print } from './output.js';
import type { FileFault, Wanted } from './sale-entries.js';
import { BadSaleFileError, readSaleFile, type SaleFile } from './sale-file.js';
import { type Differences, differencesOfProduct, differencesOfSale, isStill, isStillSale } from './sale-plan.js';

/** What is there, of what a file speaks of. */
interface Found {
  readonly sale: SaleRow | null;
  /** Products of the sale that the file does not name. */
  readonly others: readonly ProductRow[];
  readonly bySku: ReadonlyMap<string, ProductRow>;
}

interface ProductStep {
  readonly wanted: NewProduct & { readonly sku: string };
  readonly row: ProductRow | null;
  readonly differences: Differences;
}

interface Plan {
  readonly sale: { readonly wanted: NewSale; readonly row: SaleRow | null; readonly differences: Differences };
  readonly products: readonly ProductStep[];
}

/**
 * Makes a sale and its products as a file has them, or brings them in line: the sale by its name, the products by their
 * SKUs. It says first what it will do; what is as it should be is left alone, so the same file again changes nothing.
 *
 * @throws BadSaleFileError before anything is changed; PreconditionFailedError where somebody else changed meanwhile what
 *   was looked at
 */
export async function applySale(config: Config, path: string, { plan: isOnlyPlan = false } = {}): Promise<void> {
  const file = await readSaleFile(path, await textOf(path));
  await withServices(config, async (app) => {
    const found = await find(app, file);
    const plan = planOf(app, path, file, found);
    tell(plan, found);
    const isDone = !hasDifferences(plan.sale) && !plan.products.some(hasDifferences);
    if (isDone) return print('All is as the file says: nothing was changed.');
    if (isOnlyPlan) return print('That would be done; with --plan nothing was.');
    await carryOut(app, plan);
    print('All is as the file says.');
  });
}

const hasDifferences = ({ differences }: { differences: Differences }): boolean => Object.keys(differences).length > 0;

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CommandFailedError(`"${path}" can not be read: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}

async function find(app: INestApplicationContext, { sale: { fields }, products }: SaleFile): Promise<Found> {
  const sales = await readAll((page) => app.get(SalesService).listSales(page, 'all'));
  const namesakes = sales.filter(({ sale }) => sale.name === fields.name);
  if (namesakes.length > 1) {
    const ids = namesakes.map(({ sale }) => sale.id).join(', ');
    throw new CommandFailedError(
      `Several sales are called "${fields.name}": ${ids}. Give the one that is meant a name of its own.`,
    );
  }
  const skus = products.map((product) => product.fields.sku);
  const rows = await app.get(ProductsService).findWithSkus(skus);
  const [known] = namesakes;
  return {
    sale: known?.sale ?? null,
    others: known?.products.filter(({ sku }) => sku === null || !skus.includes(sku)) ?? [],
    bySku: new Map(rows.map((row) => [row.sku!, row])),
  };
}

/** @throws BadSaleFileError where the service would refuse what the file asks for. */
function planOf(app: INestApplicationContext, path: string, { sale, products }: SaleFile, found: Found): Plan {
  const faults: FileFault[] = [];
  const noFault = <T>(of: Wanted<unknown>, work: () => T): T | null => {
    try {
      return work();
    } catch (error) {
      faults.push(...faultsIn(error, of));
      return null;
    }
  };
  const saleDifferences = noFault(sale, () => differencesOfSale(sale.fields, found.sale));
  const steps = products.map((product) => {
    const wanted = toColumns(product.fields);
    const row = found.bySku.get(wanted.sku) ?? null;
    const differences = noFault(product, () => {
      const price = app.get(ProductsService).payablePrice(wanted.price, row?.currency);
      return differencesOfProduct({ ...wanted, price }, row, found.sale?.id ?? null);
    });
    return { wanted, row, differences: differences ?? {} };
  });
  if (faults.length > 0) throw new BadSaleFileError(path, faults);
  return { sale: { wanted: sale.fields, row: found.sale, differences: saleDifferences! }, products: steps };
}

/** What the service has against a field stands in the field's line; all else in the entry's first. */
function faultsIn(error: unknown, { line, lines }: Wanted<unknown>): FileFault[] {
  if (!(error instanceof DomainError)) throw error;
  if (!(error instanceof ValidationError)) return [{ line, field: null, message: error.message }];
  return error.errors.map(({ field, message }) => ({ line: lines.get(field) ?? line, field, message }));
}

function tell({ sale, products }: Plan, { others }: Found): void {
  const { name } = sale.wanted;
  print(sentence(`sale "${name}"`, sale.row, toldOf(sale.row, sale.differences)));
  for (const { wanted, row, differences } of products) {
    const { sale_id, ...own } = differences;
    const moved = row === null || sale_id === undefined ? [] : [`sale ${shown(row.sale_id)} → "${name}"`];
    print(sentence(`product ${wanted.sku}`, row, [...toldOf(row, own), ...moved]));
  }
  for (const { id, sku, name: product } of others)
    print(`  stays   product ${sku ?? id} (${product}): in the sale, and not in the file`);
}

function sentence(what: string, row: object | null, told: readonly string[]): string {
  if (row === null) return `  make    ${what}: ${told.join(', ')}`;
  return told.length === 0 ? `  leave   ${what}: as it should be` : `  change  ${what}: ${told.join(', ')}`;
}

/** Each field that is to be another: as it is, and as it is to be. */
function toldOf(row: object | null, differences: Differences): string[] {
  const was = row as Record<string, unknown> | null;
  return Object.entries(differences)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => {
      const before = was === null ? '' : `${shown(was[field])} → `;
      return `${field.replace('is_', '')} ${before}${shown(value)}`;
    });
}

/** As a file would say it. */
function shown(value: unknown): string {
  if (value == null) return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/.test(text) ? isoTime(text) : text;
}

/** The sale first, since its products come into it. What was done stays done, should a later step fail. */
async function carryOut(app: INestApplicationContext, { sale, products }: Plan): Promise<void> {
  const sales = app.get(SalesService);
  const id = await bringSaleInLine(sales, sale);
  for (const { wanted, row, differences } of products) {
    if (row === null) await sales.createProduct(actOfCli(), { ...wanted, sale_id: id });
    else if (hasDifferences({ differences })) {
      const change: ProductChange & { sale_id?: number | null } = differences;
      await sales.changeProduct(
        actOfCli(),
        row.id,
        'sale_id' in change ? { ...change, sale_id: id } : change,
        isStill(row),
      );
    }
  }
}

async function bringSaleInLine(sales: SalesService, step: Plan['sale']): Promise<number> {
  const { wanted, row } = step;
  if (row === null) return (await sales.createSale(actOfCli(), wanted)).sale.id;
  if (hasDifferences(step)) await sales.changeSale(actOfCli(), row.id, wanted, isStillSale(row));
  return row.id;
}

import { actOfCli } from '../access/operator.js';
import type { Config } from '../config/config.js';
import { CreateProductDto, toColumns, toProductDto } from '../products/dto/product.dto.js';
import { ProductsService } from '../products/products.service.js';
import { SalesService } from '../sales/sales.service.js';
import { withServices } from './app-context.js';
import { print, printTable } from './output.js';
import { validated } from './validated.js';

interface ProductOptions {
  readonly name: string;
  readonly price: string;
  readonly stock: number;
  readonly sku?: string;
  readonly sale?: number;
  readonly maxPerCustomer?: number;
}

/** What operators do with products from the command line. */
export async function createProduct(
  config: Config,
  { name, price, stock, sku, sale, maxPerCustomer }: ProductOptions,
): Promise<void> {
  const wanted = {
    name,
    price,
    stock_total: stock,
    ...(sku !== undefined && { sku }),
    ...(sale !== undefined && { sale_id: sale }),
    ...(maxPerCustomer !== undefined && { max_per_customer: maxPerCustomer }),
  };
  const product = await validated(CreateProductDto, wanted);
  const row = await withServices(config, (app) => app.get(SalesService).createProduct(actOfCli(), toColumns(product)));
  print(`Product ${row.id} is on sale.`);
  printTable([{ ...toProductDto(row) }]);
}

export async function restockProduct(config: Config, id: number, units: number): Promise<void> {
  const row = await withServices(config, (app) => app.get(ProductsService).restockProduct(actOfCli(), id, units));
  print(`Product ${id} has ${units} more units.`);
  printTable([{ ...toProductDto(row) }]);
}

export async function archiveProduct(config: Config, id: number): Promise<void> {
  const row = await withServices(config, (app) =>
    app.get(ProductsService).changeProduct(actOfCli(), id, { is_archived: 1 }),
  );
  print(`Product ${id} is on sale no more.`);
  printTable([{ ...toProductDto(row) }]);
}

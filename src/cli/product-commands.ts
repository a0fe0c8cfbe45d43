import { validate } from 'class-validator';
import type { Config } from '../config/config.js';
import { CreateProductDto, toProductDto } from '../products/dto/product.dto.js';
import { ProductsService } from '../products/products.service.js';
import { withServices } from './app-context.js';
import { print, printTable } from './output.js';

/** What operators do with products from the command line. */
export async function createProduct(
  config: Config,
  { name, price, stock }: { name: string; price: string; stock: number },
): Promise<void> {
  const product = Object.assign(new CreateProductDto(), { name, price, stock_total: stock });
  const errors = await validate(product);
  if (errors.length > 0) {
    const rules = errors.flatMap(({ property, constraints }) =>
      Object.values(constraints ?? {}).map((rule) => (rule.startsWith(property) ? rule : `${property} ${rule}`)),
    );
    throw new Error(rules.join('; '));
  }
  const row = await withServices(config, (app) => app.get(ProductsService).createProduct(product));
  print(`Product ${row.id} is on sale.`);
  printTable([{ ...toProductDto(row) }]);
}

export async function restockProduct(config: Config, id: number, units: number): Promise<void> {
  const row = await withServices(config, (app) => app.get(ProductsService).restockProduct(id, units));
  print(`Product ${id} has ${units} more units.`);
  printTable([{ ...toProductDto(row) }]);
}

export async function archiveProduct(config: Config, id: number): Promise<void> {
  const row = await withServices(config, (app) => app.get(ProductsService).changeProduct(id, { is_archived: 1 }));
  print(`Product ${id} is on sale no more.`);
  printTable([{ ...toProductDto(row) }]);
}

import { extname } from 'node:path';
import { CreateProductDto } from '../products/dto/product.dto.js';
import { CreateSaleDto } from '../sales/dto/sale.dto.js';
import { CommandFailedError } from './command-failed.error.js';
import { entriesOfCsv } from './sale-csv.js';
import type { Entries, Entry, FileFault, Wanted } from './sale-entries.js';
import { entriesOfYaml } from './sale-yaml.js';
import { faultsOf } from './validated.js';

/** A product of a file is known by its SKU. */
type WantedProduct = Wanted<CreateProductDto & { readonly sku: string }>;

/** A sale as a file has it, with its products: every field of it is one that the API would take. */
export interface SaleFile {
  readonly sale: Wanted<CreateSaleDto>;
  readonly products: readonly WantedProduct[];
}

/** A file that nothing is done with; its message has a line for each fault. */
export class BadSaleFileError extends CommandFailedError {
  constructor(path: string, faults: readonly FileFault[]) {
    const said = faults.map(
      ({ line, field, message }) => `${path}, line ${line}: ${field === null ? '' : `${field} `}${message}`,
    );
    super(`${said.join('\n')}\nNothing was changed.`);
  }
}

/**
 * Reads a sale from YAML (`sale`, `products`) or from CSV (a line a product; columns that begin with `sale_` are the sale's,
 * and need be filled in once).
 *
 * @throws BadSaleFileError with everything that is wrong
 */
export async function readSaleFile(path: string, text: string): Promise<SaleFile> {
  const faults: FileFault[] = [];
  const { sale, products } = entriesOf(path, text, faults);
  if (faults.length > 0) throw new BadSaleFileError(path, faults);
  if (sale === null) throw new BadSaleFileError(path, [{ line: 1, field: null, message: 'tells of no sale' }]);
  await check(CreateSaleDto, sale, [], faults);
  for (const product of products) await check(CreateProductDto, product, ['sale_id'], faults);
  refuseRepeatedSkus(products, faults);
  if (faults.length > 0)
    throw new BadSaleFileError(
      path,
      faults.sort((a, b) => a.line - b.line),
    );
  return { sale: sale as unknown as Wanted<CreateSaleDto>, products: products as unknown as WantedProduct[] };
}

function entriesOf(path: string, text: string, faults: FileFault[]): Entries {
  switch (extname(path).toLowerCase()) {
    case '.yaml':
    case '.yml':
      return entriesOfYaml(text, faults);
    case '.csv':
      return entriesOfCsv(text, faults);
    default:
      throw new CommandFailedError(`"${path}" is neither a .yaml nor a .csv file.`);
  }
}

/** The rules of the API, and that a file's products are those of its sale. */
async function check<Dto extends object>(
  dto: new () => Dto,
  { fields, line, lines }: Entry,
  taken: readonly string[],
  faults: FileFault[],
): Promise<void> {
  const of = (field: string): number => lines.get(field) ?? line;
  for (const { field, message } of await faultsOf(dto, fields as Partial<Dto>))
    faults.push({ line: of(field), field, message });
  for (const field of taken.filter((name) => name in fields))
    faults.push({ line: of(field), field, message: 'is the sale of the file, and is not said' });
}

function refuseRepeatedSkus(products: readonly Entry[], faults: FileFault[]): void {
  const seen = new Map<unknown, number>();
  for (const { fields, line, lines } of products) {
    const { sku } = fields;
    const at = lines.get('sku') ?? line;
    if (sku == null) faults.push({ line: at, field: 'sku', message: 'is needed: by it the product is known' });
    else if (seen.has(sku))
      faults.push({ line: at, field: 'sku', message: `is the one of line ${seen.get(sku)}, too` });
    else seen.set(sku, at);
  }
}

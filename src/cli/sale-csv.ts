import { readCsv } from './csv.js';
import { type Entries, type Entry, type FileFault, TEXTS } from './sale-entries.js';

/** What begins so is of the sale. */
const OF_SALE = 'sale_';

/** What stands in a CSV file: a line a product, and what begins with `sale_` is the sale's, which need be said once. */
export function entriesOfCsv(text: string, faults: FileFault[]): Entries {
  const [head, ...rows] = linesOf(text, faults);
  if (head === undefined) return { sale: null, products: [] };
  const sale: Entry = { fields: {}, line: 1, lines: new Map() };
  const products = rows.map(({ line, cells }) => {
    if (cells.length > head.cells.length)
      faults.push({ line, field: null, message: 'has more cells than the first line has names' });
    const fields: Record<string, unknown> = {};
    for (const [column, name] of head.cells.entries()) {
      const cell = cells[column] ?? '';
      if (cell === '') continue;
      if (name.startsWith(OF_SALE)) sayOfSale(sale, name, valueOf(name.slice(OF_SALE.length), cell), line, faults);
      else fields[name] = valueOf(name, cell);
    }
    return { fields, line, lines: new Map(Object.keys(fields).map((name) => [name, line])) };
  });
  return { sale: Object.keys(sale.fields).length === 0 ? null : sale, products };
}

function linesOf(text: string, faults: FileFault[]) {
  try {
    return readCsv(text);
  } catch (error) {
    const [, line, message] = /^line (\d+): (.*)$/.exec((error as Error).message) ?? [];
    faults.push({ line: Number(line), field: null, message: message! });
    return [];
  }
}

/** Each line may say it again, and none may say otherwise. */
function sayOfSale({ fields, lines }: Entry, name: string, value: unknown, line: number, faults: FileFault[]): void {
  const field = name.slice(OF_SALE.length);
  if (field in fields && fields[field] !== value)
    faults.push({ line, field: name, message: `is not what line ${lines.get(field)} says` });
  if (field in fields) return;
  fields[field] = value;
  lines.set(field, line);
}

function valueOf(field: string, cell: string): unknown {
  if (TEXTS.has(field)) return cell;
  if (/^-?\d{1,15}$/.test(cell)) return Number(cell);
  return /^(?:true|false)$/i.test(cell) ? cell.toLowerCase() === 'true' : cell;
}

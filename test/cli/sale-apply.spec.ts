import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { applySale } from '../../src/cli/apply-command.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { SalesService } from '../../src/sales/sales.service.js';
import { capturePrinted, runCli } from '../support/cli.js';
import { countRows, query } from '../support/database.js';
import { ROOT } from '../support/documents.js';
import {
  adminHeaders,
  createHold,
  createProduct,
  createSale,
  inSeconds,
  type Product,
  type Sale,
  taken,
  unique,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

/** A sale with its products from a file, as a function; what it prints is kept. */
const folder = mkdtempSync(join(tmpdir(), 'sales-'));
let config: Config;
let service: Service;
const printed = capturePrinted();

beforeAll(async () => {
  config = loadConfig(process.env);
  service = await startService();
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string, name = 'drop.yaml'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const apply = async (text: string, name?: string, options?: { plan: boolean }): Promise<string> => {
  printed.text = '';
  await applySale(config, file(text, name), options);
  return printed.text;
};

async function saleCalled(name: string): Promise<Sale> {
  const [row] = await query<{ id: number }>('SELECT id FROM sales WHERE name = ?', [name]);
  return taken<Sale>(await service.call('GET', `/api/admin/sales/${row!.id}`, undefined, adminHeaders(service)), 200);
}

/** A file with two products, and changes of it. */
function drop(name: string, { price = '12.00', more = '' } = {}): string {
  return `sale:
  name: ${name}
  hold_seconds: 180
products:
  - sku: ${name}-a
    name: Poster
    price: ${price}
    stock_total: 100
    max_per_customer: 2
  - sku: ${name}-b
    name: Mug
    price: 8.5
    stock_total: 20
${more}`;
}

describe('sale:apply', () => {
  it.each(['drop.yaml', 'drop.csv'])('makes what docs/examples/%s says, and again changes nothing', async (example) => {
    const name = unique('drop');
    const text = readFileSync(join(ROOT, 'docs/examples', example), 'utf8')
      .replaceAll('Winter drop', name)
      .replaceAll(/sneaker-4\d|(?<=sku: |,)poster/g, (sku) => `${sku}-${name}`.slice(0, 64));
    expect(await apply(text, example)).toMatch(
      /make {4}sale "drop-[^]*(make {4}product [^]*){3}All is as the file says/,
    );
    const sale = await saleCalled(name);
    expect(sale).toMatchObject({ state: 'open', terms: { hold_seconds: 180, show_stock: 'few' } });
    expect(sale.products).toMatchObject([
      { name: 'Sneaker, size 42', price: '99.90', stock_total: 500, max_per_customer: 1 },
      { name: 'Sneaker, size 43', price: '99.90', stock_total: 400, max_per_customer: 1 },
      { name: 'Poster', price: '12.00', stock_total: 2000, max_per_customer: null },
    ]);
    const before = await countRows();
    expect(await apply(text, example)).toContain('nothing was changed');
    expect(await countRows()).toEqual(before);
  });

  it('brings in line what is there: fields that differ, products that are missing or elsewhere; buyers keep theirs', async () => {
    const name = unique('drop');
    await apply(drop(name));
    const { id, products } = await saleCalled(name);
    await createHold(service, { product_id: products[1]!.id, quantity: 2 });
    const elsewhere = await createProduct(service, {
      sku: unique('sku'),
      price: '5.00',
      stock_total: 9,
      archived: true,
    });
    const extra = await createProduct(service, { sale_id: id });
    const more = `  - { sku: ${elsewhere.sku}, name: ${elsewhere.name}, price: 5, stock_total: 10, archived: false }\n`;
    const told = await apply(drop(name, { price: '11.00', more }).replace('seconds: 180', 'seconds: 240'));
    expect(told).toContain(`change  sale "${name}": hold_seconds 180 → 240`);
    expect(told).toContain(`change  product ${name}-a: price 12.00 → 11.00`);
    expect(told).toContain(`leave   product ${name}-b: as it should be`);
    expect(told).toContain(
      `change  product ${elsewhere.sku}: stock_total 9 → 10, archived 1 → 0, sale none → "${name}"`,
    );
    expect(told).toContain(`stays   product ${extra.id} (${extra.name}): in the sale, and not in the file`);
    const sale = await saleCalled(name);
    expect(sale).toMatchObject({ id, terms: { hold_seconds: 240 } });
    const bySku = new Map(sale.products.map((product) => [product.sku, product]));
    expect(bySku.get(`${name}-a`)).toMatchObject({ price: '11.00' });
    expect(bySku.get(`${name}-b`)).toMatchObject({ available_stock: 18 });
    expect(bySku.get(elsewhere.sku)).toMatchObject({ id: elsewhere.id, stock_total: 10, archived: false });
    expect(bySku.get(null)).toMatchObject({ id: extra.id });
  });

  it('with --plan says what it would do, and does nothing', async () => {
    const name = unique('drop');
    const before = await countRows();
    const told = await apply(drop(name), 'drop.yaml', { plan: true });
    expect(told).toMatch(new RegExp(`make {4}sale "${name}": name ${name}, hold_seconds 180`));
    expect(told).toContain('with --plan nothing was');
    expect(await countRows()).toEqual(before);
    await apply(drop(name));
    expect(await apply(drop(name), 'drop.yaml', { plan: true })).toContain('All is as the file says');
  });

  it('takes times as the API does, and moves a start that is still to come', async () => {
    const name = unique('drop');
    const [start, later, end] = [inSeconds(3600), inSeconds(7200), inSeconds(9000)];
    const withTimes = (at: string): string =>
      drop(name).replace('  hold', `  starts_at: ${at}\n  ends_at: ${end}\n  hold`);
    await apply(withTimes(start));
    expect(await saleCalled(name)).toMatchObject({ state: 'scheduled', starts_at: start, ends_at: end });
    expect(await apply(withTimes(later))).toContain(`starts_at ${start} → ${later}`);
    expect(await saleCalled(name)).toMatchObject({ starts_at: later });
  });

  it('changes nothing the second time where the start was a moment past, which counts as now', async () => {
    const name = unique('drop');
    const text = drop(name).replace('  hold', `  starts_at: ${inSeconds(-30)}\n  hold`);
    await apply(text);
    expect(await saleCalled(name)).toMatchObject({ state: 'open' });
    expect(await apply(text)).toContain('nothing was changed');
  });

  it('reads a price in the currency that its product has, whatever CURRENCY is by now', async () => {
    const [euros, yen] = [unique('drop'), unique('drop')];
    const inYen = (price: string): string => drop(yen, { price }).replace('8.5', '850');
    await apply(drop(euros));
    config = loadConfig({ ...process.env, CURRENCY: 'JPY' });
    try {
      expect(await apply(drop(euros, { price: '11.50' }))).toContain('price 12.00 → 11.50');
      await apply(inYen('1200'));
    } finally {
      config = loadConfig(process.env);
    }
    const before = await countRows();
    await expect(apply(inYen('12.50').replace('180', '240'))).rejects.toThrow(/line 7: price .*as JPY has/);
    expect(await countRows()).toEqual(before);
  });

  it('leaves alone what somebody else changed between the look and the change', async () => {
    const name = unique('drop');
    await apply(drop(name));
    const { products } = await saleCalled(name);
    const change = SalesService.prototype.changeProduct;
    jest.spyOn(SalesService.prototype, 'changeProduct').mockImplementationOnce(async function (
      this: SalesService,
      ...call
    ) {
      const headers = adminHeaders(service);
      taken(await service.call('PATCH', `/api/admin/products/${products[0]!.id}`, { price: '3.00' }, headers), 200);
      return change.apply(this, call);
    });
    await expect(apply(drop(name, { price: '11.00' }))).rejects.toThrow(/is not as If-Match says/);
    expect((await saleCalled(name)).products[0]).toMatchObject({ price: '3.00' } satisfies Partial<Product>);
  });

  it('is a command, with the example of its help', async () => {
    const { code, output } = await runCli(['sale:apply', join(ROOT, 'docs/examples/drop.yaml'), '--plan']);
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('make    sale "Winter drop"') });
    const bad = await runCli(['sale:apply', file('sale: {}')]);
    expect(bad).toMatchObject({
      code: 1,
      output: expect.stringMatching(/drop\.yaml, line 1: name .*\n.*Nothing was changed/),
    });
  });
});

/** Files that nothing is done with, and what is said of each: the line, the field and what is wrong. */
const BAD_FILES: readonly [what: string, name: string, text: string, said: readonly RegExp[]][] = [
  ['no YAML', 'x.yaml', 'sale:\n  name: "open', [/line \d+: .*quote/i]],
  ['tabs', 'x.yaml', 'sale:\n\tname: x', [/line 2: .*tab/i]],
  ['a key twice', 'x.yaml', 'sale:\n  name: a\n  name: b', [/line 3: .*unique/i]],
  ['nothing', 'x.yaml', '', [/line 1: has no fields/]],
  ['a list', 'x.yaml', '- sale', [/line 1: has no fields/]],
  ['another key', 'x.yaml', 'sale: { name: a }\nproduct: []', [/line 2: "product" is neither/]],
  ['no sale', 'x.yaml', 'products: []', [/line 1: tells of no sale/]],
  ['a sale that is a name', 'x.yaml', 'sale: a', [/line 1: sale must have fields/]],
  [
    'products that are no list',
    'x.yaml',
    'sale: { name: a }\nproducts: { sku: a }',
    [/line 2: products must be a list/],
  ],
  [
    'a product that is a name',
    'x.yaml',
    'sale: { name: a }\nproducts:\n  - mug',
    [/line 3: a product must have fields/],
  ],
  [
    'fields that the API refuses, all of them',
    'x.yaml',
    'sale:\n  name: "  "\n  hold_seconds: 0\n  colour: red\nproducts:\n  - sku: a b\n    name: A\n    price: 1,50\n    stock_total: many\n    sale_id: 3\n',
    [
      /line 2: name must be more than blanks/,
      /line 3: hold_seconds must not be less than 1/,
      /line 4: colour is not known/,
      /line 6: sku must be 1 to 64/,
      /line 8: price must be/,
      /line 9: stock_total must be an integer/,
      /line 10: sale_id is the sale of the file/,
    ],
  ],
  [
    'a price without its product',
    'x.yaml',
    'sale: { name: a }\nproducts:\n  - price: 1',
    [/line 3: sku is needed/, /line 3: name is needed/, /line 3: stock_total is needed/],
  ],
  ['a naive time', 'x.yaml', 'sale:\n  name: a\n  starts_at: 2026-11-27T12:00:00', [/line 3: starts_at .*offset/]],
  [
    'times that are over',
    'x.yaml',
    'sale:\n  name: a\n  starts_at: 2020-01-01T00:00:00Z',
    [/line 3: starts_at is past/],
  ],
  [
    'a SKU twice',
    'x.csv',
    'sale_name,sku,name,price,stock_total\na,s,A,1,1\na,s,B,1,1',
    [/line 3: sku is the one of line 2, too/],
  ],
  [
    'two sales',
    'x.csv',
    'sale_name,sku,name,price,stock_total\na,s,A,1,1\nb,t,B,1,1',
    [/line 3: sale_name is not what line 2 says/],
  ],
  [
    'an unknown column',
    'x.csv',
    'sale_name,sku,name,price,stock_total,size\na,s,A,1,1,42',
    [/line 2: size is not known/],
  ],
  ['too many cells', 'x.csv', 'sale_name,sku,name,price,stock_total\na,s,A,1,1,1', [/line 2: has more cells/]],
  ['an open quote', 'x.csv', 'sale_name,sku,name,price,stock_total\na,s,"A,1,1', [/line 2: a quote/]],
  [
    'a name over two lines, and then a mistake',
    'x.csv',
    'sale_name,sku,name,price,stock_total\na,s,"A\nB",1,1\n,t,C,x,1',
    [/line 4: price/],
  ],
  ['nothing at all', 'x.csv', '', [/line 1: tells of no sale/]],
];

describe('a file', () => {
  it.each(BAD_FILES)('with %s changes nothing, and is told where', async (_what, name, text, said) => {
    const before = await countRows();
    const failure = await apply(text, name).catch((error: Error) => error.message);
    for (const line of said) expect(failure).toMatch(line);
    expect(failure.split('\n').slice(0, -1)).toHaveLength(said.length);
    expect(failure).toContain('Nothing was changed.');
    expect(await countRows()).toEqual(before);
  });

  it.each([
    [
      'semicolons and a mark of its encoding',
      '\ufeffsale_name;sku;name;price;stock_total\r\nNAME;SKU;Größe 42;12,5;3\r\n'.replace('12,5', '12.5'),
    ],
    ['empty lines, quotes and blanks', 'sale_name,sku,name,price,stock_total\n\nNAME,SKU,"Größe 42", 12.5 ,3\n\n'],
  ])('of a spreadsheet may have %s', async (_what, text) => {
    const [name, sku] = [unique('drop'), unique('sku')];
    await apply(text.replace('NAME', name).replace('SKU', sku), 'x.csv');
    expect((await saleCalled(name)).products).toMatchObject([
      { sku, name: 'Größe 42', price: '12.50', stock_total: 3 },
    ]);
  });

  it('may leave quotes away where a digit is a letter', async () => {
    const name = unique('drop');
    await apply(
      `sale: { name: ${name} }\nproducts:\n  - { sku: 00042${name}, name: 1984, price: 12.50, stock_total: 1 }\n`,
    );
    expect((await saleCalled(name)).products).toMatchObject([{ sku: `00042${name}`, name: '1984', price: '12.50' }]);
    await apply(
      `sale: { name: ${name} }\nproducts:\n  - { sku: 0042, name: 1_000, price: 1e1, stock_total: 1 }\n`,
    ).catch((error: Error) => expect(error.message).toMatch(/line 3: price/));
  });

  it('is refused where it asks for less than buyers have, or for a sale that has ended or is not the only one', async () => {
    const name = unique('drop');
    await apply(drop(name));
    const { id, products } = await saleCalled(name);
    await createHold(service, { product_id: products[1]!.id, quantity: 3 });
    await expect(apply(drop(name).replace('stock_total: 20', 'stock_total: 2'))).rejects.toThrow(
      /line 10: 3 units are held or sold/,
    );
    taken(await service.call('POST', `/api/admin/sales/${id}/end`, undefined, adminHeaders(service)), 200);
    await expect(apply(drop(name).replace('seconds: 180', 'seconds: 240'))).rejects.toThrow(/line 2: .*ended/);
    await createSale(service, { name });
    await expect(apply(drop(name))).rejects.toThrow(/Several sales are called/);
    await expect(applySale(config, join(folder, 'none.yaml'))).rejects.toThrow(/can not be read: ENOENT/);
    await expect(apply('', 'x.txt')).rejects.toThrow(/neither a \.yaml nor a \.csv/);
  });
});

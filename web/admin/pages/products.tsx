import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Refusal } from '../../shared/api.js';
import { Button } from '../../shared/button.js';
import { StockBar } from '../../shared/stock-bar.js';
import type { Field } from '../form.js';
import { Fields, textOf, Told } from '../form.js';
import { type Column, List } from '../list.js';
import { Code, Fact, Facts, Money, Name, Pending, units } from '../parts.js';
import { ask as question } from '../question.js';
import { goTo, linkTo } from '../router.js';
import { ask, change as changeRead, may, read } from '../session.js';
import type { ListedProduct, Product } from '../types.js';
import { isRushable, startRush } from './rush.js';

export const productColumns: readonly Column<ListedProduct>[] = [
  {
    head: 'Product',
    cell: ({ id, name, archived }) => (
      <>
        <a href={linkTo(`products/${id}`)}>
          <Name>{name}</Name>
        </a>
        {archived && <span class="soft"> archived</span>}
      </>
    ),
  },
  { head: 'SKU', cell: ({ sku }) => (sku === null ? null : <Code>{sku}</Code>) },
  { head: 'Price', cell: ({ price, currency }) => <Money amount={price} currency={currency} />, isFigure: true },
  { head: 'Left', cell: ({ available_stock }) => available_stock?.toLocaleString() ?? 'hidden', isFigure: true },
  { head: 'Total', cell: ({ stock_total }) => stock_total?.toLocaleString() ?? 'hidden', isFigure: true },
];

export function ProductsPage() {
  return (
    <div class="stack">
      <header class="page-head">
        <h1>Products</h1>
        {may('products') && (
          <Button kind="primary" onPress={() => createProduct(null)}>
            New product
          </Button>
        )}
      </header>
      <Fields
        fields={[
          {
            name: 'sku',
            label: 'Find by SKU',
            hint: 'Or its number. Archived products are found, too.',
            isRequired: true,
          },
        ]}
        isLine
        action="Find"
        onSubmit={async ({ sku = '' }) => goTo(`products/${await idOf(sku)}`)}
      />
      <List<ListedProduct>
        label="Products on sale"
        path="/api/products"
        idOf={({ id }) => id}
        empty="Nothing is on sale yet."
        columns={productColumns}
      />
    </div>
  );
}

/** Of the product that has the SKU; where none has, what may be a product's number is one. */
async function idOf(sku: string): Promise<number | string> {
  try {
    return (await read<Product>(`/api/admin/products/by-sku/${encodeURIComponent(sku)}`)).id;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'PRODUCT_NOT_FOUND') throw error;
    if (/^\d+$/.test(sku)) return sku;
    throw new Told('No product has this SKU. It is compared exactly, upper and lower case too.');
  }
}

const FIELDS: readonly Field[] = [
  { name: 'name', label: 'Name', isRequired: true },
  { name: 'price', label: 'Price', hint: 'With a point, such as 99.99.', isRequired: true },
  { name: 'stock_total', label: 'Units', type: 'number', min: 0, isRequired: true },
  { name: 'sku', label: 'SKU', hint: 'Your own name of it; no two products have the same. May be empty.' },
];

export function createProduct(saleId: number | null, onDone?: () => Promise<void>): void {
  question({
    title: saleId === null ? 'New product' : 'New product of this sale',
    fields: FIELDS,
    action: 'Put it on sale',
    run: async ({ name, price, stock_total, sku }, idempotencyKey) => {
      const rest = { ...(sku !== '' && { sku }), ...(saleId !== null && { sale_id: saleId }) };
      const body = { name, price, stock_total: Number(stock_total), ...rest };
      const made = await ask<Product>('POST', '/api/admin/products', { body, idempotencyKey });
      if (onDone === undefined) goTo(`products/${made.body.id}`);
      else await onDone();
      return `“${made.body.name}” is made, with ${units(made.body.stock_total)}.`;
    },
  });
}

interface Loaded {
  readonly product: Product;
  readonly etag: string;
}

export function ProductPage({ id }: { id: string }) {
  const loaded = useSignal<Loaded | null>(null);
  const failure = useSignal('');
  const load = async (): Promise<void> => {
    try {
      const answer = await ask<Product>('GET', `/api/admin/products/${id}`);
      loaded.value = { product: answer.body, etag: answer.headers.get('etag') ?? '' };
    } catch (error) {
      failure.value = textOf(error);
    }
  };
  useEffect(() => void load(), [id]);
  if (loaded.value === null) return <Pending failure={failure.value} onRetry={load} />;
  const { product } = loaded.value;
  const available = product.available_stock;
  return (
    <div class="stack wide-gap">
      <header class="page-head">
        <h1>
          <Name>{product.name}</Name>
        </h1>
        {product.archived && <p class="soft">Archived: not listed, and nobody gets a unit.</p>}
      </header>
      <section class="card" aria-label="Product">
        <StockBar
          label={`Stock of ${product.name}, in units`}
          units={{ available, taken: product.stock_total - available }}
        />
        <Facts>
          <Fact name="Number">{product.id}</Fact>
          <Fact name="SKU">{product.sku === null ? '–' : <Code>{product.sku}</Code>}</Fact>
          <Fact name="Price">
            <Money amount={product.price} currency={product.currency} />
          </Fact>
          <Fact name="Units in all">{product.stock_total.toLocaleString()}</Fact>
          <Fact name="One customer may have">
            {product.max_per_customer === null ? 'any number' : units(product.max_per_customer)}
          </Fact>
          <Fact name="Sale">
            {product.sale_id === null ? (
              'none: sold at any time'
            ) : (
              <a href={linkTo(`sales/${product.sale_id}`)}>Sale {product.sale_id}</a>
            )}
          </Fact>
        </Facts>
        {may('products') && <ProductActions loaded={loaded.value} onDone={load} />}
      </section>
      <p>
        <a href={linkTo('orders', { product_id: String(product.id) })}>Orders of this product</a>
      </p>
    </div>
  );
}

function ProductActions({ loaded, onDone }: { loaded: Loaded; onDone: () => Promise<void> }) {
  const { product, etag } = loaded;
  const change = (body: object): Promise<void> => changeRead(`/api/admin/products/${product.id}`, body, etag, onDone);
  const restock = (): void =>
    question({
      title: `Restock “${product.name}”`,
      body: <p>{units(product.available_stock)} are left now. Buyers can reserve what you add at once.</p>,
      fields: [
        {
          name: 'units',
          label: 'Units that come',
          hint: `Below 0: free units are taken away, ${product.available_stock.toLocaleString()} at most.`,
          type: 'number',
          isRequired: true,
        },
      ],
      action: 'Restock',
      run: async (values, idempotencyKey) => {
        const body = { units: Number(values.units) };
        const { body: now } = await ask<Product>('POST', `/api/admin/products/${product.id}/restock`, {
          body,
          idempotencyKey,
        });
        await onDone();
        return `${units(now.available_stock)} of “${now.name}” are left now, of ${now.stock_total.toLocaleString()}.`;
      },
    });
  const edit = (): void =>
    question({
      title: `Change “${product.name}”`,
      body: <p>A new price counts for holds that are made from now on.</p>,
      fields: [
        { name: 'name', label: 'Name', isRequired: true, value: product.name },
        { name: 'price', label: 'Price', isRequired: true, value: product.price },
        { name: 'sku', label: 'SKU', value: product.sku ?? '' },
        {
          name: 'max_per_customer',
          label: 'Units that one customer may have',
          hint: 'Empty: as many as there are.',
          type: 'number',
          min: 1,
          value: product.max_per_customer?.toString() ?? '',
        },
      ],
      action: 'Save',
      run: async ({ name, price, sku, max_per_customer }) => {
        const limit = max_per_customer === '' ? null : Number(max_per_customer);
        await change({ name, price, sku: sku === '' ? null : sku, max_per_customer: limit });
        return 'The product is changed.';
      },
    });
  const archive = (): void =>
    question({
      title: product.archived ? `Put “${product.name}” on sale again?` : `Archive “${product.name}”?`,
      body: product.archived ? (
        <p>{units(product.available_stock)} can be reserved again at once.</p>
      ) : (
        <p>
          {units(product.available_stock)} that are left can’t be reserved any more. Whoever holds or ordered units
          keeps them. You can put it on sale again.
        </p>
      ),
      action: product.archived ? 'Put it on sale' : 'Archive it',
      isDangerous: !product.archived,
      run: async () => {
        await change({ archived: !product.archived });
        return product.archived ? 'The product is on sale again.' : 'The product is archived.';
      },
    });
  return (
    <div class="actions">
      <Button kind="primary" onPress={restock}>
        Restock
      </Button>
      <Button onPress={edit}>Change</Button>
      {isRushable() && !product.archived && (
        <Button onPress={() => startRush(product, () => goTo('rush'))}>Start a rush</Button>
      )}
      <Button kind={product.archived ? 'plain' : 'danger'} onPress={archive}>
        {product.archived ? 'Put on sale again' : 'Archive'}
      </Button>
    </div>
  );
}

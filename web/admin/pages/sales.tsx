import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button } from '../../shared/button.js';
import { StockBar } from '../../shared/stock-bar.js';
import type { Field, Values } from '../form.js';
import { textOf } from '../form.js';
import { List, Table } from '../list.js';
import { Fact, Facts, Name, Pending, State, StateOfSale, Time } from '../parts.js';
import { ask as question } from '../question.js';
import { goTo, linkTo } from '../router.js';
import { ask, change, may, mayRead, read } from '../session.js';
import type { Overview, Product, Sale } from '../types.js';
import { createProduct, productColumns } from './products.js';
import { SaleActions } from './sale-actions.js';

const sumOf = (products: readonly Product[], units: (product: Product) => number): number =>
  products.filter(({ archived }) => !archived).reduce((sum, product) => sum + units(product), 0);

/** Held and sold together: a product's answer does not tell them apart. */
const stockOf = ({ products }: Sale) => {
  const available = sumOf(products, (product) => product.available_stock);
  return { available, taken: sumOf(products, (product) => product.stock_total) - available };
};

export function SalesPage() {
  return (
    <div class="stack">
      <header class="page-head">
        <h1>Sales</h1>
        {may('sales') && (
          <Button kind="primary" onPress={createSale}>
            New sale
          </Button>
        )}
      </header>
      <List<Sale>
        label="Sales"
        path="/api/admin/sales"
        idOf={({ id }) => id}
        empty="There is no sale yet. A sale is a window of time in which its products can be bought."
        columns={[
          {
            head: 'Sale',
            cell: ({ id, name }) => (
              <a href={linkTo(`sales/${id}`)}>
                <Name>{name}</Name>
              </a>
            ),
          },
          { head: 'State', cell: ({ state }) => <State state={state} /> },
          { head: 'Starts', cell: ({ starts_at }) => <Time at={starts_at} /> },
          { head: 'Ends', cell: ({ ended_at, ends_at }) => <Time at={ended_at ?? ends_at} /> },
          { head: 'Products', cell: ({ products }) => products.length.toLocaleString(), isFigure: true },
          { head: 'Units left', cell: (sale) => stockOf(sale).available.toLocaleString(), isFigure: true },
        ]}
      />
    </div>
  );
}

const local = (time: string | null): string => {
  if (time === null) return '';
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
};

const fieldsOf = (sale: Sale | null): Field[] => [
  { name: 'name', label: 'Name', isRequired: true, value: sale?.name ?? '' },
  ...(sale === null || sale.state === 'scheduled'
    ? [
        {
          name: 'starts_at',
          label: 'Starts',
          hint: sale === null ? 'In your time zone. Empty: now.' : 'In your time zone.',
          type: 'datetime-local' as const,
          isRequired: sale !== null,
          value: local(sale?.starts_at ?? null),
        },
      ]
    : []),
  {
    name: 'ends_at',
    label: 'Ends',
    hint: 'In your time zone. Empty: when somebody ends it.',
    type: 'datetime-local',
    value: local(sale?.ends_at ?? null),
  },
  {
    name: 'max_per_customer',
    label: 'Units that one customer may have',
    hint: 'Over all its products. Empty: as many as there are.',
    type: 'number',
    min: 1,
    value: sale?.terms.max_per_customer?.toString() ?? '',
  },
];

const instant = (value: string): string | null => (value === '' ? null : new Date(value).toISOString());

/**
 * A time as it was filled in, or nothing where it is as the form showed it: that has no milliseconds, and means the first of
 * the two hours when clocks are put back, so that to send it would move what nobody touched.
 */
function timeOf(name: 'starts_at' | 'ends_at', values: Values, sale: Sale | null): object {
  const text = values[name];
  if (text === undefined || instant(text) === instant(local(sale?.[name] ?? null))) return {};
  return { [name]: instant(text) };
}

/** @param sale what is changed; null: a new one is made. */
function bodyOf(values: Values, sale: Sale | null): object {
  const { name, max_per_customer } = values;
  return {
    name,
    ...timeOf('starts_at', values, sale),
    ...timeOf('ends_at', values, sale),
    max_per_customer: max_per_customer === '' ? null : Number(max_per_customer),
  };
}

function createSale(): void {
  question({
    title: 'New sale',
    fields: fieldsOf(null),
    action: 'Make the sale',
    run: async (values, idempotencyKey) => {
      const { body } = await ask<Sale>('POST', '/api/admin/sales', { body: bodyOf(values, null), idempotencyKey });
      goTo(`sales/${body.id}`);
      return `“${body.name}” is made. It has no products yet.`;
    },
  });
}

function changeSale(sale: Sale, etag: string, onDone: () => Promise<void>): void {
  question({
    title: `Change “${sale.name}”`,
    fields: fieldsOf(sale),
    action: 'Save',
    run: async (values) => {
      await change(`/api/admin/sales/${sale.id}`, bodyOf(values, sale), etag, onDone);
      return 'The sale is changed.';
    },
  });
}

export function SalePage({ id }: { id: string }) {
  const sale = useSignal<Sale | null>(null);
  const etag = useSignal('');
  const failure = useSignal('');
  const overview = useSignal<Overview | null>(null);
  const load = async (): Promise<void> => {
    try {
      const answer = await ask<Sale>('GET', `/api/admin/sales/${id}`);
      if (mayRead('read')) overview.value = await read<Overview>('/api/admin/overview');
      [sale.value, etag.value] = [answer.body, answer.headers.get('etag') ?? ''];
    } catch (error) {
      failure.value = textOf(error);
    }
  };
  useEffect(() => void load(), [id]);
  const shown = sale.value;
  if (shown === null) return <Pending failure={failure.value} onRetry={load} />;
  // Those that ended long ago are not in the overview, and a key may not read it.
  const known = overview.value?.sales.find((one) => one.id === shown.id);
  const { available, held } = known ?? { ...stockOf(shown), held: null };
  return (
    <div class="stack wide-gap">
      <header class="page-head">
        <div>
          <h1>
            <Name>{shown.name}</Name>
          </h1>
          <p>
            <StateOfSale state={shown.state} />
          </p>
        </div>
        {may('sales') && shown.state !== 'ended' && (
          <Button onPress={() => changeSale(shown, etag.value, load)}>Change</Button>
        )}
      </header>
      <section class="card" aria-label="Stock and window">
        <StockBar label={`Stock of ${shown.name}, in units`} units={known ?? stockOf(shown)} />
        <Facts>
          <Fact name="Starts">
            <Time at={shown.starts_at} />
          </Fact>
          <Fact name={shown.ended_at === null ? 'Ends' : 'Ended'}>
            {shown.ended_at === null && shown.ends_at === null ? (
              'when somebody ends it'
            ) : (
              <Time at={shown.ended_at ?? shown.ends_at} />
            )}
          </Fact>
          <Fact name="A hold lasts">{shown.terms.hold_seconds.toLocaleString()} seconds</Fact>
          <Fact name="An order is due after">{shown.terms.payment_seconds.toLocaleString()} seconds</Fact>
          <Fact name="One customer may have">
            {shown.terms.max_per_customer === null ? 'any number' : `${shown.terms.max_per_customer} units`}
          </Fact>
        </Facts>
        <SaleActions sale={{ ...shown, available, held }} rates={overview.value?.rates ?? null} onDone={load} />
      </section>
      <section class="stack" aria-labelledby="products-of-sale">
        <header class="page-head">
          <h2 id="products-of-sale" class="small-title">
            Products
          </h2>
          {may('products') && shown.state !== 'ended' && (
            <Button onPress={() => createProduct(shown.id, load)}>Add a product</Button>
          )}
        </header>
        {shown.products.length === 0 ? (
          <p class="empty">Nothing can be bought yet: add a product.</p>
        ) : (
          <Table label="Products of the sale" columns={productColumns} items={shown.products} idOf={(one) => one.id} />
        )}
        <p>
          <a href={linkTo('orders', { sale_id: String(shown.id) })}>Orders of this sale</a>
        </p>
      </section>
    </div>
  );
}

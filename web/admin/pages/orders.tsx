import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Fields } from '../form.js';
import { type Column, List, Table } from '../list.js';
import { Money, Name, State, Time } from '../parts.js';
import { goTo, linkTo, place } from '../router.js';
import { read } from '../session.js';
import { StateFilter } from '../state-list.js';
import type { Order, Page } from '../types.js';
import { Refusal } from '../../shared/api.js';

const COLUMNS: readonly Column<Order>[] = [
  { head: 'Order', cell: ({ order_id }) => <a href={linkTo(`orders/${order_id}`)}>{order_id}</a> },
  { head: 'State', cell: (order) => <OrderState order={order} /> },
  { head: 'Product', cell: ({ product_name }) => <Name>{product_name}</Name> },
  { head: 'Units', cell: ({ quantity }) => quantity.toLocaleString(), isFigure: true },
  { head: 'Amount', cell: ({ amount, currency }) => <Money amount={amount} currency={currency} />, isFigure: true },
  { head: 'Customer', cell: ({ customer_id }) => (customer_id === null ? null : <Name>{customer_id}</Name>) },
  { head: 'Reference', cell: ({ reference }) => (reference === null ? null : <Name>{reference}</Name>) },
  { head: 'Made', cell: ({ created_at }) => <Time at={created_at} /> },
];

const STATES = {
  '': 'any',
  pending_payment: 'pending payment',
  paid: 'paid',
  cancelled: 'cancelled',
  refund_due: 'refund due',
  refunded: 'refunded',
};

/** Filters that links of other pages set, beside those that have a field. */
const FILTERS = ['status', 'disputed', 'sale_id', 'product_id', 'reference', 'customer_id', 'transaction_id'];
const FIELDS = ['status', 'disputed'];

export function OrdersPage() {
  const { query } = place.value;
  const tries = useSignal(0);
  const sought = query.get('q');
  const filters = Object.fromEntries([...query].filter(([name, value]) => FILTERS.includes(name) && value !== ''));
  return (
    <div class="stack">
      <h1>Orders</h1>
      <Fields
        fields={[
          {
            name: 'q',
            label: 'Find an order',
            hint: 'By its number, reference, customer, transaction, hold or payment reference: whatever the caller can name.',
            value: sought ?? '',
            isRequired: true,
          },
        ]}
        isLine
        action="Find"
        onSubmit={({ q = '' }) => {
          // The address stays as it is where the same is sought once more.
          if (q === sought) tries.value++;
          else goTo('orders', { q });
          return Promise.resolve();
        }}
      />
      {sought !== null ? <Found key={`${tries.value} ${sought}`} text={sought} /> : <Filtered filters={filters} />}
    </div>
  );
}

function Filtered({ filters }: { filters: Readonly<Record<string, string>> }) {
  const named = Object.entries(filters).filter(([name]) => !FIELDS.includes(name));
  return (
    <>
      <StateFilter
        states={STATES}
        status={filters.status ?? ''}
        onChange={(status) => goTo('orders', { ...filters, status })}
      >
        <label class="check">
          <input
            type="checkbox"
            checked={filters.disputed !== undefined}
            onChange={({ currentTarget: { checked } }) =>
              goTo('orders', { ...filters, disputed: checked ? 'true' : '' })
            }
          />
          Disputed
        </label>
        {named.map(([name, value]) => (
          <span key={name}>
            {name.replaceAll('_', ' ').replace(' id', '')} <Name>{value}</Name>
          </span>
        ))}
        {named.length > 0 && <a href={linkTo('orders')}>All orders</a>}
      </StateFilter>
      <List<Order>
        label="Orders"
        path="/api/admin/orders"
        query={filters}
        idOf={({ order_id }) => order_id}
        empty="There are no such orders."
        columns={COLUMNS}
      />
    </>
  );
}

/** Whether the bank is asked for the money, as far as anybody has told. */
export function isDisputed(payment: Order['payment']): boolean {
  return payment !== null && payment.disputed_at !== null && (payment.dispute_status ?? 'open') === 'open';
}

/** With the dispute that is open, since it is not over for the shop whatever the order's state. */
export function OrderState({ order: { status, payment } }: { order: Order }) {
  return (
    <>
      <State state={status} />
      {isDisputed(payment) && (
        <>
          {' '}
          <State state="disputed" />
        </>
      )}
    </>
  );
}

interface Way {
  readonly name: string;
  readonly form: RegExp;
  /** The filter of the list; null: the order's own path. */
  readonly filter: string | null;
}

/** Everything that a caller on the phone can name, with the form that it has. */
const WAYS: readonly Way[] = [
  { name: 'number', form: /^[1-9]\d{0,14}$/, filter: null },
  { name: 'payment reference', form: /^[1-9]\d{0,14}-[a-z2-7]{16}$/, filter: 'payment_reference' },
  { name: 'hold', form: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i, filter: 'hold_id' },
  { name: 'reference', form: /^[^\p{Cc}]{1,64}$/u, filter: 'reference' },
  { name: 'customer', form: /^[\x21-\x7e]{1,128}$/, filter: 'customer_id' },
  { name: 'transaction', form: /^[\x21-\x7e]{1,255}$/, filter: 'transaction_id' },
];

interface FoundBy {
  readonly way: Way;
  readonly orders: readonly Order[];
  readonly hasMore: boolean;
}

/** All ways are tried: a number may be an order's, and another one's reference. */
function Found({ text }: { text: string }) {
  const found = useSignal<readonly FoundBy[] | null>(null);
  const isBroken = useSignal(false);
  useEffect(() => {
    let isLeft = false;
    Promise.all(WAYS.filter(({ form }) => form.test(text)).map((way) => lookUp(way, text)))
      .then((all) => {
        if (isLeft) return;
        found.value = all.filter(({ orders }) => orders.length > 0);
        const [first] = found.value;
        // The only one there is is what was looked for.
        const ids = new Set(found.value.flatMap(({ orders }) => orders.map(({ order_id }) => order_id)));
        if (ids.size === 1 && first?.hasMore === false) location.replace(linkTo(`orders/${[...ids][0]}`));
      })
      .catch(() => {
        isBroken.value = true;
      });
    return () => {
      isLeft = true;
    };
  }, [text]);
  if (isBroken.value) return <p role="alert">No answer came. Try again.</p>;
  if (found.value === null) return <p role="status">Looking…</p>;
  if (found.value.length === 0)
    return (
      <p class="empty" role="status">
        No order has “<bdi>{text}</bdi>” as its number, reference, customer, transaction, hold or payment reference. All
        are compared exactly, upper and lower case too.
      </p>
    );
  return (
    <>
      {found.value.map(({ way, orders, hasMore }) => (
        <section key={way.name} class="stack" aria-label={`Found by ${way.name}`}>
          <h2 class="small-title">By {way.name}</h2>
          <Table label={`Orders by ${way.name}`} columns={COLUMNS} items={orders} idOf={({ order_id }) => order_id} />
          {hasMore && way.filter !== null && <a href={linkTo('orders', { [way.filter]: text })}>Show all of them</a>}
        </section>
      ))}
    </>
  );
}

async function lookUp(way: Way, text: string): Promise<FoundBy> {
  if (way.filter === null) return { way, orders: await one(text), hasMore: false };
  const query = new URLSearchParams({ [way.filter]: text, order: 'desc' }).toString();
  const { items, next_cursor } = await read<Page<Order>>(`/api/admin/orders?${query}`);
  return { way, orders: items, hasMore: next_cursor !== null };
}

async function one(id: string): Promise<Order[]> {
  try {
    return [await read<Order>(`/api/admin/orders/${id}`)];
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return [];
    throw error;
  }
}

// What is on sale, as it changes.

import { computed, signal } from '@preact/signals';
import { call } from '../shared/api.js';
import type { Page, Product, Sale } from '../shared/api-types.js';
import { now, setServerTime } from '../shared/clock.js';
import { watch } from '../shared/live.js';

/** What is shown at once: a sale, or, with null, all that is sold at any time. */
export interface Shelf {
  readonly sale: Sale | null;
  readonly products: readonly Product[];
}

/** As many as a page of the API has. */
const LISTED = 100;

/** How often sales are looked for while there is nothing to show. */
const SALES_AGAIN_MS = 5000;

/** In the address, in place of a sale's number. */
const NO_SALE = '0';

export const sales = signal<readonly Sale[]>([]);
/** Null until the shop has answered for the first time. */
export const shelf = signal<Shelf | null>(null);
/** Whether what is shown is out of date. */
export const isLost = signal(false);
const wantedId = signal<number | null>(null);

/** The product that the buyer looks at. */
export const chosen = computed<Product | null>(() => {
  const products = shelf.value?.products ?? [];
  const wanted = products.find(({ id }) => id === wantedId.value);
  return wanted ?? products.find((product) => hasUnits(product)) ?? products[0] ?? null;
});

/** Of the sale that is shown, at this very moment: the start is not waited for to be told. */
export const saleState = computed<Sale['state']>(() => {
  const sale = shelf.value?.sale;
  if (sale == null) return 'open';
  if (sale.ends_at !== null && now.value >= Date.parse(sale.ends_at)) return 'ended';
  return sale.state === 'scheduled' && now.value >= Date.parse(sale.starts_at) ? 'open' : sale.state;
});

/** Whether there are products beside those of sales. */
export const hasLoose = signal(false);

let end = (): void => undefined;
let salesReadAt = 0;

export function choose(productId: number): void {
  wantedId.value = productId;
}

export function hasUnits({ available_stock, availability }: Product): boolean {
  return availability === undefined ? available_stock !== 0 : availability !== 'none';
}

/** Shows a sale, or, with null, what is sold at any time. */
function show(sale: Sale | null, loose: readonly Product[] = []): void {
  end();
  wantedId.value = null;
  shelf.value = sale === null ? { sale, products: loose } : { sale, products: sale.products };
  const lost = (is: boolean): void => void (isLost.value = is);
  end =
    sale === null
      ? watch<Page<Product>>(`/api/products?limit=${LISTED}`, { heard: hearProducts, lost }, false)
      : watch<Sale>(`/api/sales/${sale.id}`, { heard: hearSale, lost });
}

/** Reads what there is, and shows the sale that the address names, or the one that is nearest. */
export async function openShop(): Promise<void> {
  const fresh = { isFresh: true };
  salesReadAt = Infinity;
  const [saleList, productList] = await Promise.all([
    call<Page<Sale>>('GET', `/api/sales?limit=${LISTED}`, fresh),
    call<Page<Product>>('GET', `/api/products?limit=${LISTED}`, fresh),
  ]).finally(() => (salesReadAt = Date.now()));
  const found = saleList.body.items;
  const loose = looseOf(productList.body.items);
  if (found[0] !== undefined) setServerTime(Date.parse(found[0].server_time));
  sales.value = found;
  hasLoose.value = loose.length > 0;
  const asked = new URLSearchParams(location.search).get('sale');
  const sale = found.find(({ id }) => String(id) === asked);
  show(asked === NO_SALE && loose.length > 0 ? null : (sale ?? nearest(found, loose)), loose);
}

/** Looks again, for the buyer who wants another sale. */
export async function showSale(id: number | null): Promise<void> {
  if (id === null) {
    const { body } = await call<Page<Product>>('GET', `/api/products?limit=${LISTED}`);
    show(null, looseOf(body.items));
  } else {
    const { body } = await call<Sale>('GET', `/api/sales/${id}`);
    show(body);
  }
  history.replaceState(null, '', `/?sale=${id ?? NO_SALE}`);
}

function hearProducts({ items }: Page<Product>): void {
  const products = looseOf(items);
  shelf.value = { sale: null, products };
  // A sale that was made meanwhile shows up, too. Where nobody answers it is looked for again with the products.
  const isDue = products.length === 0 && Date.now() - salesReadAt > SALES_AGAIN_MS;
  if (isDue) void openShop().catch(() => undefined);
}

/** What is not the whole tells of those products alone that have changed. */
function hearSale(told: Sale, isWhole: boolean): void {
  const before = isWhole ? [] : (shelf.value?.products ?? []);
  const products = new Map(before.map((product) => [product.id, product]));
  for (const product of told.products) products.set(product.id, product);
  const here = [...products.values()].filter(({ sale_id, archived }) => sale_id === told.id && !archived);
  shelf.value = { sale: told, products: here };
  sales.value = sales.value.map((sale) => (sale.id === told.id ? told : sale));
}

const looseOf = (products: readonly Product[]): readonly Product[] =>
  products.filter(({ sale_id }) => sale_id === null);

const RANK = { open: 0, paused: 1, scheduled: 2, ended: 4 };

const distance = ({ starts_at }: Sale): number => Math.abs(Date.parse(starts_at) - now.peek());

/** One that sells, else the one that starts next; what is always there stands before what has ended. */
function nearest(found: readonly Sale[], loose: readonly Product[]): Sale | null {
  const [first] = found
    .filter(({ products }) => products.length > 0)
    .sort((a, b) => RANK[a.state] - RANK[b.state] || distance(a) - distance(b));
  return first === undefined || (first.state === 'ended' && loose.length > 0) ? null : first;
}

import type { Page } from 'playwright-core';
import { createProduct, createSale, type Product, type Sale, type Terms } from './factories.js';
import type { Service } from './service.js';

/** A sneaker in sizes, each with so many units, on sale in the storefront at `url`; what is no size is a name of its own. */
export async function openSale(
  shop: Service,
  stock: Readonly<Record<string, number>> = { '41': 12, '42': 30, '43': 3, '44': 0 },
  overrides: Partial<Sale & Terms> = {},
): Promise<{ sale: Sale; products: Product[]; url: string }> {
  const sale = await createSale(shop, { name: 'Comet Runner, first run', hold_seconds: 120, ...overrides });
  const products: Product[] = [];
  for (const [key, stock_total] of Object.entries(stock)) {
    const name = /^\d+$/.test(key) ? `Comet Runner, size ${key}` : key;
    products.push(await createProduct(shop, { name, price: '129.00', stock_total, sale_id: sale.id }));
  }
  return { sale, products, url: `${shop.url}/?sale=${sale.id}` };
}

export const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name });
export const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

export async function reserve(page: Page): Promise<void> {
  await button(page, 'Reserve').click();
  await heading(page, 'Reserved for you').waitFor();
}

/** Of the reservation that the tab has. */
export async function holdIdOf(page: Page): Promise<string> {
  return page.evaluate<string>("JSON.parse(sessionStorage.getItem('reservation')).holdId");
}

import fc from 'fast-check';
import { operated } from '../shop.js';
import { steps, which } from '../step.js';
import { type Customer, type Hold, isActive, pick, type Product, type Sale, type World } from '../world.js';

/** How much one household may have of a product, and over a sale: held, ordered and bought. */

const limits = fc.constantFrom(null, 1, 1, 2, 3);

/** A lower one takes nothing away. */
export const limit = steps(fc.record({ product: which, limit: limits }), ({ product: index, limit }) => ({
  name: `product ${index} is limited to ${limit ?? 'nothing'}`,
  take: async ({ products }, shop) => {
    const product = pick(products, index);
    product.limit = limit;
    await operated(shop.operate('PATCH', `/api/admin/products/${product.id}`, { max_per_customer: limit }));
  },
}));

export const limitSale = steps(fc.record({ sale: which, limit: limits }), ({ sale: index, limit }) => ({
  name: `sale ${index} is limited to ${limit ?? 'nothing'}`,
  isPossible: ({ sales }) => !pick(sales, index).hasEnded,
  take: async ({ sales }, shop) => {
    const sale = pick(sales, index);
    sale.limit = limit;
    await operated(shop.operate('PATCH', `/api/admin/sales/${sale.id}`, { max_per_customer: limit }));
  },
}));

/** A limit, and what somebody may still have by it. */
interface Allowance {
  readonly limit: number;
  readonly remaining: number;
  readonly scope: 'product' | 'sale';
}

/** The limits of what is held under a sale; in a sale counts what was held under it, wherever its product is by then. */
export function allowancesOf(
  world: World,
  product: Product,
  sale: Sale | null,
  limitKey: Customer | null,
): Allowance[] {
  const counted = world.holds.filter((hold) => hold.limitKey !== null && hold.limitKey === limitKey);
  const allowance = (
    limit: number | null,
    scope: Allowance['scope'],
    isCounted: (hold: Hold) => boolean,
  ): Allowance[] => {
    if (limit === null) return [];
    const taken = counted.filter(isCounted).reduce((sum, hold) => sum + unitsOf(hold), 0);
    return [{ limit, remaining: Math.max(0, limit - taken), scope }];
  };
  return [
    ...allowance(product.limit, 'product', (hold) => hold.product === product),
    ...allowance(sale?.limit ?? null, 'sale', (hold) => hold.sale === sale),
  ];
}

function unitsOf(hold: Hold): number {
  const isHeld = isActive(hold) || hold.order?.status === 'pending_payment';
  return isHeld ? hold.quantity : (hold.order?.quantitySold ?? 0);
}

import fc from 'fast-check';
import { operated } from '../shop.js';
import { steps, which } from '../step.js';
import { type Customer, householdOf, isActive, pick, type Product, type World } from '../world.js';

/** How much one household may have of a product: held, ordered and bought together. */

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

/** Units that a customer may still have of a product. */
export function remaining(world: World, product: Product, customer: Customer): number {
  if (product.limit === null) return Infinity;
  return Math.max(0, product.limit - taken(world, product, householdOf(customer)));
}

function taken({ holds }: World, product: Product, household: string | null): number {
  const theirs = holds.filter((hold) => hold.product === product && householdOf(hold.owner) === household);
  return theirs.reduce((sum, hold) => {
    const isHeld = isActive(hold) || hold.order?.status === 'pending_payment';
    return sum + (isHeld ? hold.quantity : (hold.order?.quantitySold ?? 0));
  }, 0);
}

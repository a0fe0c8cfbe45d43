import { createCheckoutClient, isProblem, orThrow } from '../../../clients/typescript/src/index.js';

export interface Cart {
  /** A UUID that the shop keeps with the cart: whoever orders it again gets the order that there is. */
  readonly id: string;
  /** The shop's number of the order. */
  readonly reference: string;
  readonly customer: string;
  readonly sku: string;
  readonly quantity: number;
}

/** Holds what is in a cart, and orders it; a text is for the customer. */
export async function orderCart({ id, reference, customer, sku, quantity }: Cart) {
  const checkout = createCheckoutClient({ baseUrl: process.env.CHECKOUT!, token: process.env.SHOP_KEY! });
  const signal = AbortSignal.timeout(20_000);
  const headersOf = (what: string) => ({ 'on-behalf-of': customer, 'idempotency-key': `${id}-${what}` });
  try {
    const { items } = await orThrow(checkout.GET('/api/products', { params: { query: { sku } }, signal }));
    if (items[0] === undefined) return 'not for sale';
    const { hold_id } = await orThrow(
      checkout.POST('/api/holds', {
        params: { header: headersOf('hold') },
        body: { product_id: items[0].id, quantity },
        signal,
      }),
    );
    return await orThrow(
      checkout.POST('/api/orders', { params: { header: headersOf('order') }, body: { hold_id, reference }, signal }),
    );
  } catch (error) {
    if (isProblem(error, 'INSUFFICIENT_STOCK')) return `only ${error.problem.available_stock} left`;
    // The keys are those of the hold that has run out: for another try the shop gives the cart another id.
    if (isProblem(error, 'HOLD_EXPIRED')) return 'that took too long: please try again';
    if (isProblem(error, 'CUSTOMER_LIMIT_REACHED')) return `at most ${error.problem.limit} for each customer`;
    throw error;
  }
}

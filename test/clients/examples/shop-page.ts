import { type CheckoutClient, type components, orThrow } from '../../../clients/typescript/src/index.js';

/** Holds a unit, orders it, and gives the address of the page where it is paid. */
export async function buy(
  checkout: CheckoutClient,
  product_id: number,
  payment: components['schemas']['PaymentWish'],
): Promise<string> {
  const { hold_id } = await orThrow(checkout.POST('/api/holds', { body: { product_id, quantity: 1 } }));
  await orThrow(checkout.POST('/api/orders', { body: { hold_id, payment } }));
  for (;;) {
    const hold = await orThrow(checkout.GET('/api/holds/{hold_id}', { params: { path: { hold_id } } }));
    if (hold.payment?.url != null) return hold.payment.url;
    if (hold.payment?.state !== 'preparing') throw new Error(`There is nothing to pay: ${hold.payment?.state}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

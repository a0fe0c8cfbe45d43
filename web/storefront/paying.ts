import { call, Refusal } from '../shared/api.js';

/** The provider whose pages buyers pay on where no money is to move. */
const PROVIDER = 'simulated';

interface FieldFault {
  readonly field?: string;
}

/**
 * Orders what is held, to be paid on the provider's page; where the service has no such provider, as an order whose payment
 * the shop makes by itself. A key is for one request alone, so that each way has a key of its own.
 */
export async function payableOrder<Order>(holdId: string, key: string): Promise<Order> {
  const backHere = `${location.origin}/${location.search}`;
  const ways = [{ payment: { provider: PROVIDER, kind: 'checkout', return_url: backHere } }, {}];
  for (const [index, way] of ways.entries()) {
    try {
      const options = { body: { hold_id: holdId, ...way }, idempotencyKey: `${key}-${index}` };
      return (await call<Order>('POST', '/api/orders', options)).body;
    } catch (error) {
      if (index === ways.length - 1 || !isOfPayment(error)) throw error;
    }
  }
  throw new Error('There is no other way to order.');
}

/** Whether it is the payment alone that the service could not do with. */
function isOfPayment(error: unknown): boolean {
  if (!(error instanceof Refusal) || error.code !== 'VALIDATION_FAILED') return false;
  const faults = error.problem.errors;
  const fields = Array.isArray(faults) ? (faults as FieldFault[]).map(({ field = '' }) => field) : [];
  return fields.length > 0 && fields.every((field) => /payment|provider|kind|return_url/.test(field));
}

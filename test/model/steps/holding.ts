import fc from 'fast-check';
import { expect } from '@jest/globals';
import { type Answer, forgetProducts } from '../../support/service.js';
import { expectAnswer, extensionsOf, type Shop } from '../shop.js';
import { allowancesOf } from './limiting.js';
import { buyer, instance, quantity, steps, which } from '../step.js';
import { amountOf, type Customer, type Hold, inEuros, pick, type Product, type World } from '../world.js';

/** What a hold is asked for. */
interface Wanted {
  readonly product: Product;
  readonly quantity: number;
  readonly as: Customer | null;
}

interface Refusal {
  readonly status: number;
  readonly body: { readonly code: string; readonly [field: string]: unknown };
}

const refused = (code: string, fields: object = {}, status = 409): Refusal => ({ status, body: { code, ...fields } });

type Question = (world: World, wanted: Wanted) => Refusal | null;

/** Why a hold is refused, in the order in which it is asked: the first no counts. */
const QUESTIONS: readonly Question[] = [
  (_world, { product }) => (product.isArchived ? refused('PRODUCT_NOT_ON_SALE') : null),
  (_world, { product: { sale } }) => (sale?.hasEnded ? refused('SALE_ENDED') : null),
  (_world, { product: { sale } }) => (sale?.isPaused ? refused('SALE_PAUSED') : null),
  (_world, { product: { sale } }) => (sale && !sale.hasStarted ? refused('SALE_NOT_STARTED') : null),
  (world, { product, quantity, as }) => {
    const allowances = allowancesOf(world, product, product.sale, as);
    if (allowances.length === 0) return null;
    if (as === null) return refused('BUYER_TOKEN_REQUIRED', {}, 401);
    // Of two limits that refuse it, which one is told is not promised.
    const reached = allowances.filter(({ remaining }) => remaining < quantity);
    if (reached.length === 0) return null;
    return refused('CUSTOMER_LIMIT_REACHED', reached.length === 1 ? reached[0] : {});
  },
  (world, { product, quantity }) => {
    const available_stock = world.available(product);
    return available_stock < quantity ? refused('INSUFFICIENT_STOCK', { available_stock }) : null;
  },
];

function refusalOf(world: World, wanted: Wanted): Refusal | null {
  for (const ask of QUESTIONS) {
    const refusal = ask(world, wanted);
    if (refusal !== null) return refusal;
  }
  return null;
}

function addHold(world: World, { product, quantity, as }: Wanted, { body }: Answer): Hold {
  const hold: Hold = {
    id: body.hold_id as string,
    product,
    quantity,
    unitPrice: product.price,
    owner: as,
    sale: product.sale,
    extensionsLeft: extensionsOf(product),
    expiresAt: body.expires_at as string,
    hasExpired: false,
    isGivenBack: false,
    order: null,
  };
  world.holds.push(hold);
  return hold;
}

function answerOf({ product, quantity }: Wanted): object {
  return {
    product_id: product.id,
    quantity,
    unit_price: inEuros(product.price),
    amount: inEuros(product.price * quantity),
    sale_id: product.sale?.id ?? null,
    extensions_left: extensionsOf(product),
    status: 'active',
  };
}

/** Of what another instance changed the door before a sale knows within a second; here it has to look, and the lock decides. */
function ask(shop: Shop, at: number, { product, quantity, as }: Wanted, key: string | null = null): Promise<Answer> {
  forgetProducts([product.id]);
  return shop.call(as, at, 'POST', '/api/holds', { product_id: product.id, quantity }, key);
}

const aboutHold = { product: which, quantity, as: buyer, at: instance };

export const hold = steps(fc.record(aboutHold), ({ product, quantity, as, at }) => ({
  name: `${as ?? 'somebody'} holds ${quantity} of product ${product}`,
  take: async (world, shop) => {
    const wanted = { product: pick(world.products, product), quantity, as };
    const refusal = refusalOf(world, wanted);
    const answer = await ask(shop, at, wanted);
    if (refusal !== null) return expectAnswer(answer, refusal);
    expectAnswer(answer, { status: 201, body: answerOf(wanted) });
    addHold(world, wanted, answer);
  },
}));

/** The same key asks for the same hold, whatever became of it and of its sale; asking for another with it is a mistake. */
export const holdWithKey = steps(
  fc.record({ ...aboutHold, key: fc.nat({ max: 2 }) }),
  ({ product, quantity, as, at, key }) => ({
    name: `${as ?? 'somebody'} holds ${quantity} of product ${product} with key ${key}`,
    take: async (world, shop) => {
      const wanted = { product: pick(world.products, product), quantity, as };
      const keyed = `${world.name}-hold-${key}`;
      const scoped = `holds ${as} ${keyed}`;
      const content = `${wanted.product.id}:${quantity}`;
      const known = world.keys.get(scoped);
      const refusal = refusalOf(world, wanted);
      const answer = await ask(shop, at, wanted, keyed);
      if (known !== undefined && known.content !== content) {
        return expectAnswer(answer, { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
      }
      if (known !== undefined) {
        const { id, unitPrice } = known.made;
        const body = { hold_id: id, quantity, unit_price: inEuros(unitPrice), amount: amountOf(known.made) };
        return expectAnswer(answer, { status: 201, body: { ...body, status: 'active' } });
      }
      if (refusal !== null) return expectAnswer(answer, refusal);
      expectAnswer(answer, { status: 201, body: answerOf(wanted) });
      world.keys.set(scoped, { content, made: addHold(world, wanted, answer) });
    },
  }),
);

/** Many at once, through both instances: as many are granted as there are units, and as the limit lets. */
export const rush = steps(
  fc.record({ product: which, quantity, as: buyer, calls: fc.integer({ min: 2, max: 6 }) }),
  ({ product, quantity, as, calls }) => ({
    name: `${as ?? 'somebody'} holds ${quantity} of product ${product}, ${calls} times at once`,
    take: async (world, shop) => {
      const wanted = { product: pick(world.products, product), quantity, as };
      const isClosed = refusalOf(world, { ...wanted, quantity: 0 }) !== null;
      const limits = allowancesOf(world, wanted.product, wanted.product.sale, as).map(({ remaining }) => remaining);
      const units = isClosed ? 0 : Math.min(...limits, world.available(wanted.product));
      const answers = await Promise.all(Array.from({ length: calls }, (_, n) => ask(shop, n % 2, wanted)));
      const granted = answers.filter(({ status }) => status === 201);
      expect(granted).toHaveLength(Math.min(Math.floor(units / quantity), calls));
      for (const answer of granted) addHold(world, wanted, answer);
      const refusal = refusalOf(world, wanted);
      for (const answer of answers.filter(({ status }) => status !== 201)) {
        expectAnswer(answer, { status: refusal!.status, body: { code: refusal!.body.code } });
      }
    },
  }),
);

import fc from 'fast-check';
import { expect } from '@jest/globals';
import { inSeconds } from '../../support/factories.js';
import { type Answer, forgetProducts } from '../../support/service.js';
import { expectAnswer, extensionsOf, type Shop } from '../shop.js';
import { allowancesOf } from './limiting.js';
import { buyer, customer, instance, quantity, steps, which } from '../step.js';
import {
  amountOf,
  type Customer,
  groupsOf,
  type Hold,
  householdOf,
  inEuros,
  pick,
  type Product,
  type World,
} from '../world.js';

/** What a hold is asked for. */
interface Wanted {
  readonly product: Product;
  readonly quantity: number;
  readonly as: Customer | null;
  /** What an operator who makes it does not ask; null: its buyer asks for it. */
  readonly override: readonly Override[] | null;
}

type Override = 'window' | 'limit';

interface Refusal {
  readonly status: number;
  readonly body: { readonly code: string; readonly [field: string]: unknown };
}

const refused = (code: string, fields: object = {}, status = 409): Refusal => ({ status, body: { code, ...fields } });

interface Question {
  readonly overruledBy?: Override;
  ask(world: World, wanted: Wanted): Refusal | null;
}

/** Why a hold is refused, in the order in which it is asked: the first no counts. */
const QUESTIONS: readonly Question[] = [
  { ask: (_world, { product }) => (product.isArchived ? refused('PRODUCT_NOT_ON_SALE') : null) },
  { overruledBy: 'window', ask: (_world, wanted) => refusalOfSale(wanted) },
  { overruledBy: 'limit', ask: refusalOfLimits },
  {
    ask: (world, { product, quantity }) => {
      const available_stock = world.available(product);
      return available_stock < quantity ? refused('INSUFFICIENT_STOCK', { available_stock }) : null;
    },
  },
];

/** The groups of a customer are known by his token, which an operator has not. */
function refusalOfSale({ product: { sale }, as, override }: Wanted): Refusal | null {
  if (sale?.hasEnded) return refused('SALE_ENDED');
  if (sale?.isPaused) return refused('SALE_PAUSED');
  if (sale === null || sale.hasStarted) return null;
  const groups = override === null ? groupsOf(as) : [];
  const early = sale.early.filter(({ group }) => groups.includes(group));
  if (early.some(({ hasStarted }) => hasStarted)) return null;
  const [starts_at] = [sale.startsAt, ...early.map(({ startsAt }) => startsAt)].sort();
  return refused('SALE_NOT_STARTED', { starts_at });
}

function refusalOfLimits(world: World, wanted: Wanted): Refusal | null {
  const { product, quantity, as, override } = wanted;
  const allowances = allowancesOf(world, product, product.sale, limitKeyOf(wanted));
  if (allowances.length === 0) return null;
  if (as === null && override !== null) return refused('VALIDATION_FAILED', {}, 400);
  if (as === null) return refused('BUYER_TOKEN_REQUIRED', {}, 401);
  // Of two limits that refuse it, which one is told is not promised.
  const reached = allowances.filter(({ remaining }) => remaining < quantity);
  if (reached.length === 0) return null;
  return refused('CUSTOMER_LIMIT_REACHED', reached.length === 1 ? reached[0] : {});
}

/** Who shares a limit with whom is known by the token, too. */
function limitKeyOf({ as, override }: Wanted): Customer | null {
  return override === null ? householdOf(as) : as;
}

function refusalOf(world: World, wanted: Wanted): Refusal | null {
  for (const { overruledBy, ask } of QUESTIONS) {
    const isOverruled = overruledBy !== undefined && wanted.override?.includes(overruledBy);
    const refusal = isOverruled ? null : ask(world, wanted);
    if (refusal !== null) return refusal;
  }
  return null;
}

function addHold(world: World, wanted: Wanted, { body }: Answer): Hold {
  const { product, quantity, as } = wanted;
  const hold: Hold = {
    id: body.hold_id as string,
    product,
    quantity,
    unitPrice: product.price,
    owner: as,
    limitKey: limitKeyOf(wanted),
    sale: product.sale,
    extensionsLeft: extensionsLeft(wanted),
    expiresAt: body.expires_at as string,
    hasExpired: false,
    isGivenBack: false,
    order: null,
  };
  world.holds.push(hold);
  return hold;
}

/** What an operator makes lasts as long as he says, and no longer. */
function extensionsLeft({ product, override }: Wanted): number {
  return override === null ? extensionsOf(product) : 0;
}

function answerOf(wanted: Wanted): object {
  const { product, quantity } = wanted;
  return {
    product_id: product.id,
    quantity,
    unit_price: inEuros(product.price),
    amount: inEuros(product.price * quantity),
    sale_id: product.sale?.id ?? null,
    extensions_left: extensionsLeft(wanted),
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
    const wanted = { product: pick(world.products, product), quantity, as, override: null };
    const refusal = refusalOf(world, wanted);
    const answer = await ask(shop, at, wanted);
    if (refusal !== null) return expectAnswer(answer, refusal);
    expectAnswer(answer, { status: 201, body: answerOf(wanted) });
    addHold(world, wanted, answer);
  },
}));

/** What a key made before is the answer, whatever became of it and of its sale; asking for another hold with it is a mistake. */
function expectKeyed(world: World, wanted: Wanted, scoped: string, refusal: Refusal | null, answer: Answer): void {
  const { product, quantity, as, override } = wanted;
  const content = JSON.stringify([product.id, quantity, ...(override === null ? [] : [as, override])]);
  const known = world.keys.get(scoped);
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
}

export const holdWithKey = steps(
  fc.record({ ...aboutHold, key: fc.nat({ max: 2 }) }),
  ({ product, quantity, as, at, key }) => ({
    name: `${as ?? 'somebody'} holds ${quantity} of product ${product} with key ${key}`,
    take: async (world, shop) => {
      const wanted = { product: pick(world.products, product), quantity, as, override: null };
      const keyed = `${world.name}-hold-${key}`;
      const refusal = refusalOf(world, wanted);
      const answer = await ask(shop, at, wanted, keyed);
      expectKeyed(world, wanted, `holds ${as} ${keyed}`, refusal, answer);
    },
  }),
);

const overrides = fc.constantFrom<Override[][]>([], [], ['window'], ['limit'], ['window', 'limit']);

/** For a customer, mostly, and with a key, sometimes: all operators share theirs. */
export const holdByHand = steps(
  fc.record({ ...aboutHold, as: customer, override: overrides, key: fc.option(fc.nat({ max: 1 })) }),
  ({ product, quantity, as, at, override, key }) => ({
    name: `an operator holds ${quantity} of product ${product} for ${as ?? 'nobody'}, against ${override.join(' and ') || 'nothing'}${key === null ? '' : ` with key ${key}`}`,
    take: async (world, shop) => {
      const wanted = { product: pick(world.products, product), quantity, as, override };
      const refusal = refusalOf(world, wanted);
      const keyed = key === null ? null : `${world.name}-by-hand-${key}`;
      const answer = await shop.operate('POST', '/api/admin/holds', byHand(wanted), { at, key: keyed });
      if (keyed !== null) return expectKeyed(world, wanted, `by hand ${keyed}`, refusal, answer);
      if (refusal !== null) return expectAnswer(answer, refusal);
      expectAnswer(answer, { status: 201, body: { ...answerOf(wanted), customer_id: as, expires_at: IN_A_DAY } });
      addHold(world, wanted, answer);
    },
  }),
);

const IN_A_DAY = inSeconds(86_400);

function byHand({ product, quantity, as, override }: Wanted): object {
  return { product_id: product.id, quantity, expires_at: IN_A_DAY, override, ...(as !== null && { customer_id: as }) };
}

/** Many at once, through both instances: as many are granted as there are units, and as the limit lets. */
export const rush = steps(
  fc.record({ product: which, quantity, as: buyer, calls: fc.integer({ min: 2, max: 6 }) }),
  ({ product, quantity, as, calls }) => ({
    name: `${as ?? 'somebody'} holds ${quantity} of product ${product}, ${calls} times at once`,
    take: async (world, shop) => {
      const wanted = { product: pick(world.products, product), quantity, as, override: null };
      const isClosed = refusalOf(world, { ...wanted, quantity: 0 }) !== null;
      const limits = allowancesOf(world, wanted.product, wanted.product.sale, limitKeyOf(wanted)).map(
        ({ remaining }) => remaining,
      );
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

import { expect } from '@jest/globals';
import fc from 'fast-check';
import { inSeconds } from '../../support/factories.js';
import { expectAnswer, operated } from '../shop.js';
import { steps, which } from '../step.js';
import { type Group, inEuros, pick } from '../world.js';

/** What operators do to products and sales. */

const units = fc.constantFrom(1, 2, -1, -1, -2);

export const restock = steps(fc.record({ product: which, units }), ({ product: index, units }) => ({
  name: `product ${index}: ${units} units more`,
  take: async (world, shop) => {
    const product = pick(world.products, index);
    const answer = await shop.operate('POST', `/api/admin/products/${product.id}/restock`, { units });
    // Of the units of expired holds it is not promised whether they are taken back first.
    const free = world.available(product) + units;
    if (free < world.expired(product) && answer.status === 409) {
      return expectAnswer(answer, { status: 409, body: { code: 'STOCK_BELOW_COMMITTED' } });
    }
    expect(free).toBeGreaterThanOrEqual(0);
    product.total += units;
    expectAnswer(answer, { status: 200, body: { stock_total: product.total } });
  },
}));

const cents = fc.constantFrom(100, 999, 2500);

/** What was promised for a price keeps it. What costs nothing goes on doing so, and the other way about. */
export const changePrice = steps(fc.record({ product: which, cents }), ({ product: index, cents }) => ({
  name: `product ${index} costs ${inEuros(cents)}`,
  isPossible: ({ products }) => pick(products, index).price > 0,
  take: async ({ products }, shop) => {
    const product = pick(products, index);
    product.price = cents;
    await operated(shop.operate('PATCH', `/api/admin/products/${product.id}`, { price: inEuros(cents) }));
  },
}));

export const archive = steps(fc.record({ product: which, archived: fc.boolean() }), ({ product: index, archived }) => ({
  name: `product ${index} is ${archived ? '' : 'not '}archived`,
  take: async ({ products }, shop) => {
    const product = pick(products, index);
    product.isArchived = archived;
    await operated(shop.operate('PATCH', `/api/admin/products/${product.id}`, { archived }));
  },
}));

export const move = steps(
  fc.record({ product: which, sale: fc.option(fc.nat({ max: 1 })) }),
  ({ product: index, sale: to }) => ({
    name: `product ${index} moves to ${to === null ? 'no sale' : `sale ${to}`}`,
    take: async ({ products, sales }, shop) => {
      const product = pick(products, index);
      product.sale = to === null ? null : pick(sales, to);
      const sale_id = product.sale?.id ?? null;
      await operated(shop.operate('PATCH', `/api/admin/products/${product.id}`, { sale_id }));
    },
  }),
);

const acts = fc.constantFrom('pause', 'resume', 'resume', 'pause', 'resume', 'resume', 'end');

export const actOnSale = steps(fc.record({ sale: which, act: acts }), ({ sale: index, act }) => ({
  name: `${act} sale ${index}`,
  take: async ({ sales }, shop) => {
    const sale = pick(sales, index);
    const answer = await shop.operate('POST', `/api/admin/sales/${sale.id}/${act}`);
    const isOver = sale.hasEnded && act !== 'end';
    // Pausing what is paused changes nothing, after the end too.
    if (isOver && !(act === 'pause' && sale.isPaused)) {
      return expectAnswer(answer, { status: 409, body: { code: 'SALE_ENDED' } });
    }
    if (act === 'end') sale.hasEnded = true;
    else if (!isOver) sale.isPaused = act === 'pause';
    const state = sale.hasEnded ? 'ended' : sale.isPaused ? 'paused' : sale.hasStarted ? 'open' : 'scheduled';
    expectAnswer(answer, { status: 200, body: { state } });
  },
}));

const groups = fc.constantFrom<Group[][]>(['members'], ['members'], ['press'], ['members', 'press'], []);

/** Groups come before the others, and so only as long as the others have not come. */
export const letEarly = steps(fc.record({ sale: which, groups }), ({ sale: index, groups }) => ({
  name: `${groups.join(' and ') || 'nobody'} may come to sale ${index} early`,
  isPossible: ({ sales }) => !pick(sales, index).hasEnded,
  take: async ({ sales }, shop) => {
    const sale = pick(sales, index);
    const early = groups.map((group, n) => ({ group, starts_at: inSeconds(3600 + n) }));
    const answer = await shop.operate('PATCH', `/api/admin/sales/${sale.id}`, { early });
    if (sale.hasStarted && early.length > 0) {
      return expectAnswer(answer, { status: 400, body: { code: 'VALIDATION_FAILED' } });
    }
    expectAnswer(answer, { status: 200, body: { terms: { early } } });
    sale.early = early.map(({ group, starts_at }) => ({ group, startsAt: starts_at, hasStarted: false }));
  },
}));

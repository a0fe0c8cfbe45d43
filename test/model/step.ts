import fc from 'fast-check';
import type { Shop } from './shop.js';
import { type Customer, CUSTOMERS, type Hold, type World } from './world.js';

/** Something that happens: said of the world as it should be, done to the shop as it is, and both compared after it. */
export interface Step {
  /** As a failed run prints it. */
  readonly name: string;
  /** Whether there is anything yet that it could happen to. */
  isPossible?(world: Readonly<World>): boolean;
  take(world: World, shop: Shop): Promise<void>;
}

/** Steps of one kind, whatever they are about. */
export function steps<T>(about: fc.Arbitrary<T>, make: (about: T) => Step): fc.Arbitrary<fc.AsyncCommand<World, Shop>> {
  return about.map(make).map(({ name, isPossible, take }) => ({
    check: (world) => isPossible?.(world) ?? true,
    run: async (world, shop) => {
      await take(world, shop);
      await shop.expectSame(world);
    },
    toString: () => name,
  }));
}

/** Which of a list is meant: as it grows, other ones. */
export const which = fc.nat({ max: 11 });

export const mostly = fc.constantFrom(true, true, true, false);

/** Which instance is called. */
export const instance = fc.nat({ max: 1 });

/** Who asks for a hold: nobody in particular, mostly. */
export const buyer = fc.constantFrom<(Customer | null)[]>(null, null, null, ...CUSTOMERS);

/** For whom an operator makes a hold: for somebody, mostly. */
export const customer = fc.constantFrom<(Customer | null)[]>(null, ...CUSTOMERS);

/** Who asks for something of a hold: whose it is, mostly. */
export const caller = fc.constantFrom<Caller[]>('owner', 'owner', 'owner', 'owner', 'nobody', ...CUSTOMERS);
export type Caller = Customer | 'owner' | 'nobody';

export function callerOf(as: Caller, { owner }: Hold): Customer | null {
  if (as === 'owner') return owner;
  return as === 'nobody' ? null : as;
}

export const quantity = fc.constantFrom(1, 1, 2);

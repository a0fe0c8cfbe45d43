/**
 * The shop as it should be, in memory: what the API promises, said once more and as plainly as can be, for one call after
 * the other. It knows no batches, no locks and no counters. Units are counted anew whenever somebody asks.
 */

/** Limits count anna and cleo, who live together, as one. */
export type Customer = 'anna' | 'ben' | 'cleo';

export const CUSTOMERS: readonly Customer[] = ['anna', 'ben', 'cleo'];

/** By what limits count; nobody in particular counts in none. */
export function householdOf(customer: Customer | null): Customer | null {
  return customer === 'cleo' ? 'anna' : customer;
}

/** What customers belong to, for an early start. */
export type Group = 'members' | 'press';

const GROUPS: Readonly<Record<Customer, readonly Group[]>> = { anna: [], ben: ['members'], cleo: ['members', 'press'] };

export function groupsOf(customer: Customer | null): readonly Group[] {
  return customer === null ? [] : GROUPS[customer];
}

/** From when on a group may hold what is not on sale yet. */
interface EarlyStart {
  readonly group: Group;
  readonly startsAt: string;
  hasStarted: boolean;
}

export interface Sale {
  readonly id: number;
  /** How often a hold that is made under it can be extended. */
  readonly extensions: number;
  /** Units that one household may have of all its products together; null: no limit. */
  limit: number | null;
  /** For who is of no group that comes before the others. */
  readonly startsAt: string;
  early: EarlyStart[];
  hasStarted: boolean;
  hasEnded: boolean;
  isPaused: boolean;
}

export interface Product {
  readonly id: number;
  total: number;
  /** Of a unit, in cents. */
  price: number;
  isArchived: boolean;
  /** Units that one household may have; null: as many as there are. */
  limit: number | null;
  sale: Sale | null;
}

export interface Hold {
  readonly id: string;
  readonly product: Product;
  readonly quantity: number;
  /** What it was when the hold was made, in cents. */
  readonly unitPrice: number;
  /** Null: whoever knows its id. */
  readonly owner: Customer | null;
  /** By whom limits count it: of what an operator made for a customer, by him alone. */
  readonly limitKey: Customer | null;
  readonly sale: Sale | null;
  extensionsLeft: number;
  expiresAt: string;
  hasExpired: boolean;
  isGivenBack: boolean;
  order: Order | null;
}

export type OrderStatus = 'pending_payment' | 'paid' | 'cancelled' | 'refund_due' | 'refunded';

export interface Order {
  readonly id: number;
  readonly hold: Hold;
  status: OrderStatus;
  cancelReason: string | null;
  quantitySold: number;
  /** The payment that paid it; null while none has, and of an order that costs nothing. */
  paidBy: string | null;
  /** What is owed back, or was, oldest first. */
  readonly debts: Debt[];
  /** Whether somebody has to look at money for it, which keeps it from its deadline. */
  isUnderReview: boolean;
}

/** Money that is to go back. */
export interface Debt {
  readonly transaction: string;
  readonly cents: number;
  readonly cause: 'late' | 'duplicate' | 'customer_limit' | 'returned';
  isBack: boolean;
}

/** What a payment provider says of an order. */
export interface Notice {
  readonly orderId: number;
  readonly status: 'success' | 'failed' | 'processing';
  readonly transaction: string;
  /** As the notice tells it; null: it doesn't. */
  readonly amount: string | null;
  /** Chosen by the sender; null: it is made of status and transaction. */
  readonly key: string | null;
}

export class World {
  readonly holds: Hold[] = [];
  readonly orders: Order[] = [];
  /** What was stored of notices, by their keys. */
  readonly notices = new Map<string, Notice>();
  /** Notices that wait for the next order. */
  readonly early: Notice[] = [];
  /** Which order each payment is for, once that was decided. */
  readonly payments = new Map<string, Order>();
  /** What requests with an Idempotency-Key asked for and made, by the key within its scope. */
  readonly keys = new Map<string, { readonly content: string; readonly made: Hold }>();

  constructor(
    readonly products: readonly Product[],
    readonly sales: readonly Sale[],
    /** Makes names of this run that no other has. */
    readonly name: string,
  ) {}

  available(product: Product): number {
    return product.total - this.held(product) - this.sold(product);
  }

  /** Active holds and unpaid orders. */
  held(product: Product): number {
    return unitsOf(this.holdsOf(product).filter((hold) => isActive(hold) || hold.order?.status === 'pending_payment'));
  }

  sold(product: Product): number {
    return this.holdsOf(product).reduce((sum, { order }) => sum + (order?.quantitySold ?? 0), 0);
  }

  /** Units of holds that have expired: free for whoever asks, though the counters may say so only later. */
  expired(product: Product): number {
    return unitsOf(this.holdsOf(product).filter((hold) => hold.order === null && hold.hasExpired && !hold.isGivenBack));
  }

  private holdsOf(product: Product): Hold[] {
    return this.holds.filter((hold) => hold.product === product);
  }
}

export function isActive({ order, hasExpired, isGivenBack }: Hold): boolean {
  return order === null && !hasExpired && !isGivenBack;
}

/** Whether a caller may do anything with a hold. */
export function isOf({ owner }: Hold, caller: Customer | null): boolean {
  return owner === null || owner === caller;
}

export function centsOf({ unitPrice, quantity }: Hold): number {
  return unitPrice * quantity;
}

export function amountOf(hold: Hold): string {
  return inEuros(centsOf(hold));
}

/** Whether it was paid once, whatever has become of its money since. */
export function wasPaid({ status, paidBy }: Order): boolean {
  return status === 'paid' || paidBy !== null;
}

/** What of the payment that paid it has neither gone back nor is owed, in cents. */
export function leftOf({ hold, paidBy, debts }: Order): number {
  if (paidBy === null) return 0;
  return debts.reduce((left, { transaction, cents }) => left - (transaction === paidBy ? cents : 0), centsOf(hold));
}

export function inEuros(cents: number): string {
  return (cents / 100).toFixed(2);
}

/** The one of a list that a step means, whatever the list has by then. */
export function pick<T>(list: readonly T[], index: number): T {
  return list[index % list.length]!;
}

/** The same, of those that are in a state if any is: what is in no state of interest is met often enough. */
export function pickWhere<T>(list: readonly T[], isMeant: (one: T) => boolean, index: number): T {
  const meant = list.filter(isMeant);
  return pick(meant.length > 0 ? meant : list, index);
}

function unitsOf(holds: readonly Hold[]): number {
  return holds.reduce((sum, { quantity }) => sum + quantity, 0);
}

import type { CountedUnits } from './customer-holds.repository.js';

/** Whose units of what. */
export interface Account {
  /** What limits count by. */
  readonly limit_key: string;
  readonly product_id: number;
  /** The sale under which the hold is made; null: none. */
  readonly sale_id: number | null;
}

/** Over what a limit is. */
export const LIMIT_SCOPES = ['product', 'sale'] as const;
export type LimitScope = (typeof LIMIT_SCOPES)[number];

/** The most units of an account in each scope; null: no limit. */
export type Limits = Readonly<Record<LimitScope, number | null>>;

/** A limit that so many more units would exceed. */
export interface Excess {
  readonly scope: LimitScope;
  readonly limit: number;
  /** Units that the customer may have more. */
  readonly remaining: number;
  /** Whether he may have enough in a moment: only holds refuse it that have expired, and that somebody is deciding on. */
  readonly isInDoubt: boolean;
}

/** What buyers have, by products and by sales, while a batch is being decided: each decision takes its units in turn. */
export class CustomerUnits {
  private readonly units = new Map<string, number>();
  private readonly awaited = new Map<string, number>();

  constructor(counted: readonly CountedUnits[] = []) {
    for (const row of counted) this.move(row, row.units);
  }

  /** Units that count in the limit. */
  taken(scope: LimitScope, account: Account): number {
    return this.units.get(nameOf(scope, account)) ?? 0;
  }

  /** Which limit refuses so many more units, one that does so for certain before one in doubt; null: none. */
  excess(account: Account, qty: number, limits: Limits): Excess | null {
    const found = LIMIT_SCOPES.flatMap((scope): Excess[] => {
      const limit = limits[scope];
      const taken = this.taken(scope, account);
      if (limit === null || taken + qty <= limit) return [];
      const certain = taken - (this.awaited.get(nameOf(scope, account)) ?? 0);
      return [{ scope, limit, remaining: Math.max(0, limit - taken), isInDoubt: certain + qty <= limit }];
    });
    return found.find(({ isInDoubt }) => !isInDoubt) ?? found[0] ?? null;
  }

  move(account: Account, units: number): void {
    add(this.units, account, units);
  }

  /** Units of those that count which may count no more in a moment. */
  doubt(account: Account, units: number): void {
    add(this.awaited, account, units);
  }
}

function add(sums: Map<string, number>, account: Account, units: number): void {
  for (const scope of LIMIT_SCOPES) {
    const name = nameOf(scope, account);
    sums.set(name, (sums.get(name) ?? 0) + units);
  }
}

function nameOf(scope: LimitScope, { limit_key, product_id, sale_id }: Account): string {
  return `${scope} ${scope === 'product' ? product_id : sale_id} ${limit_key}`;
}

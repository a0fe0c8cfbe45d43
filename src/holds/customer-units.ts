import type { CountedUnits } from './customer-holds.repository.js';

/** Whose units of what. */
export interface Account {
  readonly product_id: number;
  /** What limits count by. */
  readonly limit_key: string;
}

/** What buyers have of products with a limit, while a batch is being decided: each decision takes its units in turn. */
export class CustomerUnits {
  private readonly units = new Map<string, number>();
  private readonly awaited = new Map<string, number>();

  constructor(counted: readonly CountedUnits[] = []) {
    for (const row of counted) this.move(row, row.units);
  }

  /** Units that count in the limit. */
  taken(account: Account): number {
    return this.units.get(nameOf(account)) ?? 0;
  }

  /** Units of these that may count no more in a moment: their holds have expired, and somebody is deciding on them. */
  inDoubt(account: Account): number {
    return this.awaited.get(nameOf(account)) ?? 0;
  }

  move(account: Account, units: number): void {
    this.units.set(nameOf(account), this.taken(account) + units);
  }

  doubt(account: Account, units: number): void {
    this.awaited.set(nameOf(account), this.inDoubt(account) + units);
  }
}

function nameOf({ product_id, limit_key }: Account): string {
  return `${product_id} ${limit_key}`;
}

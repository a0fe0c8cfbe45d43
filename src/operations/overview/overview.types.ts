import type { SessionTask } from '../../payment-sessions/payment-sessions.types.js';
import type { SaleRow, SaleState } from '../../sales/sales.types.js';
import type { SaleFacts } from '../sale-figures.js';
import type { FleetRates } from './fleet.js';

/** Units. */
export interface StockOverview {
  readonly available: number;
  readonly held: number;
  readonly sold: number;
}

/** A sale with the stock of all its products that are not archived. */
export interface SaleOverview extends StockOverview {
  readonly sale: SaleRow;
  readonly state: SaleState;
  /** How many they are. */
  readonly products: number;
}

/** Its `products` are those without a sale. */
export interface Overview extends SaleFacts {
  readonly sales: readonly SaleOverview[];
  readonly sessionTasks: Readonly<Record<SessionTask, number>>;
  /** Null while Redis is away. */
  readonly jobs: Readonly<Record<'waiting' | 'active' | 'delayed' | 'failed', number>> | null;
  /** Null where nothing is counted. */
  readonly fleet: Awaited<ReturnType<FleetRates['get']>>;
  readonly stockDrift: number;
}

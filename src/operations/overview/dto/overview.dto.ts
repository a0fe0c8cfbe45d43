import { IsBoolean, IsIn, IsInt, IsNumber, IsString } from 'class-validator';
import { isoTime, isoTimeOrNull } from '../../../database/sql.js';
import { Described } from '../../../http/described.decorator.js';
import { DATE_TIME, type JsonSchema, nullable, schemaOf } from '../../../http/json-schema.js';
import { availableOf } from '../../../products/products.types.js';
import type { SaleState } from '../../../sales/sales.types.js';
import { POINT_SECONDS, WINDOW_SECONDS } from '../fleet.js';
import type { Overview } from '../overview.types.js';
import { BATCHED, BATCHES, CHECKOUTS, COMMIT, HOLDS, quantileOf, ratesOf, REFUSED, REQUEST } from '../rates.js';

/** An object of numbers, all of them there. */
function numbers(names: readonly string[], type: unknown = 'integer'): JsonSchema {
  const properties = Object.fromEntries(names.map((name) => [name, { type }]));
  return { type: 'object', additionalProperties: false, required: names, properties };
}

class StockDto {
  @IsInt()
  id!: number;

  @IsString()
  name!: string;

  /** Units. */
  @IsInt()
  available!: number;

  @IsInt()
  held!: number;

  @IsInt()
  sold!: number;
}

export class OverviewProductDto extends StockDto {}

export class OverviewSaleDto extends StockDto {
  @IsIn(['scheduled', 'open', 'paused', 'ended'])
  state!: SaleState;

  @Described(() => DATE_TIME)
  starts_at!: string;

  @Described(() => nullable(DATE_TIME))
  ends_at!: string | null;

  /** How many it has that are not archived; the units are theirs. */
  @IsInt()
  products!: number;
}

const POINT = ['holds', 'checkouts', 'refusals'] as const;

/** Means over the last `window_seconds`, of all instances. */
export class OverviewRatesDto {
  @IsInt()
  window_seconds!: number;

  /** How many instances they are of. */
  @IsInt()
  instances!: number;

  /** False: Redis is away, and they are of one instance. */
  @IsBoolean()
  is_whole!: boolean;

  /** A second. */
  @IsNumber()
  holds!: number;

  @IsNumber()
  checkouts!: number;

  /** Of both, a second, by error code. */
  @Described(() => ({ type: 'object', additionalProperties: { type: 'number' } }))
  refusals!: Record<string, number>;

  /** Requests that a transaction decided. */
  @Described(() => ({ type: ['number', 'null'] }))
  batch_size!: number | null;

  /** 99 of 100 transactions took no longer, in milliseconds. */
  @Described(() => ({ type: ['number', 'null'] }))
  commit_p99_ms!: number | null;

  /** The same of the answers to buyers. */
  @Described(() => ({ type: ['number', 'null'] }))
  answer_p99_ms!: number | null;

  /** Requests that wait for a transaction now. */
  @IsInt()
  waiting!: number;

  /** The last five minutes, a second, by slots of five seconds. */
  @Described(() => ({
    type: 'array',
    items: {
      ...numbers(POINT, 'number'),
      required: ['at', ...POINT],
      properties: { at: DATE_TIME, ...(numbers(POINT, 'number').properties as object) },
    },
  }))
  points!: ({ at: string } & Record<(typeof POINT)[number], number>)[];
}

const SECONDS_OVERDUE = ['holds', 'orders', 'events'] as const;
const TASKS = ['make', 'end'] as const;
const JOBS = ['waiting', 'active', 'delayed', 'failed'] as const;

export class OverviewDto {
  /** Those that have not ended over a day ago, the newest first, at most 10. */
  @Described(() => ({ type: 'array', items: schemaOf(OverviewSaleDto) }))
  sales!: OverviewSaleDto[];

  /** On sale without a sale, the newest first. */
  @Described(() => ({ type: 'array', items: schemaOf(OverviewProductDto) }))
  products!: OverviewProductDto[];

  /** Null: METRICS_ENABLED is false. */
  @Described(() => nullable(schemaOf(OverviewRatesDto)))
  rates!: OverviewRatesDto | null;

  /** For how long the oldest is past its time. */
  @Described(() => numbers(SECONDS_OVERDUE, 'number'))
  overdue_seconds!: Record<(typeof SECONDS_OVERDUE)[number], number>;

  /** Endpoints of the shop that take nothing for half an hour, or were disabled for that. */
  @IsInt()
  endpoints_failing!: number;

  @IsInt()
  refunds_due!: number;

  /** Payment events that a person has to look at. */
  @IsInt()
  payments_in_review!: number;

  /** Payments that their buyers dispute at the bank, which has not decided. */
  @IsInt()
  disputes_open!: number;

  /** Units by which counters and rows differ, as of the last audit of this instance. */
  @IsInt()
  stock_drift!: number;

  /** Payment sessions that are still to be made or ended at their provider. */
  @Described(() => numbers(TASKS))
  payment_sessions!: Record<(typeof TASKS)[number], number>;

  /** Of all queues; null: Redis is away. */
  @Described(() => nullable(numbers(JOBS)))
  jobs!: Record<(typeof JOBS)[number], number> | null;
}

export function toOverviewDto(overview: Overview): OverviewDto {
  return {
    sales: overview.sales.map(({ sale, ...rest }) => ({
      id: sale.id,
      name: sale.name,
      starts_at: isoTime(sale.starts_at),
      ends_at: isoTimeOrNull(sale.ends_at),
      ...rest,
    })),
    products: overview.products.map((row) => ({
      id: row.id,
      name: row.name,
      available: availableOf(row),
      held: row.stock_held,
      sold: row.stock_sold,
    })),
    rates: overview.fleet && toRatesDto(overview.fleet),
    overdue_seconds: {
      holds: overview.holdsOverdueMs / 1000,
      orders: overview.ordersOverdueMs / 1000,
      events: overview.eventsLagMs / 1000,
    },
    endpoints_failing: overview.endpointsFailing,
    refunds_due: overview.refundsDue,
    payments_in_review: overview.paymentsInReview,
    disputes_open: overview.disputesOpen,
    stock_drift: overview.stockDrift,
    payment_sessions: overview.sessionTasks,
    jobs: overview.jobs,
  };
}

function toRatesDto({ rates, waiting, points, instances, isWhole }: NonNullable<Overview['fleet']>): OverviewRatesDto {
  const batches = rates[BATCHES] ?? 0;
  const milliseconds = (prefix: string, q: number): number | null => {
    const seconds = quantileOf(rates, prefix, q);
    return seconds === null ? null : seconds * 1000;
  };
  return {
    window_seconds: WINDOW_SECONDS,
    instances,
    is_whole: isWhole,
    holds: rates[HOLDS] ?? 0,
    checkouts: rates[CHECKOUTS] ?? 0,
    refusals: ratesOf(rates, REFUSED),
    batch_size: batches === 0 ? null : (rates[BATCHED] ?? 0) / batches,
    commit_p99_ms: milliseconds(COMMIT, 0.99),
    answer_p99_ms: milliseconds(REQUEST, 0.99),
    waiting,
    points: points.map(({ slot, ...point }) => ({
      at: new Date(slot * POINT_SECONDS * 1000).toISOString(),
      ...point,
    })),
  };
}

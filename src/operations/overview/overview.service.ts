import { Injectable } from '@nestjs/common';
import { UnavailableError } from '../../common/problem.js';
import { Facts } from '../../metrics/facts.js';
import { PaymentSessionsService } from '../../payment-sessions/payment-sessions.service.js';
import { availableOf, type ProductRow } from '../../products/products.types.js';
import { Queues } from '../../queue/queues.js';
import { SalesService } from '../../sales/sales.service.js';
import { stateOf, termsOf } from '../../sales/sales.types.js';
import { SaleFigures } from '../sale-figures.js';
import { StockAuditService } from '../stock-audit.service.js';
import { FleetRates } from './fleet.js';
import type { Overview, SaleOverview, StockOverview } from './overview.types.js';

/** Sales that are told of, the newest of those that have not ended over a day ago. */
const SALES_MAX = 10;

const JOB_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;

/** What an operator wants to know at a glance: is it selling, is anything wrong, how much is left. */
@Injectable()
export class OverviewService {
  /** One question to the database serves all who watch, and while one hangs no other is put. */
  private readonly facts = new Facts(() => this.ask());
  private readonly jobs = new Facts(() => this.countJobs());

  constructor(
    private readonly figures: SaleFigures,
    private readonly sales: SalesService,
    private readonly sessions: PaymentSessionsService,
    private readonly fleet: FleetRates,
    private readonly queues: Queues,
    private readonly audit: StockAuditService,
  ) {}

  /** @throws UnavailableError */
  async getOverview(): Promise<Overview> {
    const [facts, jobs, fleet] = await Promise.all([this.facts.get(), this.jobs.get(), this.fleet.get()]);
    if (facts === null) throw new UnavailableError('The database did not answer within a second.');
    return { ...facts, jobs, fleet, stockDrift: this.audit.drift };
  }

  private async ask(): Promise<Omit<Overview, 'jobs' | 'fleet' | 'stockDrift'>> {
    const page = { limit: SALES_MAX, cursor: null, order: 'DESC', from: null, to: null } as const;
    const [figures, sales, sessionTasks] = await Promise.all([
      this.figures.ask(),
      this.sales.listSales(page, 'current'),
      this.sessions.countTasks(),
    ]);
    return {
      ...figures,
      products: figures.products.filter(({ sale_id }) => sale_id === null),
      sales: sales.rows.map(({ sale, products }): SaleOverview => {
        const onSale = products.filter(({ is_archived }) => is_archived === 0);
        return { sale, state: stateOf(termsOf(sale), sale.server_time), products: onSale.length, ...stockOf(onSale) };
      }),
      sessionTasks,
    };
  }

  private async countJobs(): Promise<Record<(typeof JOB_STATES)[number], number>> {
    const counts = await Promise.all(this.queues.all.map((queue) => queue.getJobCounts(...JOB_STATES)));
    const sum = (state: string): number => counts.reduce((total, count) => total + (count[state] ?? 0), 0);
    return { waiting: sum('waiting'), active: sum('active'), delayed: sum('delayed'), failed: sum('failed') };
  }
}

function stockOf(products: readonly ProductRow[]): StockOverview {
  const sum = (units: (row: ProductRow) => number): number => products.reduce((total, row) => total + units(row), 0);
  return { available: sum(availableOf), held: sum((row) => row.stock_held), sold: sum((row) => row.stock_sold) };
}

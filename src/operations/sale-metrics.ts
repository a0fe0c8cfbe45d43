import { Injectable } from '@nestjs/common';
import { MetricsService } from '../metrics/metrics.service.js';
import type { MetricDescription, Sample } from '../metrics/samples.js';
import { type SaleFacts, SaleFigures } from './sale-figures.js';
import { StockAuditService } from './stock-audit.service.js';
import { availableOf, type ProductRow } from '../products/products.types.js';
import { StockCache } from '../products/stock-cache.js';

const one = (value: number): Sample[] => [{ labels: {}, value }];

/** The state of the sale: stock, what is overdue, refunds that are owed, and whether the stock still adds up. */
@Injectable()
export class SaleMetrics {
  constructor(metrics: MetricsService, figures: SaleFigures, audit: StockAuditService, cache: StockCache) {
    const gauge = (name: string, help: string, read: (facts: SaleFacts) => Sample[]) => ({
      ...({ name, help, type: 'gauge', aggregator: 'first' } satisfies MetricDescription),
      read,
    });
    metrics.addFacts('database', () => figures.ask(), [
      gauge('checkout_stock_units', 'Units of the newest products: available, held, sold', (facts) =>
        facts.products.flatMap(stockSamples),
      ),
      gauge('checkout_hold_expiry_lag_seconds', 'For how long the oldest expired hold has counted as held', (facts) =>
        one(facts.holdsOverdueMs / 1000),
      ),
      gauge(
        'checkout_payment_deadline_lag_seconds',
        'For how long the oldest unpaid order has been past its deadline',
        (facts) => one(facts.ordersOverdueMs / 1000),
      ),
      gauge('checkout_events_lag_seconds', 'For how long the oldest event has been waiting for its number', (facts) =>
        one(facts.eventsLagMs / 1000),
      ),
      gauge(
        'checkout_endpoints_failing',
        'Endpoints that take nothing for half an hour, or were disabled for that',
        (facts) => one(facts.endpointsFailing),
      ),
      gauge('checkout_refunds_due', 'Refunds that are owed and not sent yet, or have failed', (facts) =>
        one(facts.refundsDue),
      ),
      gauge('checkout_payments_in_review', 'Payment events that a person has to look at', (facts) =>
        one(facts.paymentsInReview),
      ),
      gauge(
        'checkout_disputes_open',
        'Payments that their buyers dispute at the bank, which has not decided',
        (facts) => one(facts.disputesOpen),
      ),
    ]);
    metrics.add(
      {
        name: 'checkout_stock_drift_units',
        help: 'Units by which the stock counters differ from the rows, as of the last scheduled audit; 0 is right',
        type: 'gauge',
        aggregator: 'max',
      },
      () => one(audit.drift),
    );
    metrics.add(
      {
        name: 'checkout_stock_cache_reads_total',
        help: 'Reads of a stock figure, by where it was found',
        type: 'counter',
      },
      () => Object.entries(cache.reads).map(([source, value]) => ({ labels: { source }, value })),
    );
  }
}

function stockSamples(row: ProductRow): Sample[] {
  const parts = { available: availableOf(row), held: row.stock_held, sold: row.stock_sold };
  return Object.entries(parts).map(([part, value]) => ({ labels: { product: row.id, part }, value }));
}

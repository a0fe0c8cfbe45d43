import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { EventsModule } from '../events/events.module.js';
import { HoldsModule } from '../holds/holds.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { PaymentProvidersModule } from '../payment-providers/payment-providers.module.js';
import { PaymentSessionsModule } from '../payment-sessions/payment-sessions.module.js';
import { ProductsModule } from '../products/products.module.js';
import { RefundsModule } from '../refunds/refunds.module.js';
import { SalesModule } from '../sales/sales.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { alwaysDue } from '../queue/schedules.js';
import { CustomersAdminController } from './customers/customers.admin.controller.js';
import { Erasure } from './customers/erasure.js';
import { ErasureRepository } from './customers/erasure.repository.js';
import { OrderList } from './orders/order-list.js';
import { OrderListRepository } from './orders/order-list.repository.js';
import { OrdersAdminController } from './orders/orders.admin.controller.js';
import { FleetRates } from './overview/fleet.js';
import { OverviewAdminController } from './overview/overview.admin.controller.js';
import { OverviewService } from './overview/overview.service.js';
import { PaymentReconciliation } from './payments/payment-reconciliation.js';
import { PaymentReconciliationRepository } from './payments/payment-reconciliation.repository.js';
import { RETENTION, RetentionProcessor } from './retention.processor.js';
import { RetentionService } from './retention.service.js';
import { RushAdminController } from './rush/rush.admin.controller.js';
import { Rushes } from './rush/rushes.js';
import { SaleFigures } from './sale-figures.js';
import { SaleMetrics } from './sale-metrics.js';
import { StockAuditRepository } from './stock-audit.repository.js';
import { StockAuditService } from './stock-audit.service.js';

/** What looks at all features at once: upkeep, the audit of the stock, the figures of a sale. It owns no table. */
@Module({
  imports: [
    BullModule.registerQueue({ name: RETENTION }),
    AccessModule,
    PaymentProvidersModule,
    PaymentSessionsModule,
    ProductsModule,
    SalesModule,
    DeliveriesModule,
    EventsModule,
    HoldsModule,
    OrdersModule,
    RefundsModule,
    WebhooksModule,
    IdempotencyModule,
  ],
  controllers: [CustomersAdminController, OrdersAdminController, OverviewAdminController, RushAdminController],
  providers: [
    Erasure,
    ErasureRepository,
    OrderList,
    OrderListRepository,
    RetentionService,
    RetentionProcessor,
    alwaysDue(RETENTION, RetentionProcessor, (schedules) => schedules.retention),
    FleetRates,
    OverviewService,
    PaymentReconciliation,
    PaymentReconciliationRepository,
    Rushes,
    SaleFigures,
    SaleMetrics,
    StockAuditRepository,
    StockAuditService,
  ],
  exports: [Erasure, OrderList, RetentionService, StockAuditService],
})
export class OperationsModule {}

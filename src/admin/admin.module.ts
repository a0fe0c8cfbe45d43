import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { HoldsModule } from '../holds/holds.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { ProductsModule } from '../products/products.module.js';
import { RefundsModule } from '../refunds/refunds.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { AdminGate } from './admin-gate.js';
import { AdminProductsController } from './admin-products.controller.js';
import { AdminRefundsController } from './admin-refunds.controller.js';
import { AdminWebhooksController } from './admin-webhooks.controller.js';
import { RETENTION, RetentionProcessor } from './retention.processor.js';
import { RetentionSchedule } from './retention.schedule.js';
import { RetentionService } from './retention.service.js';
import { SaleMetrics } from './sale-metrics.js';

/** What operators call, behind the admin token. */
@Module({
  imports: [
    BullModule.registerQueue({ name: RETENTION }),
    ProductsModule,
    HoldsModule,
    OrdersModule,
    RefundsModule,
    WebhooksModule,
    IdempotencyModule,
  ],
  controllers: [AdminProductsController, AdminRefundsController, AdminWebhooksController],
  providers: [AdminGate, RetentionService, RetentionProcessor, RetentionSchedule, SaleMetrics],
  exports: [RetentionService],
})
export class AdminModule {}

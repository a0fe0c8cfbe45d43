import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HoldsModule } from '../holds/holds.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ProductsModule } from '../products/products.module.js';
import { HeldOrdersController } from './held-orders.controller.js';
import { OrderEntity } from './order.entity.js';
import { OrdersController } from './orders.controller.js';
import { OrdersRepository } from './orders.repository.js';
import { OrdersService } from './orders.service.js';
import { PAYMENT_DEADLINE, PaymentDeadlineProcessor } from './payment-deadline.processor.js';
import { PaymentDeadlineSchedule } from './payment-deadline.schedule.js';
import { StockAuditRepository } from './stock-audit.repository.js';
import { StockAuditService } from './stock-audit.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([OrderEntity]),
    BullModule.registerQueue({ name: PAYMENT_DEADLINE }),
    HoldsModule,
    IdempotencyModule,
    ProductsModule,
  ],
  controllers: [OrdersController, HeldOrdersController],
  providers: [
    OrdersService,
    OrdersRepository,
    PaymentDeadlineProcessor,
    PaymentDeadlineSchedule,
    StockAuditRepository,
    StockAuditService,
  ],
  exports: [OrdersService, StockAuditService],
})
export class OrdersModule {}

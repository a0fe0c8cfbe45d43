import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HoldsModule } from '../holds/holds.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ProductsModule } from '../products/products.module.js';
import { BuyersHoldController } from './buyers-hold.controller.js';
import { OrderEntity } from './order.entity.js';
import { OrdersController } from './orders.controller.js';
import { OrdersRepository } from './orders.repository.js';
import { OrdersService } from './orders.service.js';
import { PAYMENT_DEADLINE, PaymentDeadlineProcessor } from './payment-deadline.processor.js';
import { PaymentDeadlineSchedule } from './payment-deadline.schedule.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([OrderEntity]),
    BullModule.registerQueue({ name: PAYMENT_DEADLINE }),
    HoldsModule,
    IdempotencyModule,
    ProductsModule,
  ],
  controllers: [OrdersController, BuyersHoldController],
  providers: [OrdersService, OrdersRepository, PaymentDeadlineProcessor, PaymentDeadlineSchedule],
  exports: [OrdersService],
})
export class OrdersModule {}

import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventsModule } from '../events/events.module.js';
import { HoldsModule } from '../holds/holds.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ProductsModule } from '../products/products.module.js';
import { SalesModule } from '../sales/sales.module.js';
import { BuyersHoldController } from './buyers-hold.controller.js';
import { OrderEventReader } from './order-event-reader.js';
import { Ordering } from './ordering/ordering.js';
import { OrderEntity } from './order.entity.js';
import { OrdersController } from './orders.controller.js';
import { OrdersRepository } from './orders.repository.js';
import { OrdersService } from './orders.service.js';
import { Cancelling } from './settling/cancelling.js';
import { GivingBack } from './settling/giving-back.js';
import { PAYMENT_DEADLINE, PaymentDeadlineProcessor } from './settling/payment-deadline.processor.js';
import { PaymentDeadlineSchedule } from './settling/payment-deadline.schedule.js';
import { Settling } from './settling/settling.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([OrderEntity]),
    BullModule.registerQueue({ name: PAYMENT_DEADLINE }),
    EventsModule,
    HoldsModule,
    IdempotencyModule,
    ProductsModule,
    SalesModule,
  ],
  controllers: [OrdersController, BuyersHoldController],
  providers: [
    OrdersService,
    OrdersRepository,
    Ordering,
    OrderEventReader,
    Settling,
    GivingBack,
    Cancelling,
    PaymentDeadlineProcessor,
    PaymentDeadlineSchedule,
  ],
  exports: [OrdersService, Ordering, Settling, Cancelling],
})
export class OrdersModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventsModule } from '../events/events.module.js';
import { HoldsModule } from '../holds/holds.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { PaymentSessionsModule } from '../payment-sessions/payment-sessions.module.js';
import { ProductsModule } from '../products/products.module.js';
import { SalesModule } from '../sales/sales.module.js';
import { BuyersHoldController } from './buyers-hold.controller.js';
import { OrderEventReader } from './order-event-reader.js';
import { Ordering } from './ordering/ordering.js';
import { OrderEntity } from './order.entity.js';
import { OrdersController } from './orders.controller.js';
import { OrdersRepository } from './orders.repository.js';
import { OrdersService } from './orders.service.js';
import { Paying } from './paying.js';
import { PaymentsController } from './payments.controller.js';
import { Cancelling } from './settling/cancelling.js';
import { GivingBack } from './settling/giving-back.js';
import { DeadlinesRepository } from './settling/deadlines.repository.js';
import { DeadlineClaims } from './settling/deadline-claims.js';
import { Settling } from './settling/settling.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([OrderEntity]),
    EventsModule,
    HoldsModule,
    IdempotencyModule,
    PaymentSessionsModule,
    ProductsModule,
    SalesModule,
  ],
  controllers: [OrdersController, BuyersHoldController, PaymentsController],
  providers: [
    OrdersService,
    OrdersRepository,
    DeadlinesRepository,
    Ordering,
    OrderEventReader,
    Settling,
    GivingBack,
    Cancelling,
    Paying,
    DeadlineClaims,
  ],
  exports: [OrdersService, Ordering, Settling, Cancelling, DeadlineClaims],
})
export class OrdersModule {}

import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessModule } from '../access/access.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { PaymentProvidersModule } from '../payment-providers/payment-providers.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { alwaysDue } from '../queue/schedules.js';
import { OUTSIDE_REFUNDS, OutsideRefundsProcessor } from './outside-refunds.processor.js';
import { PaymentEntity } from './payment.entity.js';
import { PaymentsRepository } from './payments.repository.js';
import { RefundEntity } from './refund.entity.js';
import { RefundsAdminController } from './refunds.admin.controller.js';
import { RefundsRepository } from './refunds.repository.js';
import { RefundsService } from './refunds.service.js';
import { Returning } from './returning.js';
import { ShopPayments } from './shop-payments.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([RefundEntity, PaymentEntity]),
    AccessModule,
    BullModule.registerQueue({ name: OUTSIDE_REFUNDS }),
    PaymentProvidersModule,
    OrdersModule,
    IdempotencyModule,
  ],
  controllers: [RefundsAdminController],
  providers: [
    RefundsService,
    Returning,
    RefundsRepository,
    PaymentsRepository,
    OutsideRefundsProcessor,
    alwaysDue(OUTSIDE_REFUNDS, OutsideRefundsProcessor, (schedules) => schedules.outsideRefunds),
    ShopPayments,
  ],
  exports: [RefundsService, Returning],
})
export class RefundsModule {}

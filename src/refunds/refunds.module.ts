import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PaymentProvidersModule } from '../payment-providers/payment-providers.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { PaymentEntity } from './payment.entity.js';
import { PaymentsRepository } from './payments.repository.js';
import { RefundEntity } from './refund.entity.js';
import { RefundsAdminController } from './refunds.admin.controller.js';
import { RefundsRepository } from './refunds.repository.js';
import { RefundsService } from './refunds.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([RefundEntity, PaymentEntity]), PaymentProvidersModule, OrdersModule],
  controllers: [RefundsAdminController],
  providers: [RefundsService, RefundsRepository, PaymentsRepository],
  exports: [RefundsService],
})
export class RefundsModule {}

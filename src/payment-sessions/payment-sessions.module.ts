import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PaymentProvidersModule } from '../payment-providers/payment-providers.module.js';
import { PaymentSessionEntity } from './payment-session.entity.js';
import { PaymentSessionsRepository } from './payment-sessions.repository.js';
import { PAYMENT_SESSIONS, PaymentSessionsService } from './payment-sessions.service.js';
import { ProviderLines } from './provider-lines.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([PaymentSessionEntity]),
    BullModule.registerQueue({ name: PAYMENT_SESSIONS }),
    PaymentProvidersModule,
  ],
  providers: [PaymentSessionsService, PaymentSessionsRepository, ProviderLines],
  exports: [PaymentSessionsService, ProviderLines, BullModule],
})
export class PaymentSessionsModule {}

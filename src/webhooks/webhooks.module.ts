import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessModule } from '../access/access.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { PaymentProvidersModule } from '../payment-providers/payment-providers.module.js';
import { PaymentSessionsModule } from '../payment-sessions/payment-sessions.module.js';
import { RefundsModule } from '../refunds/refunds.module.js';
import { alwaysDue } from '../queue/schedules.js';
import { Asking } from './deadlines/asking.js';
import { PAYMENT_DEADLINE, PaymentDeadlineProcessor } from './deadlines/payment-deadline.processor.js';
import { PaymentDeadlineSchedule } from './deadlines/payment-deadline.schedule.js';
import { Deciding } from './deciding/deciding.js';
import { NoticeCounts } from './notice-counts.js';
import { NoticeGate } from './notice-gate.js';
import { SessionOutbox } from './outbox/session-outbox.js';
import { SessionOutboxProcessor } from './outbox/session-outbox.processor.js';
import { SessionOutboxSchedule } from './outbox/session-outbox.schedule.js';
import { RECONCILIATION, ReconciliationProcessor } from './reconciliation.processor.js';
import { WebhookLogEntity } from './webhook-log.entity.js';
import { WebhooksAdminController } from './webhooks.admin.controller.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';

@Module({
  imports: [
    AccessModule,
    TypeOrmModule.forFeature([WebhookLogEntity]),
    BullModule.registerQueue({ name: RECONCILIATION }, { name: PAYMENT_DEADLINE }),
    PaymentProvidersModule,
    PaymentSessionsModule,
    OrdersModule,
    RefundsModule,
  ],
  controllers: [WebhooksController, WebhooksAdminController],
  providers: [
    WebhooksService,
    WebhooksRepository,
    Deciding,
    NoticeGate,
    NoticeCounts,
    ReconciliationProcessor,
    alwaysDue(RECONCILIATION, ReconciliationProcessor, (schedules) => schedules.reconciliation),
    Asking,
    PaymentDeadlineProcessor,
    PaymentDeadlineSchedule,
    SessionOutbox,
    SessionOutboxProcessor,
    SessionOutboxSchedule,
  ],
  exports: [WebhooksService, Asking],
})
export class WebhooksModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OrdersModule } from '../orders/orders.module.js';
import { ProductsModule } from '../products/products.module.js';
import { Reconciliation } from './reconciliation.js';
import { WebhookLogEntity } from './webhook-log.entity.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([WebhookLogEntity]), OrdersModule, ProductsModule],
  controllers: [WebhooksController],
  providers: [WebhooksService, WebhooksRepository, Reconciliation],
  exports: [WebhooksService],
})
export class WebhooksModule {}

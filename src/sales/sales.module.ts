import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventsModule } from '../events/events.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ProductsModule } from '../products/products.module.js';
import { ProductsAdminController } from './products.admin.controller.js';
import { LiveSales } from './live-sales.js';
import { SaleCache } from './sale-cache.js';
import { SaleEdgesSchedule } from './sale-edges.schedule.js';
import { SaleEntity } from './sale.entity.js';
import { SalesAdminController } from './sales.admin.controller.js';
import { SalesController } from './sales.controller.js';
import { SalesRepository } from './sales.repository.js';
import { SalesService } from './sales.service.js';

@Module({
  imports: [EventsModule, IdempotencyModule, ProductsModule, TypeOrmModule.forFeature([SaleEntity])],
  controllers: [SalesController, SalesAdminController, ProductsAdminController],
  providers: [LiveSales, SalesService, SalesRepository, SaleCache, SaleEdgesSchedule],
  exports: [SalesService],
})
export class SalesModule {}

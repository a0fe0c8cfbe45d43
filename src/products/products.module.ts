import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventsModule } from '../events/events.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { AvailabilityRepository } from './availability.repository.js';
import { AvailabilitySchedule } from './availability.schedule.js';
import { AvailabilityTelling } from './availability-telling.js';
import { LiveProducts } from './live-products.js';
import { ProductEntity } from './product.entity.js';
import { ProductsController } from './products.controller.js';
import { ProductsRepository } from './products.repository.js';
import { ProductsService } from './products.service.js';
import { SkuNumbers } from './sku-numbers.js';
import { StockCache } from './stock-cache.js';
import { StockWatch } from './stock-watch.js';

@Module({
  imports: [EventsModule, IdempotencyModule, TypeOrmModule.forFeature([ProductEntity])],
  controllers: [ProductsController],
  providers: [
    AvailabilityRepository,
    AvailabilitySchedule,
    AvailabilityTelling,
    LiveProducts,
    ProductsService,
    ProductsRepository,
    SkuNumbers,
    StockCache,
    StockWatch,
  ],
  exports: [ProductsService, SkuNumbers, StockCache, StockWatch],
})
export class ProductsModule {}

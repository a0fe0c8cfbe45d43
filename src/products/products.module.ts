import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { LiveProducts } from './live-products.js';
import { ProductEntity } from './product.entity.js';
import { ProductsController } from './products.controller.js';
import { ProductsRepository } from './products.repository.js';
import { ProductsService } from './products.service.js';
import { StockCache } from './stock-cache.js';
import { StockWatch } from './stock-watch.js';

@Module({
  imports: [IdempotencyModule, TypeOrmModule.forFeature([ProductEntity])],
  controllers: [ProductsController],
  providers: [LiveProducts, ProductsService, ProductsRepository, StockCache, StockWatch],
  exports: [ProductsService, StockCache, StockWatch],
})
export class ProductsModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ProductsModule } from '../products/products.module.js';
import { HoldEntity } from './hold.entity.js';
import { HoldReleases } from './hold-releases.js';
import { HoldsController } from './holds.controller.js';
import { HoldsRepository } from './holds.repository.js';
import { HoldsService } from './holds.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([HoldEntity]), IdempotencyModule, ProductsModule],
  controllers: [HoldsController],
  providers: [HoldsService, HoldsRepository, HoldReleases],
  exports: [HoldsService],
})
export class HoldsModule {}

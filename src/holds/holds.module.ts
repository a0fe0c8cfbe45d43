import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessModule } from '../access/access.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ProductsModule } from '../products/products.module.js';
import { SalesModule } from '../sales/sales.module.js';
import { CustomerHoldsRepository } from './customer-holds.repository.js';
import { CustomerLimits } from './customer-limits.js';
import { Door } from './granting/door.js';
import { Granting } from './granting/granting.js';
import { HoldEntity } from './hold.entity.js';
import { Extending } from './extending/extending.js';
import { HandMadeHolds } from './granting/hand-made-holds.js';
import { HoldsAdminController } from './holds.admin.controller.js';
import { HoldsController } from './holds.controller.js';
import { HoldsRepository } from './holds.repository.js';
import { HoldsService } from './holds.service.js';
import { HOLD_EXPIRY, HoldExpiryProcessor } from './releasing/hold-expiry.processor.js';
import { HoldExpirySchedule } from './releasing/hold-expiry.schedule.js';
import { Releasing } from './releasing/releasing.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([HoldEntity]),
    BullModule.registerQueue({ name: HOLD_EXPIRY }),
    AccessModule,
    IdempotencyModule,
    ProductsModule,
    SalesModule,
  ],
  controllers: [HoldsController, HoldsAdminController],
  providers: [
    HoldsService,
    HoldsRepository,
    CustomerHoldsRepository,
    CustomerLimits,
    Extending,
    Door,
    Granting,
    HandMadeHolds,
    Releasing,
    HoldExpiryProcessor,
    HoldExpirySchedule,
  ],
  exports: [HoldsService, CustomerLimits, Releasing],
})
export class HoldsModule {}

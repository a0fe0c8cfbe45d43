import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AdminModule } from './admin/admin.module.js';
import { KnownRoutes } from './common/known-routes.js';
import { ProblemFilter } from './common/problem.filter.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HoldsModule } from './holds/holds.module.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { ProductsModule } from './products/products.module.js';
import { QueueModule } from './queue/queue.module.js';
import { RedisModule } from './redis/redis.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** The whole service: the foundations, the features in the order of their dependence, and what composes them. */
@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule,
        RedisModule,
        QueueModule,
        ObservabilityModule,
        ProductsModule,
        HoldsModule,
        OrdersModule,
        WebhooksModule,
        AdminModule,
      ],
      providers: [KnownRoutes, ProblemFilter, { provide: APP_FILTER, useExisting: ProblemFilter }],
    };
  }
}

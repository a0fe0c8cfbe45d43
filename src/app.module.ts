import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { DeliveriesModule } from './deliveries/deliveries.module.js';
import { EngineModule } from './engine/engine.module.js';
import { EventsModule } from './events/events.module.js';
import { HoldsModule } from './holds/holds.module.js';
import { HttpModule } from './http/http.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { PaymentSessionsModule } from './payment-sessions/payment-sessions.module.js';
import { ProductsModule } from './products/products.module.js';
import { QueueModule } from './queue/queue.module.js';
import { RedisModule } from './redis/redis.module.js';
import { RefundsModule } from './refunds/refunds.module.js';
import { SalesModule } from './sales/sales.module.js';
import { TracingModule } from './tracing/tracing.module.js';
import type { Tracing } from './tracing/tracing.types.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** The whole service: the foundations, the features in the order of their dependence, and what composes them. */
@Module({})
export class AppModule {
  /** The operators' commands trace nothing. */
  static forRoot(config: Config, tracing: Tracing | null = null): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        MetricsModule,
        TracingModule.forRoot(tracing),
        DatabaseModule,
        RedisModule,
        EngineModule,
        QueueModule,
        HttpModule,
        ObservabilityModule,
        AccessModule,
        EventsModule,
        PaymentSessionsModule,
        DeliveriesModule,
        ProductsModule,
        SalesModule,
        HoldsModule,
        OrdersModule,
        RefundsModule,
        WebhooksModule,
        OperationsModule,
      ],
    };
  }
}

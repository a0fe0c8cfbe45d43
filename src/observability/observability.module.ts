import { Global, Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { Lifecycle } from './lifecycle.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsService } from './metrics.service.js';

@Global()
@Module({
  controllers: [HealthController, MetricsController],
  providers: [Lifecycle, MetricsService],
  exports: [Lifecycle, MetricsService],
})
export class ObservabilityModule {}

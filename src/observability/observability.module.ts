import { Global, Module } from '@nestjs/common';
import { GroupCommitMetrics } from './group-commit-metrics.js';
import { HealthController } from './health.controller.js';
import { Lifecycle } from './lifecycle.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsService } from './metrics.service.js';
import { Readiness } from './readiness.js';
import { SystemMetrics } from './system-metrics.js';

@Global()
@Module({
  controllers: [HealthController, MetricsController],
  providers: [Lifecycle, MetricsService, GroupCommitMetrics, Readiness, SystemMetrics],
  exports: [Lifecycle, MetricsService, GroupCommitMetrics],
})
export class ObservabilityModule {}

import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { Readiness } from './readiness.js';
import { SystemMetrics } from './system-metrics.js';

@Module({ controllers: [HealthController], providers: [Readiness, SystemMetrics] })
export class ObservabilityModule {}

import { Controller, Get } from '@nestjs/common';
import { Endpoint } from '../http/endpoint.decorator.js';
import { MetricsService } from '../metrics/metrics.service.js';

@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get()
  @Endpoint({
    tag: 'operations',
    operationId: 'getMetrics',
    summary: 'Metrics in the Prometheus text format',
    description: 'Of all processes of this instance together. Keep it from the public.',
    success: { 200: { description: 'All metrics', contentType: 'text/plain; version=0.0.4; charset=utf-8' } },
    errors: [],
  })
  scrape(): Promise<string> {
    return this.metrics.scrape();
  }
}

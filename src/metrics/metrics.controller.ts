import { Controller, Get, Header } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { MetricsService } from './metrics.service.js';

@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @RouteSchema({
    tags: ['operations'],
    summary: 'Metrics in the Prometheus text format',
    response: { 200: { description: 'All metrics', content: { 'text/plain': { schema: { type: 'string' } } } } },
  })
  scrape(): Promise<string> {
    return this.metrics.scrape();
  }
}

import { Controller, Get } from '@nestjs/common';
import { Endpoint } from '../../http/endpoint.decorator.js';
import { OverviewDto, toOverviewDto } from './dto/overview.dto.js';
import { OverviewService } from './overview.service.js';

/** What the console's first page shows. Programs have `GET /metrics`, which goes further; so it is not in the OpenAPI document. */
@Controller('api/admin/overview')
export class OverviewAdminController {
  constructor(private readonly overview: OverviewService) {}

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'getOverview',
    summary: 'Get the figures of now: stock, rates, what is overdue',
    description: 'Of all instances together, a second old at most.',
    success: { 200: { description: 'The figures', dto: OverviewDto } },
    errors: [],
    scope: 'read',
    isOfPages: true,
  })
  async get(): Promise<OverviewDto> {
    return toOverviewDto(await this.overview.getOverview());
  }
}

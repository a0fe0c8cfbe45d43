import { Controller, Get, Post } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Endpoint } from '../../http/endpoint.decorator.js';
import { BeginRushDto, RushDto, toRushDto } from './dto/rush.dto.js';
import { Rushes } from './rushes.js';

/** A rush for who looks on at the console of a local start; a terminal has `npm run rush`. So it is not in the OpenAPI document. */
@Controller('api/admin/rush')
export class RushAdminController {
  constructor(private readonly rushes: Rushes) {}

  @Post()
  @Endpoint({
    tag: 'admin',
    operationId: 'beginRush',
    summary: 'Have a crowd of simulated buyers come for a product',
    description: 'One at a time: while one runs, it is that one that is answered.',
    body: BeginRushDto,
    success: { 202: { description: 'The rush that runs', dto: RushDto } },
    errors: ['ROUTE_NOT_FOUND', 'PRODUCT_NOT_FOUND'],
    scope: 'products',
    isOfPages: true,
  })
  async begin({ body }: FastifyRequest<{ Body: BeginRushDto }>): Promise<RushDto> {
    return toRushDto(await this.rushes.begin({ productId: body.product_id, buyers: body.buyers }));
  }

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'getRush',
    summary: 'Get the rush that runs, or the last one',
    description: 'How far it is, and what it came to by the rows of the database.',
    success: { 200: { description: 'The rush', dto: RushDto } },
    errors: ['ROUTE_NOT_FOUND'],
    scope: 'products',
    isOfPages: true,
  })
  async get(): Promise<RushDto> {
    return toRushDto(await this.rushes.latest());
  }
}

import { Controller, Get } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Endpoint } from '../http/endpoint.decorator.js';
import { EVENT_STREAM, STREAM_HEADERS } from '../http/live-streams.js';
import { PAGE_QUERY, type PageQuery, toPageDto, toPageRequest } from '../http/page.js';
import { answerTagged, NOT_MODIFIED, PUBLIC_READ_HEADERS, etagOf } from '../http/tagged-answer.js';
import { SALE_ID_PARAM, SaleDto, SalePageDto, toPublicSaleDto } from './dto/sale.dto.js';
import { LiveSales } from './live-sales.js';
import { SalesService } from './sales.service.js';

@Controller('api/sales')
export class SalesController {
  constructor(
    private readonly sales: SalesService,
    private readonly live: LiveSales,
  ) {}

  @Get()
  @Endpoint({
    tag: 'sales',
    operationId: 'listSales',
    summary: 'List the sales, in pages',
    description: 'In the order of their numbers; those that ended over a day ago are left out.',
    query: PAGE_QUERY,
    success: {
      200: { description: 'A page of sales', dto: SalePageDto, headers: PUBLIC_READ_HEADERS },
      ...NOT_MODIFIED,
    },
    errors: [],
  })
  async list(request: FastifyRequest<{ Querystring: PageQuery }>, reply: FastifyReply): Promise<string | undefined> {
    const page = toPageDto(await this.sales.listSales(toPageRequest(request.query), 'current'), toPublicSaleDto);
    const etag = etagOf(JSON.stringify({ ...page, items: page.items.map(withoutTime) }));
    return answerTagged(request, reply, { text: JSON.stringify(page), etag });
  }

  @Get(':id')
  @Endpoint({
    tag: 'sales',
    operationId: 'getSale',
    summary: 'A sale with its products, and the time by which it starts',
    description:
      'The figures are at most a second old. `available_stock` is the true one before the start and in a pause, too: it tells of stock and not of permission.',
    params: { id: SALE_ID_PARAM },
    success: { 200: { description: 'The sale', dto: SaleDto, headers: PUBLIC_READ_HEADERS }, ...NOT_MODIFIED },
    errors: ['SALE_NOT_FOUND'],
  })
  async get(request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply): Promise<string | undefined> {
    const sale = toPublicSaleDto(await this.sales.getRecentSale(Number(request.params.id)));
    const answer = { text: JSON.stringify(sale), etag: etagOf(JSON.stringify(withoutTime(sale))) };
    return answerTagged(request, reply, answer);
  }

  @Get(':id/live')
  @Endpoint({
    tag: 'sales',
    operationId: 'watchSale',
    summary: 'A sale and its products as they change, as Server-Sent Events',
    description:
      'Events `stock`: the sale as `GET /api/sales/{id}` shows it, with `as_of`: first all of it, then with those products alone that have changed; one that left says so by its `sale_id` or `archived`. As of a product otherwise.',
    params: { id: SALE_ID_PARAM },
    success: { 200: { description: 'Events', contentType: EVENT_STREAM, headers: STREAM_HEADERS } },
    errors: ['SALE_NOT_FOUND'],
  })
  watch(request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply): Promise<void> {
    return this.live.open(Number(request.params.id), request, reply);
  }
}

/** What the tag is of: the clock alone makes no other answer. */
function withoutTime({ server_time: _, ...sale }: SaleDto): Omit<SaleDto, 'server_time'> {
  return sale;
}

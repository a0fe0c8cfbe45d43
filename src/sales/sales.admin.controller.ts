import { Controller, Get, Patch, Post } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actOf } from '../access/operator.js';
import { Endpoint, locationOf } from '../http/endpoint.decorator.js';
import { ADMIN_PAGE_QUERY, type PageQuery, toPageDto, toPageRequest } from '../http/page.js';
import { etagOf, IF_MATCH, isExpected, OPERATOR_ETAG } from '../http/tagged-answer.js';
import { type KeyedCall, OPERATOR_KEY_HEADER } from '../idempotency/idempotency-key.js';
import {
  AdminSaleDto,
  AdminSalePageDto,
  ChangeSaleDto,
  CreateSaleDto,
  SALE_ID_PARAM,
  toAdminSaleDto,
} from './dto/sale.dto.js';
import { SalesService } from './sales.service.js';
import { type SaleRow, type SaleWithProducts, TERMS } from './sales.types.js';

type SaleCall<Body = unknown> = FastifyRequest<{
  Params: { id: string };
  Body: Body;
  Headers: { 'if-match'?: string };
}>;

const SALE_NOW = { 200: { description: 'The sale as it is now', dto: AdminSaleDto, headers: OPERATOR_ETAG } };

@Controller('api/admin/sales')
export class SalesAdminController {
  constructor(private readonly sales: SalesService) {}

  @Post()
  @Endpoint({
    tag: 'admin',
    operationId: 'createSale',
    summary: 'Make a sale: a window of time for products',
    description: 'It has no products yet: they name it as their `sale_id`. Times are those of the database’s clock.',
    body: CreateSaleDto,
    headers: OPERATOR_KEY_HEADER,
    success: {
      201: { description: 'The sale is made', dto: AdminSaleDto, headers: { ...locationOf('sale'), ...OPERATOR_ETAG } },
    },
    errors: ['IDEMPOTENCY_KEY_REUSED'],
    scope: 'sales',
  })
  async create(request: KeyedCall<CreateSaleDto>, reply: FastifyReply): Promise<AdminSaleDto> {
    const key = request.headers['idempotency-key'];
    const made = await this.sales.createSale(actOf(request), request.body, key);
    void reply.header('location', `/api/sales/${made.sale.id}`);
    return answer(reply, made);
  }

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'listAllSales',
    summary: 'List all sales, in pages',
    description: 'In the order of their numbers, ended ones and archived products too.',
    query: ADMIN_PAGE_QUERY,
    success: { 200: { description: 'A page of sales', dto: AdminSalePageDto } },
    errors: [],
    scope: 'sales',
  })
  async list({ query }: FastifyRequest<{ Querystring: PageQuery }>): Promise<AdminSalePageDto> {
    return toPageDto(await this.sales.listSales(toPageRequest(query), 'all'), toAdminSaleDto);
  }

  @Get(':id')
  @Endpoint({
    tag: 'admin',
    operationId: 'readSale',
    summary: 'A sale as it is now',
    description: 'From the database, with the tag by which a change is guarded.',
    params: { id: SALE_ID_PARAM },
    success: SALE_NOW,
    errors: ['SALE_NOT_FOUND'],
    scope: 'sales',
  })
  async get({ params }: SaleCall, reply: FastifyReply): Promise<AdminSaleDto> {
    return answer(reply, await this.sales.getSale(Number(params.id)));
  }

  @Patch(':id')
  @Endpoint({
    tag: 'admin',
    operationId: 'changeSale',
    summary: 'Change a sale',
    description:
      'Fields that are not named stay as they are. The start can be moved until it has passed, the end until it has; then the name alone.',
    body: ChangeSaleDto,
    params: { id: SALE_ID_PARAM },
    headers: IF_MATCH,
    success: SALE_NOW,
    errors: ['SALE_NOT_FOUND', 'SALE_STARTED', 'SALE_ENDED', 'PRECONDITION_FAILED'],
    scope: 'sales',
  })
  async change(request: SaleCall<ChangeSaleDto>, reply: FastifyReply): Promise<AdminSaleDto> {
    const { params, body, headers } = request;
    const changed = await this.sales.changeSale(actOf(request), Number(params.id), body, (sale) =>
      isExpected(headers['if-match'], etagOfSale(sale)),
    );
    return answer(reply, changed);
  }

  @Post(':id/pause')
  @Endpoint({
    tag: 'admin',
    operationId: 'pauseSale',
    summary: 'Pause a sale',
    description:
      'Once this is answered no hold is granted, by no instance; what was held before goes on. The end stays where it is. Again: nothing changes.',
    takesAnyBody: true,
    params: { id: SALE_ID_PARAM },
    success: SALE_NOW,
    errors: ['SALE_NOT_FOUND', 'SALE_ENDED'],
    scope: 'sales',
  })
  async pause(request: SaleCall, reply: FastifyReply): Promise<AdminSaleDto> {
    return answer(reply, await this.sales.pauseSale(actOf(request), Number(request.params.id)));
  }

  @Post(':id/resume')
  @Endpoint({
    tag: 'admin',
    operationId: 'resumeSale',
    summary: 'Go on with a paused sale',
    description: 'It is again what its window says. Again: nothing changes.',
    takesAnyBody: true,
    params: { id: SALE_ID_PARAM },
    success: SALE_NOW,
    errors: ['SALE_NOT_FOUND', 'SALE_ENDED'],
    scope: 'sales',
  })
  async resume(request: SaleCall, reply: FastifyReply): Promise<AdminSaleDto> {
    return answer(reply, await this.sales.resumeSale(actOf(request), Number(request.params.id)));
  }

  @Post(':id/end')
  @Endpoint({
    tag: 'admin',
    operationId: 'endSale',
    summary: 'End a sale now, for good',
    description: 'Once this is answered no hold is granted; what was held before goes on. Again: nothing changes.',
    takesAnyBody: true,
    params: { id: SALE_ID_PARAM },
    success: SALE_NOW,
    errors: ['SALE_NOT_FOUND'],
    scope: 'sales',
  })
  async end(request: SaleCall, reply: FastifyReply): Promise<AdminSaleDto> {
    return answer(reply, await this.sales.endSale(actOf(request), Number(request.params.id)));
  }
}

function answer(reply: FastifyReply, found: SaleWithProducts): AdminSaleDto {
  void reply.header('etag', etagOfSale(found.sale));
  return toAdminSaleDto(found);
}

/** Of the operator's own fields: neither the clock nor its products make an operator start over. */
function etagOfSale({ name, starts_at, ends_at, ended_at, paused_at, ...row }: SaleRow): string {
  return etagOf(JSON.stringify([name, starts_at, ends_at, ended_at, paused_at, ...TERMS.map((term) => row[term])]));
}

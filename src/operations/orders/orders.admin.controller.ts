import { Readable } from 'node:stream';
import { Controller, Get, Post } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actOf } from '../../access/operator.js';
import { prefers } from '../../http/accepted.js';
import { Endpoint } from '../../http/endpoint.decorator.js';
import { type JsonSchema, NUMBER_PARAM } from '../../http/json-schema.js';
import { type PageRequest, toPageDto, toPageRequest } from '../../http/page.js';
import { OPERATOR_KEY_HEADER } from '../../idempotency/idempotency-key.js';
import { Cancelling } from '../../orders/settling/cancelling.js';
import { ReturnDto, toWantedReturn } from '../../refunds/dto/return.dto.js';
import { SkuNumbers } from '../../products/sku-numbers.js';
import { Returning } from '../../refunds/returning.js';
import {
  AdminOrderDetailDto,
  type AdminOrderDto,
  AdminOrderPageDto,
  toAdminOrderDetailDto,
  toAdminOrderDto,
} from './dto/admin-order.dto.js';
import { ORDER_QUERY, type OrderQuery, refusePages, toOrderFilter } from './dto/order-query.dto.js';
import { OrderList } from './order-list.js';
import type { OrderFilter } from './order-list.types.js';
import { csvOf } from './orders-csv.js';

const ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the order' };

const ORDER_NOW = { 200: { description: 'The order as it is now', dto: AdminOrderDetailDto } };

const CSV = 'text/csv';

type ListCall = FastifyRequest<{ Querystring: OrderQuery }>;
type OrderCall<Body = unknown> = FastifyRequest<{
  Params: { id: string };
  Body: Body;
  Headers: { 'idempotency-key'?: string };
}>;

/** Operators' calls about orders. They are here since each answers with what all features know of the order. */
@Controller('api/admin/orders')
export class OrdersAdminController {
  constructor(
    private readonly orders: OrderList,
    private readonly cancelling: Cancelling,
    private readonly returning: Returning,
    private readonly skus: SkuNumbers,
  ) {}

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'listOrders',
    summary: 'Find orders, in pages, or all as a CSV file',
    description:
      'Filters are combined. A page may have fewer orders than `limit` and a `next_cursor` all the same. With `Accept: text/csv` all of them come, a line for each item.',
    query: ORDER_QUERY,
    success: { 200: { description: 'A page of orders', dto: AdminOrderPageDto, alsoAs: CSV } },
    errors: ['PRODUCT_NOT_FOUND'],
    scope: 'orders',
  })
  async list({ query, headers }: ListCall, reply: FastifyReply): Promise<AdminOrderPageDto | Readable> {
    const filter = await this.filterOf(query);
    void reply.header('vary', 'accept');
    if (!prefers(headers.accept, CSV)) {
      return toPageDto(await this.orders.listOrders(filter, toPageRequest(query)), toAdminOrderDto);
    }
    refusePages(query);
    void reply.type(`${CSV}; charset=utf-8`).header('content-disposition', 'attachment; filename="orders.csv"');
    // One part is read ahead of the client, and no more: who takes nothing has nothing read for him.
    return Readable.from(csvOf(this.stream(filter, toPageRequest(query))), { highWaterMark: 1 });
  }

  @Get(':id')
  @Endpoint({
    tag: 'admin',
    operationId: 'readOrder',
    summary: 'An order with all that happened to it',
    description: 'With what payment providers told of it, and what is owed back of it or went back.',
    params: { id: ID_PARAM },
    success: ORDER_NOW,
    errors: ['ORDER_NOT_FOUND'],
    scope: 'orders',
  })
  async get({ params }: OrderCall): Promise<AdminOrderDetailDto> {
    return this.answer(Number(params.id));
  }

  @Post(':id/cancel')
  @Endpoint({
    tag: 'admin',
    operationId: 'cancelOrder',
    summary: 'Cancel an unpaid order',
    description: 'Its units are available again at once. Of an order that has ended unpaid nothing changes.',
    params: { id: ID_PARAM },
    takesAnyBody: true,
    success: ORDER_NOW,
    errors: ['ORDER_NOT_FOUND', 'ORDER_ALREADY_PAID'],
    scope: 'orders',
  })
  async cancel(request: OrderCall): Promise<AdminOrderDetailDto> {
    return this.answer(await this.cancelling.cancelOrder(actOf(request), Number(request.params.id)));
  }

  @Post(':id/return')
  @Endpoint({
    tag: 'admin',
    operationId: 'returnOrder',
    summary: 'Take units of a paid order back, and owe their price',
    description:
      'The refund is due, and sent like any other. Send a key: without one, repeated it returns again. `quantity: 0` gives money back for no unit.',
    body: ReturnDto,
    params: { id: ID_PARAM },
    headers: OPERATOR_KEY_HEADER,
    success: ORDER_NOW,
    errors: [
      'ORDER_NOT_FOUND',
      'ORDER_NOT_PAID',
      'NOTHING_TO_RETURN',
      'QUANTITY_NOT_RETURNABLE',
      'IDEMPOTENCY_KEY_REUSED',
    ],
    scope: 'orders',
  })
  async return(request: OrderCall<ReturnDto>): Promise<AdminOrderDetailDto> {
    const { params, body, headers } = request;
    const wanted = toWantedReturn(body);
    const key = headers['idempotency-key'];
    return this.answer(await this.returning.returnUnits(actOf(request), Number(params.id), wanted, key));
  }

  private async filterOf(query: OrderQuery): Promise<OrderFilter> {
    const filter = toOrderFilter(query);
    const { productId } = filter;
    return query.sku === undefined
      ? filter
      : { ...filter, productId: await this.skus.find({ productId, sku: query.sku }) };
  }

  private async *stream(filter: OrderFilter, page: PageRequest): AsyncGenerator<AdminOrderDto[], void> {
    for await (const orders of this.orders.streamOrders(filter, page)) yield orders.map(toAdminOrderDto);
  }

  private async answer(id: number): Promise<AdminOrderDetailDto> {
    return toAdminOrderDetailDto(await this.orders.getOrder(id));
  }
}

import { Controller, Get } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Endpoint } from '../http/endpoint.decorator.js';
import { PAGE_QUERY, type PageQuery, toPageDto, toPageRequest } from '../http/page.js';
import { EVENT_STREAM, STREAM_HEADERS } from '../http/live-streams.js';
import {
  answerTagged,
  NOT_MODIFIED,
  PUBLIC_READ_HEADERS,
  type TaggedAnswer,
  taggedAnswer,
} from '../http/tagged-answer.js';
import { PRODUCT_ID_PARAM, ProductDto, ProductPageDto, SKU_PARAM, toPublicProductDto } from './dto/product.dto.js';
import { LiveProducts } from './live-products.js';
import { ProductsService } from './products.service.js';
import type { ProductRow } from './products.types.js';

/** What readers get of a row: the cache gives the same row to all of them, so it is written once. */
const answers = new WeakMap<ProductRow, TaggedAnswer>();

@Controller('api/products')
export class ProductsController {
  constructor(
    private readonly products: ProductsService,
    private readonly live: LiveProducts,
  ) {}

  @Get()
  @Endpoint({
    tag: 'products',
    operationId: 'listProducts',
    summary: 'List the products, in pages',
    description:
      'Products that are on sale, in the order of their numbers. Follow `next_cursor` until it is null. With `sku` only the one that has it.',
    query: { ...PAGE_QUERY, sku: SKU_PARAM },
    success: {
      200: { description: 'A page of products', dto: ProductPageDto, headers: PUBLIC_READ_HEADERS },
      ...NOT_MODIFIED,
    },
    errors: [],
  })
  async list(
    request: FastifyRequest<{ Querystring: PageQuery & { sku?: string } }>,
    reply: FastifyReply,
  ): Promise<string | undefined> {
    const { sku, ...page } = request.query;
    const found =
      sku === undefined
        ? await this.products.listProducts(toPageRequest(page))
        : { rows: await this.products.findBySku(sku), nextCursor: null };
    return answerTagged(request, reply, taggedAnswer(toPageDto(found, toPublicProductDto)));
  }

  @Get(':id')
  @Endpoint({
    tag: 'products',
    operationId: 'getProduct',
    summary: 'A product and its currently available stock',
    description: 'The figures are at most a second old. A product that was archived says so.',
    params: { id: PRODUCT_ID_PARAM },
    success: { 200: { description: 'The product', dto: ProductDto, headers: PUBLIC_READ_HEADERS }, ...NOT_MODIFIED },
    errors: ['PRODUCT_NOT_FOUND'],
  })
  get(request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) {
    const row = this.products.getProductWithStock(Number(request.params.id));
    return row instanceof Promise
      ? row.then((found) => answerTagged(request, reply, answerOf(found)))
      : answerTagged(request, reply, answerOf(row));
  }

  @Get(':id/live')
  @Endpoint({
    tag: 'products',
    operationId: 'watchProduct',
    summary: 'A product as it changes, as Server-Sent Events',
    description:
      'Events `stock`: the product as `GET /api/products/{id}` shows it, with `as_of`; drop what is older than what you have. First as it is now, then what it becomes, at most five a second. A comment each 15 seconds.',
    params: { id: PRODUCT_ID_PARAM },
    success: { 200: { description: 'Events', contentType: EVENT_STREAM, headers: STREAM_HEADERS } },
    errors: ['PRODUCT_NOT_FOUND'],
  })
  watch(request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply): Promise<void> {
    return this.live.open(Number(request.params.id), request, reply);
  }
}

function answerOf(row: ProductRow): TaggedAnswer {
  let answer = answers.get(row);
  if (answer === undefined) answers.set(row, (answer = taggedAnswer(toPublicProductDto(row))));
  return answer;
}

import { Controller, Get } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Endpoint } from '../http/endpoint.decorator.js';
import { PAGE_QUERY, type PageQuery, toPageDto, toPageRequest } from '../http/page.js';
import { answerTagged, type TaggedAnswer, taggedAnswer } from '../http/tagged-answer.js';
import { PRODUCT_ID_PARAM, ProductDto, ProductPageDto, toProductDto } from './dto/product.dto.js';
import { ProductsService } from './products.service.js';
import type { ProductRow } from './products.types.js';

/** A figure is at most a second old here, and one more in whatever cache it is read from. */
const CACHE_CONTROL = 'public, max-age=1';

const CACHE_HEADERS = {
  ETag: { type: 'string', description: 'Of the whole answer; send it as `If-None-Match`' },
  'Cache-Control': { type: 'string', description: CACHE_CONTROL },
};

const NOT_MODIFIED = { 304: { description: 'The answer is the one that the client has' } };

/** What readers get of a row: the cache gives the same row to all of them, so it is written once. */
const answers = new WeakMap<ProductRow, TaggedAnswer>();

@Controller('api/products')
export class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Get()
  @Endpoint({
    tag: 'products',
    operationId: 'listProducts',
    summary: 'List the products, in pages',
    description: 'Products that are on sale, in the order of their numbers. Follow `next_cursor` until it is null.',
    query: PAGE_QUERY,
    success: {
      200: { description: 'A page of products', dto: ProductPageDto, headers: CACHE_HEADERS },
      ...NOT_MODIFIED,
    },
    errors: [],
  })
  async list(request: FastifyRequest<{ Querystring: PageQuery }>, reply: FastifyReply): Promise<string | undefined> {
    const page = await this.products.listProducts(toPageRequest(request.query));
    return answerTagged(request, reply, taggedAnswer(toPageDto(page, toProductDto)), CACHE_CONTROL);
  }

  @Get(':id')
  @Endpoint({
    tag: 'products',
    operationId: 'getProduct',
    summary: 'A product and its currently available stock',
    description: 'The figures are at most a second old. A product that was archived says so.',
    params: { id: PRODUCT_ID_PARAM },
    success: { 200: { description: 'The product', dto: ProductDto, headers: CACHE_HEADERS }, ...NOT_MODIFIED },
    errors: ['PRODUCT_NOT_FOUND'],
  })
  get(request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) {
    const row = this.products.getProductWithStock(Number(request.params.id));
    return row instanceof Promise
      ? row.then((found) => answerTagged(request, reply, answerOf(found), CACHE_CONTROL))
      : answerTagged(request, reply, answerOf(row), CACHE_CONTROL);
  }
}

function answerOf(row: ProductRow): TaggedAnswer {
  let answer = answers.get(row);
  if (answer === undefined) answers.set(row, (answer = taggedAnswer(toProductDto(row))));
  return answer;
}

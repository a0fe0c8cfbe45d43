import { Controller, Get } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Endpoint } from '../http/endpoint.decorator.js';
import { PAGE_QUERY, type PageQuery, toPageRequest } from '../http/page.js';
import { PRODUCT_ID_PARAM, ProductDto, ProductPageDto, toProductDto } from './dto/product.dto.js';
import { ProductsService } from './products.service.js';

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
    success: { 200: { description: 'A page of products', dto: ProductPageDto } },
    errors: [],
  })
  async list({ query }: FastifyRequest<{ Querystring: PageQuery }>): Promise<ProductPageDto> {
    const { rows, nextCursor } = await this.products.listProducts(toPageRequest(query));
    return { items: rows.map(toProductDto), next_cursor: nextCursor };
  }

  @Get(':id')
  @Endpoint({
    tag: 'products',
    operationId: 'getProduct',
    summary: 'A product and its currently available stock',
    description: 'The figures are at most a second old.',
    params: { id: PRODUCT_ID_PARAM },
    success: { 200: { description: 'The product', dto: ProductDto } },
    errors: ['PRODUCT_NOT_FOUND'],
  })
  get({ params }: FastifyRequest<{ Params: { id: string } }>): ProductDto | Promise<ProductDto> {
    const row = this.products.getProductWithStock(Number(params.id));
    return row instanceof Promise ? row.then(toProductDto) : toProductDto(row);
  }
}

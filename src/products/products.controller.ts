import { Controller, Get, Param, Query } from '@nestjs/common';
import { Endpoint } from '../common/endpoint.decorator.js';
import { PRODUCT_ID_PARAM, ProductDto, ProductPageDto, toProductDto } from './dto/product.dto.js';
import { ProductsService } from './products.service.js';

const PAGE_SIZE_DEFAULT = 20;

@Controller('api/products')
export class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Get()
  @Endpoint({
    tag: 'products',
    summary: 'List the products, in pages',
    query: {
      limit: { type: 'string', pattern: '^([1-9][0-9]?|100)$', description: 'Products a page, 1 to 100 (20)' },
      cursor: { type: 'string', pattern: '^[1-9][0-9]{0,14}$', description: '`next_cursor` of the page before' },
    },
    success: { 200: { description: 'A page of products', dto: ProductPageDto } },
    errors: [],
  })
  async list(@Query('limit') limit?: string, @Query('cursor') cursor?: string): Promise<ProductPageDto> {
    const { rows, nextCursor } = await this.products.listProducts(
      Number(cursor ?? 0),
      Number(limit ?? PAGE_SIZE_DEFAULT),
    );
    return { items: rows.map(toProductDto), next_cursor: nextCursor };
  }

  @Get(':id')
  @Endpoint({
    tag: 'products',
    summary: 'A product and its currently available stock',
    params: { id: PRODUCT_ID_PARAM },
    success: { 200: { description: 'The product', dto: ProductDto } },
    errors: ['PRODUCT_NOT_FOUND'],
  })
  async get(@Param('id') id: string): Promise<ProductDto> {
    return toProductDto(await this.products.getProductWithStock(Number(id)));
  }
}

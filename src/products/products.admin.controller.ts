import { Controller, Inject, Patch, Post } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Endpoint, locationOf } from '../http/endpoint.decorator.js';
import { CONFIG, type Config } from '../config/config.js';
import { ChangeProductDto, CreateProductDto, PRODUCT_ID_PARAM, ProductDto, toProductDto } from './dto/product.dto.js';
import { ProductsService } from './products.service.js';

type ChangeCall = FastifyRequest<{ Params: { id: string }; Body: ChangeProductDto }>;

@Controller('api/admin/products')
export class ProductsAdminController {
  constructor(
    private readonly products: ProductsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post()
  @Endpoint({
    tag: 'admin',
    operationId: 'createProduct',
    summary: 'Put a product on sale',
    description: 'The product is listed, and its units can be held, at once.',
    body: CreateProductDto,
    success: { 201: { description: 'The product is on sale', dto: ProductDto, headers: locationOf('product') } },
    errors: [],
    scope: 'admin',
  })
  async create({ body }: FastifyRequest<{ Body: CreateProductDto }>, reply: FastifyReply): Promise<ProductDto> {
    const product = await this.products.createProduct(body, this.config.holds.quantityMax);
    void reply.header('location', `/api/products/${product.id}`);
    return toProductDto(product);
  }

  @Patch(':id')
  @Endpoint({
    tag: 'admin',
    operationId: 'changeProduct',
    summary: 'Change a product or its stock',
    description: 'Fields that are not named stay as they are.',
    body: ChangeProductDto,
    params: { id: PRODUCT_ID_PARAM },
    success: { 200: { description: 'The product as it is now', dto: ProductDto } },
    errors: ['PRODUCT_NOT_FOUND', 'STOCK_BELOW_COMMITTED'],
    scope: 'admin',
  })
  async change({ params, body }: ChangeCall): Promise<ProductDto> {
    return toProductDto(await this.products.changeProduct(Number(params.id), body, this.config.holds.quantityMax));
  }
}

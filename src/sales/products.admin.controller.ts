import { Controller, Get, Patch, Post, Put } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actOf } from '../access/operator.js';
import { ValidationError } from '../common/problem.js';
import { Endpoint, locationOf } from '../http/endpoint.decorator.js';
import { etagOf, IF_MATCH, isExpected, OPERATOR_ETAG } from '../http/tagged-answer.js';
import { type KeyedCall, OPERATOR_KEY_HEADER } from '../idempotency/idempotency-key.js';
import {
  ChangeProductDto,
  CreateProductDto,
  PRODUCT_ID_PARAM,
  ProductDto,
  RestockDto,
  SKU_PARAM,
  toColumns,
  toProductDto,
} from '../products/dto/product.dto.js';
import { ProductsService } from '../products/products.service.js';
import { operatorsFieldsOf, type ProductRow } from '../products/products.types.js';
import { SalesService } from './sales.service.js';

type ProductCall<Body = unknown> = FastifyRequest<{
  Params: { id: string };
  Body: Body;
  Headers: { 'if-match'?: string; 'idempotency-key'?: string };
}>;

type SkuCall = FastifyRequest<{
  Params: { sku: string };
  Body: CreateProductDto;
  Headers: { 'if-match'?: string };
}>;

const SKU_OF_PATH = { ...SKU_PARAM, examples: ['sneaker-42'] };

const OTHER_SKU = 'must be the one of the path';

const PRODUCT_NOW = { 200: { description: 'The product as it is now', dto: ProductDto, headers: OPERATOR_ETAG } };

const PRODUCT_MADE = {
  201: {
    description: 'The product is made',
    dto: ProductDto,
    headers: { ...locationOf('product'), ...OPERATOR_ETAG },
  },
};

/** Operators' calls about products. They are here since a product's change may be one of its sale. */
@Controller('api/admin/products')
export class ProductsAdminController {
  constructor(
    private readonly products: ProductsService,
    private readonly sales: SalesService,
  ) {}

  @Post()
  @Endpoint({
    tag: 'admin',
    operationId: 'createProduct',
    summary: 'Put a product on sale',
    description:
      'Listed, and its units can be held, at once; those of a sale while it is open, archived ones once that is taken back.',
    body: CreateProductDto,
    headers: OPERATOR_KEY_HEADER,
    success: PRODUCT_MADE,
    errors: ['SALE_NOT_FOUND', 'SKU_TAKEN', 'IDEMPOTENCY_KEY_REUSED'],
    scope: 'products',
  })
  async create(request: KeyedCall<CreateProductDto>, reply: FastifyReply): Promise<ProductDto> {
    const key = request.headers['idempotency-key'];
    const product = await this.sales.createProduct(actOf(request), toColumns(request.body), key);
    void reply.header('location', `/api/products/${product.id}`);
    return answer(reply, product);
  }

  @Put('by-sku/:sku')
  @Endpoint({
    tag: 'admin',
    operationId: 'setProductBySku',
    summary: 'Make the product that has this SKU, or change it',
    description:
      'The same again changes nothing. What is left out stays as it is; `sku`, if it is there, is that of the path.',
    body: CreateProductDto,
    params: { sku: SKU_OF_PATH },
    headers: IF_MATCH,
    success: { ...PRODUCT_NOW, ...PRODUCT_MADE },
    errors: ['SALE_NOT_FOUND', 'PRECONDITION_FAILED', 'STOCK_BELOW_COMMITTED'],
    scope: 'products',
  })
  async put(request: SkuCall, reply: FastifyReply): Promise<ProductDto> {
    const { params, body, headers } = request;
    const { sku } = params;
    if (body.sku !== undefined && body.sku !== sku)
      throw new ValidationError(`The body is not valid: sku ${OTHER_SKU}.`, [{ field: 'sku', message: OTHER_SKU }]);
    const wanted = { ...toColumns(body), sku };
    const { product, isMade } = await this.sales.putProduct(actOf(request), wanted, isAsExpected(headers['if-match']));
    if (isMade) void reply.code(201).header('location', `/api/products/${product.id}`);
    return answer(reply, product);
  }

  @Get('by-sku/:sku')
  @Endpoint({
    tag: 'admin',
    operationId: 'readProductBySku',
    summary: 'The product that has this SKU as it is now, on sale or not',
    description: 'As `GET /api/admin/products/{id}` tells it.',
    params: { sku: SKU_OF_PATH },
    success: PRODUCT_NOW,
    errors: ['PRODUCT_NOT_FOUND'],
    scope: 'products',
  })
  async getBySku({ params }: FastifyRequest<{ Params: { sku: string } }>, reply: FastifyReply): Promise<ProductDto> {
    return answer(reply, await this.products.findProductWithSku(params.sku));
  }

  @Get(':id')
  @Endpoint({
    tag: 'admin',
    operationId: 'readProduct',
    summary: 'A product as it is now, on sale or not',
    description: 'From the database, with the tag by which a change is guarded.',
    params: { id: PRODUCT_ID_PARAM },
    success: PRODUCT_NOW,
    errors: ['PRODUCT_NOT_FOUND'],
    scope: 'products',
  })
  async get({ params }: ProductCall, reply: FastifyReply): Promise<ProductDto> {
    return answer(reply, await this.products.findProduct(Number(params.id)));
  }

  @Patch(':id')
  @Endpoint({
    tag: 'admin',
    operationId: 'changeProduct',
    summary: 'Change a product or its stock, or archive it',
    description: 'Fields that are not named stay as they are. With `If-Match` a change that others made first is kept.',
    body: ChangeProductDto,
    params: { id: PRODUCT_ID_PARAM },
    headers: IF_MATCH,
    success: PRODUCT_NOW,
    errors: ['PRODUCT_NOT_FOUND', 'SALE_NOT_FOUND', 'PRECONDITION_FAILED', 'STOCK_BELOW_COMMITTED', 'SKU_TAKEN'],
    scope: 'products',
  })
  async change(request: ProductCall<ChangeProductDto>, reply: FastifyReply): Promise<ProductDto> {
    const { params, body, headers } = request;
    const isThat = isAsExpected(headers['if-match']);
    return answer(reply, await this.sales.changeProduct(actOf(request), Number(params.id), toColumns(body), isThat));
  }

  @Post(':id/restock')
  @Endpoint({
    tag: 'admin',
    operationId: 'restockProduct',
    summary: 'Add units to a product, or take free ones away',
    description: 'Relative to what is there, whatever that is. Send a key: without one, repeated is restocked again.',
    body: RestockDto,
    params: { id: PRODUCT_ID_PARAM },
    headers: OPERATOR_KEY_HEADER,
    success: PRODUCT_NOW,
    errors: ['PRODUCT_NOT_FOUND', 'STOCK_BELOW_COMMITTED', 'IDEMPOTENCY_KEY_REUSED'],
    scope: 'products',
  })
  async restock(request: ProductCall<RestockDto>, reply: FastifyReply): Promise<ProductDto> {
    const { params, body, headers } = request;
    const key = headers['idempotency-key'];
    return answer(reply, await this.products.restockProduct(actOf(request), Number(params.id), body.units, key));
  }
}

function answer(reply: FastifyReply, product: ProductRow): ProductDto {
  void reply.header('etag', etagOfProduct(product));
  return toProductDto(product);
}

/** Whether a product is the one that a change is made for; where there is none yet, only a change of whatever it is. */
function isAsExpected(ifMatch: string | undefined): (row: ProductRow | null) => boolean {
  return (row) => (row === null ? ifMatch === undefined : isExpected(ifMatch, etagOfProduct(row)));
}

/** Of the operator's own fields: what buyers do to the stock makes no operator start over. */
function etagOfProduct(product: ProductRow): string {
  return etagOf(JSON.stringify(operatorsFieldsOf(product)));
}

import { Controller, Get, Patch, Post } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Endpoint, locationOf } from '../http/endpoint.decorator.js';
import type { JsonSchema } from '../http/json-schema.js';
import { etagOf, isExpected } from '../http/tagged-answer.js';
import { type KeyedCall, OPERATOR_KEY_HEADER } from '../idempotency/idempotency-key.js';
import {
  ChangeProductDto,
  CreateProductDto,
  PRODUCT_ID_PARAM,
  ProductDto,
  RestockDto,
  toProductChange,
  toProductDto,
} from './dto/product.dto.js';
import { ProductsService } from './products.service.js';
import type { ProductRow } from './products.types.js';

type ProductCall<Body = unknown> = FastifyRequest<{
  Params: { id: string };
  Body: Body;
  Headers: { 'if-match'?: string; 'idempotency-key'?: string };
}>;

const ETAG: Readonly<Record<string, JsonSchema>> = {
  ETag: {
    type: 'string',
    description: 'Of what operators set; no hold changes it. Send it as `If-Match` with a change',
  },
};

const IF_MATCH: Readonly<Record<string, JsonSchema>> = {
  'if-match': {
    type: 'string',
    description: 'The `ETag` of the product that the change is made for; none: whatever it is',
  },
};

const PRODUCT_NOW = { 200: { description: 'The product as it is now', dto: ProductDto, headers: ETAG } };

@Controller('api/admin/products')
export class ProductsAdminController {
  constructor(private readonly products: ProductsService) {}

  @Post()
  @Endpoint({
    tag: 'admin',
    operationId: 'createProduct',
    summary: 'Put a product on sale',
    description: 'The product is listed, and its units can be held, at once.',
    body: CreateProductDto,
    headers: OPERATOR_KEY_HEADER,
    success: {
      201: { description: 'The product is on sale', dto: ProductDto, headers: { ...locationOf('product'), ...ETAG } },
    },
    errors: ['IDEMPOTENCY_KEY_REUSED'],
    scope: 'admin',
  })
  async create({ body, headers }: KeyedCall<CreateProductDto>, reply: FastifyReply): Promise<ProductDto> {
    const product = await this.products.createProduct(body, headers['idempotency-key']);
    void reply.header('location', `/api/products/${product.id}`);
    return answer(reply, product);
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
    scope: 'admin',
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
    errors: ['PRODUCT_NOT_FOUND', 'PRECONDITION_FAILED', 'STOCK_BELOW_COMMITTED'],
    scope: 'admin',
  })
  async change({ params, body, headers }: ProductCall<ChangeProductDto>, reply: FastifyReply): Promise<ProductDto> {
    const product = await this.products.changeProduct(Number(params.id), toProductChange(body), (row) =>
      isExpected(headers['if-match'], etagOfProduct(row)),
    );
    return answer(reply, product);
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
    scope: 'admin',
  })
  async restock({ params, body, headers }: ProductCall<RestockDto>, reply: FastifyReply): Promise<ProductDto> {
    const key = headers['idempotency-key'];
    return answer(reply, await this.products.restockProduct(Number(params.id), body.units, key));
  }
}

function answer(reply: FastifyReply, product: ProductRow): ProductDto {
  void reply.header('etag', etagOfProduct(product));
  return toProductDto(product);
}

/** Of the operator's own fields: what buyers do to the stock makes no operator start over. */
function etagOfProduct({ name, price, stock_total, is_archived }: ProductRow): string {
  return etagOf(JSON.stringify([name, price, stock_total, is_archived]));
}

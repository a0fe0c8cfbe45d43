import { Controller, Delete, Get, Post } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Endpoint, locationOf } from '../http/endpoint.decorator.js';
import { type JsonSchema, NUMBER_PARAM } from '../http/json-schema.js';
import { ADMIN_PAGE_QUERY, type PageQuery, toPageDto, toPageRequest } from '../http/page.js';
import { ApiKeysService } from './api-keys.service.js';
import { ApiKeyPageDto, CreateApiKeyDto, NewApiKeyDto, toApiKeyDto } from './dto/api-key.dto.js';
import { actOf } from './operator.js';

const ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the API key' };

/** Keys of programs that make operators' calls. */
@Controller('api/admin/keys')
export class ApiKeysAdminController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @Endpoint({
    tag: 'admin',
    operationId: 'createApiKey',
    summary: 'Make an API key',
    description: 'The key is shown here and never again. A key can give only scopes that it has itself.',
    body: CreateApiKeyDto,
    success: { 201: { description: 'The key with its text', dto: NewApiKeyDto, headers: locationOf('list with it') } },
    errors: [],
    scope: 'keys',
  })
  async create(request: FastifyRequest<{ Body: CreateApiKeyDto }>, reply: FastifyReply): Promise<NewApiKeyDto> {
    const { row, key } = await this.keys.createKey(actOf(request), request.body);
    void reply.header('location', '/api/admin/keys');
    return { ...toApiKeyDto(row), key };
  }

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'listApiKeys',
    summary: 'List the API keys, in pages',
    description: 'With when each was last used, to the minute; revoked ones too.',
    query: ADMIN_PAGE_QUERY,
    success: { 200: { description: 'A page of API keys', dto: ApiKeyPageDto } },
    errors: [],
    scope: 'keys',
  })
  async list({ query }: FastifyRequest<{ Querystring: PageQuery }>): Promise<ApiKeyPageDto> {
    return toPageDto(await this.keys.listKeys(toPageRequest(query)), toApiKeyDto);
  }

  @Delete(':id')
  @Endpoint({
    tag: 'admin',
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key',
    description: 'It ends within a second, in every instance, and for good. Repeated, it changes nothing.',
    params: { id: ID_PARAM },
    success: { 204: { description: 'The key is revoked' } },
    errors: ['KEY_NOT_FOUND'],
    scope: 'keys',
  })
  revoke(request: FastifyRequest<{ Params: { id: string } }>): Promise<void> {
    return this.keys.revokeKey(actOf(request), Number(request.params.id));
  }
}

import { Controller, Delete, Get, Patch, Post } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actOf } from '../access/operator.js';
import { Endpoint, locationOf } from '../http/endpoint.decorator.js';
import { type JsonSchema, NUMBER_PARAM } from '../http/json-schema.js';
import { ADMIN_PAGE_QUERY, type PageQuery, toPageDto, toPageRequest, statusQuery } from '../http/page.js';
import { DELIVERY_STATUSES, type DeliveryStatus } from './deliveries.types.js';
import {
  ChangeEndpointDto,
  CreateEndpointDto,
  DeliveryDto,
  DeliveryPageDto,
  EndpointDto,
  EndpointPageDto,
  EndpointSecretDto,
  toDeliveryDto,
  toEndpointDto,
  toEndpointSecretDto,
} from './dto/endpoint.dto.js';
import { EndpointsService } from './endpoints.service.js';

const ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the endpoint' };
const DELIVERY_ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the delivery' };

type ToEndpoint<Body = unknown> = FastifyRequest<{ Params: { id: string }; Body: Body }>;

/** The shops' addresses that are told of events. */
@Controller('api/admin/webhook-endpoints')
export class EndpointsAdminController {
  constructor(private readonly endpoints: EndpointsService) {}

  @Post()
  @Endpoint({
    tag: 'admin',
    operationId: 'createWebhookEndpoint',
    summary: 'Have an address of the shop told of events',
    description: 'It is told of what happens from now on. The secret is shown here and at its rotation alone.',
    body: CreateEndpointDto,
    success: {
      201: { description: 'The endpoint with its secret', dto: EndpointSecretDto, headers: locationOf('list with it') },
    },
    errors: [],
    scope: 'webhooks',
  })
  async create(request: FastifyRequest<{ Body: CreateEndpointDto }>, reply: FastifyReply): Promise<EndpointSecretDto> {
    const { url, types = null } = request.body;
    void reply.header('location', '/api/admin/webhook-endpoints');
    return toEndpointSecretDto(await this.endpoints.createEndpoint(actOf(request), { url, types }));
  }

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'listWebhookEndpoints',
    summary: 'List the endpoints, in pages',
    description: 'With since when each takes nothing, and why it was disabled.',
    query: ADMIN_PAGE_QUERY,
    success: { 200: { description: 'A page of endpoints', dto: EndpointPageDto } },
    errors: [],
    scope: 'webhooks',
  })
  async list({ query }: FastifyRequest<{ Querystring: PageQuery }>): Promise<EndpointPageDto> {
    return toPageDto(await this.endpoints.listEndpoints(toPageRequest(query)), toEndpointDto);
  }

  @Patch(':id')
  @Endpoint({
    tag: 'admin',
    operationId: 'changeWebhookEndpoint',
    summary: 'Change an endpoint, disable it, or enable it again',
    description: 'Enabled again it is told of all that it has missed, as far as events are kept.',
    params: { id: ID_PARAM },
    body: ChangeEndpointDto,
    success: { 200: { description: 'The endpoint as it is now', dto: EndpointDto } },
    errors: ['ENDPOINT_NOT_FOUND'],
    scope: 'webhooks',
  })
  async change(request: ToEndpoint<ChangeEndpointDto>): Promise<EndpointDto> {
    const { disabled, ...change } = request.body;
    const wanted = { ...change, ...(disabled !== undefined && { isDisabled: disabled }) };
    return toEndpointDto(await this.endpoints.changeEndpoint(actOf(request), idOf(request), wanted));
  }

  @Delete(':id')
  @Endpoint({
    tag: 'admin',
    operationId: 'removeWebhookEndpoint',
    summary: 'Delete an endpoint',
    description: 'Nothing more is sent to it.',
    params: { id: ID_PARAM },
    success: { 204: { description: 'It is deleted' } },
    errors: ['ENDPOINT_NOT_FOUND'],
    scope: 'webhooks',
  })
  delete(request: ToEndpoint): Promise<void> {
    return this.endpoints.deleteEndpoint(actOf(request), idOf(request));
  }

  @Post(':id/rotate')
  @Endpoint({
    tag: 'admin',
    operationId: 'rotateWebhookSecret',
    summary: 'Give an endpoint a new secret',
    description: 'For a day deliveries are signed with the one before, too.',
    params: { id: ID_PARAM },
    takesAnyBody: true,
    success: { 200: { description: 'The endpoint with its new secret', dto: EndpointSecretDto } },
    errors: ['ENDPOINT_NOT_FOUND'],
    scope: 'webhooks',
  })
  async rotate(request: ToEndpoint): Promise<EndpointSecretDto> {
    return toEndpointSecretDto(await this.endpoints.rotateSecret(actOf(request), idOf(request)));
  }

  @Get(':id/deliveries')
  @Endpoint({
    tag: 'admin',
    operationId: 'listWebhookDeliveries',
    summary: 'List what an endpoint was told, in pages',
    description: 'With what it answered at the last try.',
    params: { id: ID_PARAM },
    query: {
      ...statusQuery(DELIVERY_STATUSES),
      ...ADMIN_PAGE_QUERY,
    },
    success: { 200: { description: 'A page of deliveries', dto: DeliveryPageDto } },
    errors: ['ENDPOINT_NOT_FOUND'],
    scope: 'webhooks',
  })
  async listDeliveries(
    request: FastifyRequest<{ Params: { id: string }; Querystring: PageQuery & { status?: DeliveryStatus } }>,
  ): Promise<DeliveryPageDto> {
    const { query } = request;
    const page = toPageRequest(query);
    return toPageDto(await this.endpoints.listDeliveries(idOf(request), query.status ?? null, page), toDeliveryDto);
  }

  @Post(':id/deliveries/:delivery_id/redeliver')
  @Endpoint({
    tag: 'admin',
    operationId: 'redeliverWebhook',
    summary: 'Send an event to an endpoint again',
    description: 'With the `webhook-id` that it had, as if for the first time.',
    params: { id: ID_PARAM, delivery_id: DELIVERY_ID_PARAM },
    takesAnyBody: true,
    success: { 200: { description: 'The delivery, which is due now', dto: DeliveryDto } },
    errors: ['ENDPOINT_NOT_FOUND', 'DELIVERY_NOT_FOUND'],
    scope: 'webhooks',
  })
  async redeliver(request: FastifyRequest<{ Params: { id: string; delivery_id: string } }>): Promise<DeliveryDto> {
    const deliveryId = Number(request.params.delivery_id);
    return toDeliveryDto(await this.endpoints.redeliver(actOf(request), idOf(request), deliveryId));
  }
}

function idOf({ params }: { readonly params: { readonly id: string } }): number {
  return Number(params.id);
}

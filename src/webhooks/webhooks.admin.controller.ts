import { Controller, Get, Post } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { actOf } from '../access/operator.js';
import { Endpoint } from '../http/endpoint.decorator.js';
import { type JsonSchema, NUMBER_PARAM } from '../http/json-schema.js';
import { ADMIN_PAGE_QUERY, type PageQuery, toPageDto, toPageRequest, statusQuery } from '../http/page.js';
import { PaymentEventDto, PaymentEventPageDto, toPaymentEventDto } from './dto/payment-event.dto.js';
import { WebhooksService } from './webhooks.service.js';
import { WEBHOOK_LOG_STATUSES, type WebhookLogStatus } from './webhooks.types.js';

const ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the payment event' };

type ListCall = FastifyRequest<{ Querystring: PageQuery & { status?: WebhookLogStatus } }>;
type EventCall = FastifyRequest<{ Params: { id: string } }>;

/** Payment events, and why each did not do what it says. */
@Controller('api/admin/webhooks')
export class WebhooksAdminController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'listPaymentEvents',
    summary: 'List the payment events, in pages',
    description: 'What payment providers told, in the order of its coming.',
    query: {
      ...statusQuery(WEBHOOK_LOG_STATUSES),
      ...ADMIN_PAGE_QUERY,
    },
    success: { 200: { description: 'A page of payment events', dto: PaymentEventPageDto } },
    errors: [],
    scope: 'refunds',
  })
  async list({ query }: ListCall): Promise<PaymentEventPageDto> {
    const page = await this.webhooks.listPaymentEvents(query.status ?? null, toPageRequest(query));
    return toPageDto(page, toPaymentEventDto);
  }

  @Post(':id/replay')
  @Endpoint({
    tag: 'admin',
    operationId: 'replayPaymentEvent',
    summary: 'Decide a payment event anew that had no effect; one that had stays as it is',
    description: 'For those that waited for an order, or that a person looked at.',
    params: { id: ID_PARAM },
    takesAnyBody: true,
    success: { 200: { description: 'The payment event as it is now', dto: PaymentEventDto } },
    errors: ['PAYMENT_EVENT_NOT_FOUND'],
    scope: 'refunds',
  })
  async replay(request: EventCall): Promise<PaymentEventDto> {
    return toPaymentEventDto(await this.webhooks.replayPaymentEvent(actOf(request), Number(request.params.id)));
  }

  @Post(':id/refund')
  @Endpoint({
    tag: 'admin',
    operationId: 'refundPaymentEvent',
    summary: 'Owe the money of a payment event back that does not fit its order, or whose order never came',
    description: 'The refund is made once, however often it is asked for.',
    params: { id: ID_PARAM },
    takesAnyBody: true,
    success: { 200: { description: 'The payment event as it is now', dto: PaymentEventDto } },
    errors: ['PAYMENT_EVENT_NOT_FOUND', 'PAYMENT_EVENT_NOT_OWED'],
    scope: 'refunds',
  })
  async refund(request: EventCall): Promise<PaymentEventDto> {
    return toPaymentEventDto(await this.webhooks.refundPaymentEvent(actOf(request), Number(request.params.id)));
  }

  @Post(':id/accept')
  @Endpoint({
    tag: 'admin',
    operationId: 'acceptPaymentEvent',
    summary: 'Let a payment under review pay its order as if its amount were right',
    description: 'A cancelled order is paid by the rule for late money: if its units are still there.',
    params: { id: ID_PARAM },
    takesAnyBody: true,
    success: { 200: { description: 'The payment event as it is now', dto: PaymentEventDto } },
    errors: ['PAYMENT_EVENT_NOT_FOUND', 'PAYMENT_EVENT_NOT_ACCEPTABLE'],
    scope: 'refunds',
  })
  async accept(request: EventCall): Promise<PaymentEventDto> {
    return toPaymentEventDto(await this.webhooks.acceptPaymentEvent(actOf(request), Number(request.params.id)));
  }
}

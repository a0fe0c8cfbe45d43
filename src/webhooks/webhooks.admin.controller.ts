import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { Endpoint } from '../http/endpoint.decorator.js';
import { type JsonSchema, NUMBER_PARAM } from '../http/json-schema.js';
import { PAGE_QUERY, toPageRequest } from '../http/page.js';
import { PaymentEventDto, PaymentEventPageDto, toPaymentEventDto } from './dto/payment-event.dto.js';
import { WebhooksService } from './webhooks.service.js';
import { WEBHOOK_LOG_STATUSES, type WebhookLogStatus } from './webhooks.types.js';

const ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the payment event' };

/** Payment events, and why each did not do what it says. */
@Controller('api/admin/webhooks')
export class WebhooksAdminController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Get()
  @Endpoint({
    tag: 'admin',
    summary: 'List the payment events, in pages',
    query: {
      status: { type: 'string', enum: WEBHOOK_LOG_STATUSES, description: 'Only those in this state' },
      ...PAGE_QUERY,
    },
    success: { 200: { description: 'A page of payment events', dto: PaymentEventPageDto } },
    errors: [],
    isAdmin: true,
  })
  async list(
    @Query('status') status?: WebhookLogStatus,
    @Query('limit') limit?: string,
    @Query('cursor') cursor?: string,
  ): Promise<PaymentEventPageDto> {
    const { rows, nextCursor } = await this.webhooks.listPaymentEvents(status ?? null, toPageRequest(limit, cursor));
    return { items: rows.map(toPaymentEventDto), next_cursor: nextCursor };
  }

  @Post(':id/replay')
  @Endpoint({
    tag: 'admin',
    summary: 'Decide a payment event anew that had no effect; one that had stays as it is',
    params: { id: ID_PARAM },
    takesAnyBody: true,
    success: { 200: { description: 'The payment event as it is now', dto: PaymentEventDto } },
    errors: ['PAYMENT_EVENT_NOT_FOUND'],
    isAdmin: true,
  })
  async replay(@Param('id') id: string): Promise<PaymentEventDto> {
    return toPaymentEventDto(await this.webhooks.replayPaymentEvent(Number(id)));
  }

  @Post(':id/refund')
  @Endpoint({
    tag: 'admin',
    summary: 'Owe the money of a payment event back that does not fit its order, or whose order never came',
    params: { id: ID_PARAM },
    takesAnyBody: true,
    success: { 200: { description: 'The payment event as it is now', dto: PaymentEventDto } },
    errors: ['PAYMENT_EVENT_NOT_FOUND', 'PAYMENT_EVENT_NOT_OWED'],
    isAdmin: true,
  })
  async refund(@Param('id') id: string): Promise<PaymentEventDto> {
    return toPaymentEventDto(await this.webhooks.refundPaymentEvent(Number(id)));
  }

  @Post(':id/accept')
  @Endpoint({
    tag: 'admin',
    summary: 'Let a payment under review pay its order as if its amount were right',
    params: { id: ID_PARAM },
    takesAnyBody: true,
    success: { 200: { description: 'The payment event as it is now', dto: PaymentEventDto } },
    errors: ['PAYMENT_EVENT_NOT_FOUND', 'PAYMENT_EVENT_NOT_ACCEPTABLE'],
    isAdmin: true,
  })
  async accept(@Param('id') id: string): Promise<PaymentEventDto> {
    return toPaymentEventDto(await this.webhooks.acceptPaymentEvent(Number(id)));
  }
}

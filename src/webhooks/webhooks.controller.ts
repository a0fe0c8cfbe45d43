import { Controller, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Endpoint } from '../http/endpoint.decorator.js';
import type { JsonSchema } from '../http/json-schema.js';
import { PaymentNoticeDto } from '../payment-providers/payment-notice.dto.js';
import { PaymentAnswerDto, PendingPaymentDto, toAnswerDto } from './dto/payment-answer.dto.js';
import { NoticeGate, type NoticeRequest } from './notice-gate.js';
import { WebhooksService } from './webhooks.service.js';

const SUCCESS = {
  200: { description: 'The notice is stored and settled', dto: PaymentAnswerDto },
  202: { description: 'The notice is stored and waits for its order', dto: PendingPaymentDto },
};

const SIGNATURE_HEADERS: Readonly<Record<string, JsonSchema>> = {
  'webhook-id': { type: 'string', description: 'Standard Webhooks: id of the message' },
  'webhook-timestamp': { type: 'string', description: 'Standard Webhooks: seconds since 1970, at most 300 from now' },
  'webhook-signature': { type: 'string', description: 'Standard Webhooks: `v1,<base64>`, several separated by blanks' },
  'stripe-signature': { type: 'string', description: 'Stripe: `t=<seconds>,v1=<hex>`' },
  'x-webhook-signature': { type: 'string', description: 'Hex HMAC-SHA256 of the body, with or without `sha256=`' },
};

/**
 * An event in its provider's form; this one is Stripe's. Without a type: what is no object is kept and ignored, or the
 * provider would send it again for days.
 */
const PROVIDER_EVENT: JsonSchema = {
  description: 'The event as its provider documents it',
  examples: [
    {
      id: 'evt_1NG8Du2eZvKYlo2CUI79vXWy',
      object: 'event',
      type: 'payment_intent.succeeded',
      created: 1_795_773_598,
      data: {
        object: {
          id: 'pi_3MtwBwLkdIwHu7ix28a3tqPa',
          object: 'payment_intent',
          amount_received: 19_998,
          currency: 'eur',
          metadata: { payment_reference: '1-rsinnsmf3vnuoj3k' },
        },
      },
    },
  ],
};

/** Stripe's events reach 82 KB, with a charge of many refunds in them. */
const NOTICE_BYTES_MAX = 262_144;

@Controller('api/payments')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly gate: NoticeGate,
  ) {}

  @Post('webhook')
  @Endpoint({
    tag: 'payments',
    operationId: 'sendPaymentNotice',
    summary: 'Take a payment notice in our own form',
    description:
      'Each payment has one effect, however often and in whatever order its notices come. A notice that comes before its order waits for it.',
    body: PaymentNoticeDto,
    headers: SIGNATURE_HEADERS,
    success: SUCCESS,
    errors: ['SIGNATURE_INVALID', 'IDEMPOTENCY_KEY_REUSED'],
    takesNotices: true,
    bodyBytesMax: NOTICE_BYTES_MAX,
  })
  receive(request: NoticeRequest, reply: FastifyReply) {
    return this.take(request, reply);
  }

  @Post('webhook/:provider')
  @Endpoint({
    tag: 'payments',
    operationId: 'sendProviderNotice',
    summary: "Take a payment notice in a provider's form",
    description:
      'For payment providers with a form of their own, such as Stripe. Events that say nothing about a payment are kept and ignored.',
    params: { provider: { type: 'string', description: 'Name of the provider', examples: ['stripe'] } },
    headers: SIGNATURE_HEADERS,
    // A provider that others use names an order by its reference, which nobody knows before the order is there.
    success: { 200: SUCCESS[200] },
    openBody: PROVIDER_EVENT,
    errors: ['SIGNATURE_INVALID', 'PROVIDER_NOT_FOUND', 'IDEMPOTENCY_KEY_REUSED'],
    takesNotices: true,
    bodyBytesMax: NOTICE_BYTES_MAX,
  })
  receiveFromProvider(request: NoticeRequest, reply: FastifyReply) {
    return this.take(request, reply);
  }

  private async take(request: NoticeRequest, reply: FastifyReply): Promise<PaymentAnswerDto | PendingPaymentDto> {
    const event = this.gate.providerOf(request).toEvent(request);
    const answer = await this.webhooks.handleNotice(event);
    if (answer.result === 'pending_order') void reply.code(202);
    return toAnswerDto(answer);
  }
}

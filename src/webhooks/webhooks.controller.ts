import { Body, Controller, Headers, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Endpoint } from '../common/endpoint.decorator.js';
import { KeepsRawBody } from '../common/raw-body.js';
import { CONFIG, type Config } from '../config/config.js';
import {
  IDEMPOTENCY_KEY_PATTERN,
  PaymentAnswerDto,
  PaymentNoticeDto,
  PendingPaymentDto,
  toAnswerDto,
  toPaymentEvent,
} from './dto/payment-notice.dto.js';
import { isStandardWebhook } from './signatures.js';
import { SignatureInvalidError } from './webhooks.errors.js';
import { WebhooksService } from './webhooks.service.js';

@Controller('api/payments')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post('webhook')
  @KeepsRawBody()
  @Endpoint({
    tag: 'payments',
    summary: 'Take a payment notice of the provider',
    body: PaymentNoticeDto,
    headers: { 'idempotency-key': { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN.source } },
    success: {
      200: { description: 'The notice is stored and settled', dto: PaymentAnswerDto },
      202: { description: 'The notice is stored and waits for its order', dto: PendingPaymentDto },
    },
    errors: ['SIGNATURE_INVALID', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async receive(
    @Body() body: PaymentNoticeDto,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: FastifyRequest & { rawBody: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentAnswerDto | PendingPaymentDto> {
    this.refuseForgery(request);
    const answer = await this.webhooks.handlePaymentWebhook(toPaymentEvent(body, key));
    if (answer.result === 'pending_order') void reply.code(202);
    return toAnswerDto(answer);
  }

  /** Without configured secrets (a local start) every notice counts as authentic. */
  private refuseForgery({ headers, rawBody }: FastifyRequest & { rawBody: string }): void {
    const { webhookSecrets } = this.config;
    if (webhookSecrets.length === 0) return;
    if (!isStandardWebhook(headers, rawBody, webhookSecrets, Date.now() / 1000)) throw new SignatureInvalidError();
  }
}

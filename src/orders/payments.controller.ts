import { Controller, Post } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { callerOf } from '../access/caller.js';
import { HOLD_ID_PARAM } from '../holds/dto/hold.dto.js';
import { Endpoint } from '../http/endpoint.decorator.js';
import { PaymentDto, toPaymentDto } from '../payment-sessions/dto/payment.dto.js';
import { Paying } from './paying.js';

@Controller('api/holds')
export class PaymentsController {
  constructor(private readonly paying: Paying) {}

  @Post(':hold_id/payment')
  @Endpoint({
    tag: 'orders',
    operationId: 'makePaymentAnew',
    summary: 'Make what an order is paid by anew, after it failed',
    description: 'Of an unpaid order that was made with `payment`. Anything but a failed one stays as it is.',
    takesAnyBody: true,
    params: { hold_id: HOLD_ID_PARAM },
    success: { 200: { description: 'What the buyer pays by now', dto: PaymentDto } },
    errors: ['HOLD_NOT_FOUND', 'PAYMENT_NOT_POSSIBLE'],
    isRateLimited: true,
    buyerToken: 'taken',
  })
  async makeAnew(request: FastifyRequest<{ Params: { hold_id: string } }>): Promise<PaymentDto> {
    return toPaymentDto(await this.paying.makeAnew(request.params.hold_id.toLowerCase(), callerOf(request)));
  }
}

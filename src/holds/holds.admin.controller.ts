import { Controller, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { actOf } from '../access/operator.js';
import { Endpoint, locationOf } from '../http/endpoint.decorator.js';
import { type KeyedCall, OPERATOR_KEY_HEADER } from '../idempotency/idempotency-key.js';
import { CreateHandMadeHoldDto, HandMadeHoldDto, toHandMadeHoldDto, toWantedByHand } from './dto/hand-made-hold.dto.js';
import { HOLD_REFUSALS } from './holds.errors.js';
import { HandMadeHolds } from './granting/hand-made-holds.js';

@Controller('api/admin/holds')
export class HoldsAdminController {
  constructor(private readonly handMade: HandMadeHolds) {}

  @Post()
  @Endpoint({
    tag: 'admin',
    operationId: 'makeHold',
    summary: 'Make a hold by hand',
    description:
      'For support, and to put units aside: it lasts as long as is said, and can be against the window of a sale or the limit of a ' +
      'customer. Archived products stay archived.',
    body: CreateHandMadeHoldDto,
    headers: OPERATOR_KEY_HEADER,
    success: { 201: { description: 'The units are reserved', dto: HandMadeHoldDto, headers: locationOf('hold') } },
    errors: HOLD_REFUSALS,
    scope: 'orders',
  })
  async create(request: KeyedCall<CreateHandMadeHoldDto>, reply: FastifyReply): Promise<HandMadeHoldDto> {
    const key = request.headers['idempotency-key'];
    const hold = await this.handMade.create(actOf(request), toWantedByHand(request.body), key);
    void reply.header('location', `/api/holds/${hold.id}`);
    return toHandMadeHoldDto(hold);
  }
}

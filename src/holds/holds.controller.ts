import { Controller, Post } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../access/caller.js';
import { Endpoint, locationOf } from '../http/endpoint.decorator.js';
import { IDEMPOTENCY_KEY_HEADER, type KeyedCall } from '../idempotency/idempotency-key.js';
import {
  CreateHoldDto,
  ExtensionDto,
  HOLD_ID_PARAM,
  HoldDto,
  toExtensionDto,
  toHoldDto,
  toHoldRequest,
} from './dto/hold.dto.js';
import { Extending } from './extending/extending.js';
import { HOLD_REFUSALS } from './holds.errors.js';
import { HoldsService } from './holds.service.js';

type ExtensionCall = FastifyRequest<{ Params: { hold_id: string }; Headers: { 'idempotency-key'?: string } }>;

/** Making and extending holds. Reading and giving back are in the orders feature, since both speak of the hold's order. */
@Controller('api/holds')
export class HoldsController {
  constructor(
    private readonly holds: HoldsService,
    private readonly extending: Extending,
  ) {}

  @Post()
  @Endpoint({
    tag: 'holds',
    operationId: 'createHold',
    summary: 'Reserve units of a product for two minutes',
    description:
      "All of the units or none. Made with a buyer's token it is that buyer's alone; without one its id is its secret: who " +
      'knows it may read, order and give back.',
    body: CreateHoldDto,
    headers: IDEMPOTENCY_KEY_HEADER,
    success: {
      201: {
        description: 'The units are reserved',
        dto: HoldDto,
        headers: locationOf('hold'),
      },
    },
    errors: HOLD_REFUSALS,
    isRateLimited: true,
    buyerToken: 'asked',
  })
  create(request: KeyedCall<CreateHoldDto>, reply: FastifyReply): Promise<HoldDto> {
    return this.holds.createHold(toHoldRequest(request, callerOf(request))).then((hold) => {
      void reply.header('location', `/api/holds/${hold.id}`);
      return toHoldDto(hold);
    });
  }

  @Post(':hold_id/extend')
  @Endpoint({
    tag: 'holds',
    operationId: 'extendHold',
    summary: 'Ask for more time for a hold',
    description:
      'It lasts from now on as long as a new one, or to its present end if that is later. How often: `extensions_left`.',
    takesAnyBody: true,
    params: { hold_id: HOLD_ID_PARAM },
    headers: IDEMPOTENCY_KEY_HEADER,
    success: { 200: { description: 'The hold has more time', dto: ExtensionDto } },
    errors: ['HOLD_NOT_FOUND', 'HOLD_NOT_EXTENDABLE', 'IDEMPOTENCY_KEY_REUSED'],
    isRateLimited: true,
    buyerToken: 'taken',
  })
  async extend(request: ExtensionCall): Promise<ExtensionDto> {
    const { params, headers } = request;
    const holdId = params.hold_id.toLowerCase();
    return toExtensionDto(await this.extending.extend(holdId, callerOf(request), headers['idempotency-key']));
  }
}

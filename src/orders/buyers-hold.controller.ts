import { Controller, Delete, Get } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { callerOf } from '../access/caller.js';
import { operatorOf } from '../access/operator.js';
import { Endpoint } from '../http/endpoint.decorator.js';
import { HOLD_ID_PARAM } from '../holds/dto/hold.dto.js';
import { HoldWithOrderDto, toHoldWithOrderDto, toOperatorsHoldDto } from './dto/order.dto.js';
import { OrdersService } from './orders.service.js';
import { GivingBack } from './settling/giving-back.js';

type HoldCall = FastifyRequest<{ Params: { hold_id: string } }>;

/** A hold as its buyer sees it: together with the order that was made of it. */
@Controller('api/holds')
export class BuyersHoldController {
  constructor(
    private readonly orders: OrdersService,
    private readonly givingBack: GivingBack,
  ) {}

  @Get(':hold_id')
  @Endpoint({
    tag: 'holds',
    operationId: 'getHold',
    summary: 'A hold and its order',
    description:
      'What the buyer sees of a hold, and of the order that was made of it. Operators see any hold, with its `customer_id`; what it is paid by only with scope `sell` or `orders`.',
    params: { hold_id: HOLD_ID_PARAM },
    success: { 200: { description: 'The hold', dto: HoldWithOrderDto } },
    errors: ['HOLD_NOT_FOUND'],
    buyerToken: 'taken',
    openTo: ['read', 'orders'],
  })
  async get(request: HoldCall): Promise<HoldWithOrderDto> {
    const [holdId, caller] = [request.params.hold_id.toLowerCase(), callerOf(request)];
    const found = await this.orders.getHoldWithOrder(holdId, caller);
    return caller.kind === 'operator' ? toOperatorsHoldDto(found, operatorOf(request)) : toHoldWithOrderDto(found);
  }

  @Delete(':hold_id')
  @Endpoint({
    tag: 'holds',
    operationId: 'giveBackHold',
    summary: 'Give a hold back; its unpaid order is cancelled',
    description:
      'The units are available again at once. Given back once more, nothing changes and the answer is the same.',
    params: { hold_id: HOLD_ID_PARAM },
    success: { 204: { description: 'The units are available again' } },
    errors: ['HOLD_NOT_FOUND', 'ORDER_ALREADY_PAID'],
    isRateLimited: true,
    buyerToken: 'taken',
  })
  async giveBack(request: HoldCall): Promise<void> {
    await this.givingBack.giveBack(request.params.hold_id.toLowerCase(), callerOf(request));
  }
}

import { Controller, Delete, Get, Param } from '@nestjs/common';
import { Endpoint } from '../http/endpoint.decorator.js';
import { HOLD_ID_PARAM } from '../holds/dto/hold.dto.js';
import { HoldWithOrderDto, toHoldWithOrderDto } from './dto/order.dto.js';
import { OrdersService } from './orders.service.js';

/** A hold as its buyer sees it: together with the order that was made of it. */
@Controller('api/holds')
export class BuyersHoldController {
  constructor(private readonly orders: OrdersService) {}

  @Get(':hold_id')
  @Endpoint({
    tag: 'holds',
    summary: 'A hold and its order',
    params: { hold_id: HOLD_ID_PARAM },
    success: { 200: { description: 'The hold', dto: HoldWithOrderDto } },
    errors: ['HOLD_NOT_FOUND'],
  })
  async get(@Param('hold_id') holdId: string): Promise<HoldWithOrderDto> {
    return toHoldWithOrderDto(await this.orders.getHoldWithOrder(holdId.toLowerCase()));
  }

  @Delete(':hold_id')
  @Endpoint({
    tag: 'holds',
    summary: 'Give a hold back; its unpaid order is cancelled',
    params: { hold_id: HOLD_ID_PARAM },
    success: { 204: { description: 'The units are available again' } },
    errors: ['HOLD_NOT_FOUND', 'ORDER_ALREADY_PAID'],
    isRateLimited: true,
  })
  async giveBack(@Param('hold_id') holdId: string): Promise<void> {
    await this.orders.giveBack(holdId.toLowerCase());
  }
}

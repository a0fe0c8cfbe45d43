import { Controller, Post, Req } from '@nestjs/common';
import { Endpoint } from '../common/endpoint.decorator.js';
import { IDEMPOTENCY_KEY_HEADER, type KeyedCall } from '../idempotency/idempotency-key.js';
import { CreateOrderDto, OrderDto, toOrderDto } from './dto/order.dto.js';
import { OrdersService } from './orders.service.js';

@Controller('api/orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  @Endpoint({
    tag: 'orders',
    summary: 'Turn a hold into an order that waits for its payment',
    body: CreateOrderDto,
    headers: IDEMPOTENCY_KEY_HEADER,
    success: { 201: { description: 'The order waits for its payment', dto: OrderDto } },
    errors: ['HOLD_NOT_FOUND', 'HOLD_ALREADY_USED', 'HOLD_EXPIRED', 'IDEMPOTENCY_KEY_REUSED'],
    isRateLimited: true,
    isDirect: true,
  })
  async create(@Req() { body, headers }: KeyedCall<CreateOrderDto>): Promise<OrderDto> {
    return toOrderDto(await this.orders.createOrderFromHold(body.hold_id.toLowerCase(), headers['idempotency-key']));
  }
}

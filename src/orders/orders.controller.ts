import { Body, Controller, Post } from '@nestjs/common';
import { Endpoint } from '../common/endpoint.decorator.js';
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
    success: { 201: { description: 'The order waits for its payment', dto: OrderDto } },
    errors: ['HOLD_NOT_FOUND', 'HOLD_ALREADY_USED', 'HOLD_EXPIRED'],
    isRateLimited: true,
  })
  async create(@Body() body: CreateOrderDto): Promise<OrderDto> {
    return toOrderDto(await this.orders.createOrderFromHold(body.hold_id.toLowerCase()));
  }
}

import { Controller, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { callerOf } from '../access/caller.js';
import { Endpoint, locationOf } from '../http/endpoint.decorator.js';
import { IDEMPOTENCY_KEY_HEADER, type KeyedCall } from '../idempotency/idempotency-key.js';
import { CreateOrderDto, OrderDto, toOrderDto, toWantedOrder } from './dto/order.dto.js';
import { OrdersService } from './orders.service.js';

@Controller('api/orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  @Endpoint({
    tag: 'orders',
    operationId: 'createOrder',
    summary: 'Turn a hold into an order that waits for its payment',
    description:
      'A hold becomes one order at most, and only before it expires. Its units stay reserved until the payment or its deadline.',
    body: CreateOrderDto,
    headers: IDEMPOTENCY_KEY_HEADER,
    success: {
      201: {
        description: 'The order waits for its payment',
        dto: OrderDto,
        headers: locationOf('hold, with its order'),
      },
    },
    errors: [
      'HOLD_NOT_FOUND',
      'HOLD_ALREADY_USED',
      'HOLD_EXPIRED',
      'ADJUSTMENTS_NOT_TRUSTED',
      'AMOUNT_MISMATCH',
      'PAYMENT_ALREADY_USED',
      'IDEMPOTENCY_KEY_REUSED',
    ],
    bodyBytesMax: 8192,
    isRateLimited: true,
    buyerToken: 'taken',
    openTo: ['orders'],
  })
  async create(request: KeyedCall<CreateOrderDto>, reply: FastifyReply): Promise<OrderDto> {
    const order = toOrderDto(await this.orders.createOrder(toWantedOrder(request, callerOf(request))));
    // An order's number opens nothing to its buyer; the hold's id does.
    void reply.header('location', `/api/holds/${order.hold_id}`);
    return order;
  }
}

import { Injectable, type OnModuleInit } from '@nestjs/common';
import { isoTime } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import { EventsService } from '../events/events.service.js';
import type { EventData } from '../events/events.types.js';
import { HoldsService } from '../holds/holds.service.js';
import { toOrderFactsDto } from './dto/order.dto.js';
import { OrdersRepository } from './orders.repository.js';

/** Tells events what their orders are: as the shop's answers do, with whose they are. */
@Injectable()
export class OrderEventReader implements OnModuleInit {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly holds: HoldsService,
    private readonly events: EventsService,
  ) {}

  onModuleInit(): void {
    this.events.readOrdersBy((tx, holdIds) => this.read(tx, holdIds));
  }

  private async read(tx: Transaction, holdIds: readonly string[]): Promise<Map<string, EventData>> {
    const [orders, holds] = await Promise.all([
      this.orders.findByHoldIds(tx, holdIds),
      this.holds.findHolds(tx, holdIds),
    ]);
    const told = holds.flatMap((hold): [string, EventData][] => {
      const order = orders.get(hold.id);
      if (order === undefined) return [];
      const { customer_id, sale_id } = hold;
      return [
        [hold.id, { ...toOrderFactsDto({ order, hold }), sale_id, customer_id, created_at: isoTime(order.created_at) }],
      ];
    });
    return new Map(told);
  }
}

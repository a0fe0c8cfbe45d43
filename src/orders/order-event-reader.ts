import { Injectable, type OnModuleInit } from '@nestjs/common';
import { isoTime } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import { EventsService } from '../events/events.service.js';
import type { EventData } from '../events/events.types.js';
import { toOrderFactsDto } from './dto/order.dto.js';
import { OrdersRepository } from './orders.repository.js';
import type { OrderFactsRow } from './orders.types.js';

/** Tells events what their orders are: as the shop's answers do, with whose they are. */
@Injectable()
export class OrderEventReader implements OnModuleInit {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly events: EventsService,
  ) {}

  onModuleInit(): void {
    this.events.readOrdersBy((tx, holdIds) => this.read(tx, holdIds));
  }

  private async read(tx: Transaction, holdIds: readonly string[]): Promise<Map<string, EventData>> {
    const orders = await this.orders.findFacts(tx, holdIds);
    return new Map(orders.map((order) => [order.hold_id, toLasting(order)]));
  }
}

/** Without the state: each event tells the one that its change left. */
function toLasting(row: OrderFactsRow): EventData {
  const { status: _now, ...facts } = toOrderFactsDto({ order: row, hold: row });
  return { ...facts, sale_id: row.sale_id, customer_id: row.customer_id, created_at: isoTime(row.created_at) };
}

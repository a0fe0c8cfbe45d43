import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { Schedules } from '../queue/schedules.js';
import { SalesService } from './sales.service.js';

/** Has the starts and ends of sales told as they pass: one look at few rows, for which no job is worth it. */
@Injectable()
export class SaleEdgesSchedule implements OnModuleInit {
  constructor(
    private readonly sales: SalesService,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add('sale edges', this.config.schedules.saleEdges, async () => void (await this.sales.tellEdges()));
  }
}

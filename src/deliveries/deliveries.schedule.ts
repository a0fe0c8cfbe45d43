import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { JobQueue } from '../queue/job-queue.js';
import { type DueJob, Schedules } from '../queue/schedules.js';
import { DELIVERIES, type DeliveriesJob, DeliveriesProcessor } from './deliveries.processor.js';
import { Dispatching } from './dispatching.js';

/** Has endpoints told of events in the background: a job for each of them to which something is to be sent. */
@Injectable()
export class DeliveriesSchedule implements OnModuleInit {
  constructor(
    private readonly deliveries: DeliveriesProcessor,
    private readonly dispatching: Dispatching,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(DELIVERIES) private readonly queue: JobQueue<DeliveriesJob>,
  ) {}

  onModuleInit(): void {
    this.schedules.addQueued(this.config.schedules.deliveries, this.queue, this.deliveries, () => this.findDue());
  }

  private async findDue(): Promise<DueJob<DeliveriesJob>[]> {
    const endpoints = await this.dispatching.findDue();
    return endpoints.map(({ id, overdueMs }) => ({ id: String(id), data: { endpointId: id }, overdueMs }));
  }
}

import { BullRegistrar, WorkerHost } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { CONFIG, type Config } from '../config/config.js';
import { TRACING, type Tracing } from '../tracing/tracing.types.js';
import { JobQueue } from './job-queue.js';
import type { JobWorker } from './job-worker.js';
import { QueueConnection } from './queue-connection.js';

/**
 * All queues that the features have registered and, in processes with the role `worker`, the workers on them. The
 * database is the truth about what is to be done; a queue only spreads the work, and jobs run at least once.
 */
@Injectable()
export class Queues implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly connection: QueueConnection,
    private readonly registrar: BullRegistrar,
    private readonly discovery: DiscoveryService,
    @Inject(TRACING) private readonly tracing: Tracing | null,
  ) {}

  /** The queues, for the operator's commands, the board and the metrics. */
  get all(): readonly JobQueue[] {
    return this.instances().filter((instance) => instance instanceof JobQueue);
  }

  onApplicationBootstrap(): void {
    if (this.hasWorkers) this.registrar.register();
    if (this.tracing === null) return;
    for (const queue of this.all) queue.tracing = this.tracing;
    for (const worker of this.workers) worker.traceBy(this.tracing);
  }

  /** Before the database goes: jobs that run are waited for, for a while, and then every connection is cut. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([...this.workers, ...this.all].map((closable) => closable.close()));
    this.connection.cut();
  }

  private get workers(): readonly JobWorker[] {
    if (!this.hasWorkers) return [];
    return this.instances().flatMap((instance) =>
      instance instanceof WorkerHost ? [instance.worker as JobWorker] : [],
    );
  }

  private get hasWorkers(): boolean {
    return this.config.roles.includes('worker');
  }

  private instances(): unknown[] {
    return this.discovery.getProviders().map(({ instance }) => instance as unknown);
  }
}

import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Dispatching } from './dispatching.js';

export const DELIVERIES = 'deliveries';

/** A look at an endpoint: what is due to it says the database. */
export interface DeliveriesJob {
  readonly endpointId: number;
}

/**
 * Endpoints that a process is at, at the same time: one that hangs holds up no other. Where more than these hang, the
 * scheduler goes to those that are overdue for it.
 */
const AT_ONCE = 32;

/** Tells an endpoint of events. */
@Processor(DELIVERIES, { concurrency: AT_ONCE })
export class DeliveriesProcessor extends WorkerHost {
  constructor(private readonly dispatching: Dispatching) {
    super();
  }

  process({ data }: { readonly data: DeliveriesJob }): Promise<void> {
    return this.dispatching.dispatch(data.endpointId);
  }
}

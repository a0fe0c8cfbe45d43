import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import { PAYMENT_SESSIONS, type SessionJob } from '../../payment-sessions/payment-sessions.service.js';
import { SessionOutbox } from './session-outbox.js';

/** Makes the sessions of payments that are due, or ends them. Of each task one job runs at a time: that keeps the pace. */
@Processor(PAYMENT_SESSIONS)
export class SessionOutboxProcessor extends WorkerHost {
  constructor(private readonly outbox: SessionOutbox) {
    super();
  }

  process(job: Pick<Job<SessionJob>, 'data'> & Partial<Pick<Job<SessionJob>, 'updateProgress'>>): Promise<number> {
    return this.outbox.work(job.data.task, async () => job.updateProgress?.(Date.now()));
  }
}

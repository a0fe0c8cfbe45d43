import { Global, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { JobQueues } from './job-queues.js';
import { Schedules } from './schedules.js';

/** Work outside of requests: by the clock and from the queues. */
@Global()
@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [JobQueues, Schedules],
  exports: [JobQueues, Schedules],
})
export class QueueModule {}

import { BullModule } from '@nestjs/bullmq';
import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { JOB_OPTIONS } from './job-queue.js';
import './job-worker.js';
import { QueueConnection } from './queue-connection.js';
import { Queues } from './queues.js';
import { Schedules } from './schedules.js';

/** Work outside of requests: by the clock and from the queues. A feature registers its queue with `BullModule`. */
@Global()
@Module({
  imports: [
    DiscoveryModule,
    ScheduleModule.forRoot(),
    BullModule.forRootAsync({
      inject: [QueueConnection],
      useFactory: ({ shared }: QueueConnection) => ({
        connection: shared,
        defaultJobOptions: JOB_OPTIONS,
        skipWaitingForReady: true,
        // The check would be the connection's first command, and fail for good when Redis is not there yet.
        skipVersionCheck: true,
      }),
      // Workers are for processes of that role only: `Queues` starts them.
      extraOptions: { manualRegistration: true },
    }),
  ],
  providers: [QueueConnection, Queues, Schedules],
  exports: [QueueConnection, Queues, Schedules],
})
export class QueueModule {}

import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Connections } from './connections.js';
import { KnownRoutes } from './known-routes.js';
import { Lifecycle } from './lifecycle.js';
import { LiveStreams } from './live-streams.js';
import { ProblemFilter } from './problem.filter.js';

@Global()
@Module({
  providers: [
    Connections,
    KnownRoutes,
    Lifecycle,
    LiveStreams,
    ProblemFilter,
    { provide: APP_FILTER, useExisting: ProblemFilter },
  ],
  exports: [Lifecycle, LiveStreams],
})
export class HttpModule {}

import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Connections } from './connections.js';
import { KnownRoutes } from './known-routes.js';
import { Lifecycle } from './lifecycle.js';
import { ProblemFilter } from './problem.filter.js';

@Global()
@Module({
  providers: [Connections, KnownRoutes, Lifecycle, ProblemFilter, { provide: APP_FILTER, useExisting: ProblemFilter }],
  exports: [Lifecycle],
})
export class HttpModule {}

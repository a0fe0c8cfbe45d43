import { type DynamicModule, Global, Module } from '@nestjs/common';
import { SpanFigures } from './span-figures.js';
import { TRACING, type Tracing } from './tracing.types.js';

@Global()
@Module({})
export class TracingModule {
  static forRoot(tracing: Tracing | null): DynamicModule {
    return {
      module: TracingModule,
      providers: [{ provide: TRACING, useValue: tracing }, SpanFigures],
      exports: [TRACING],
    };
  }
}

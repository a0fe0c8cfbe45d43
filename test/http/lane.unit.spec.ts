import {
  type CanActivate,
  Controller,
  Get,
  Header,
  HttpCode,
  Module,
  Param,
  type Provider,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { APP_GUARD, BaseExceptionFilter, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { describe, expect, it } from '@jest/globals';
import { Endpoint } from '../../src/http/endpoint.decorator.js';
import { takeTheLane } from '../../src/http/lane.js';

class Nobody implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

const NOTHING = {
  operationId: 'tryIt',
  description: 'A try',
  tag: 'operations',
  summary: 'Nothing',
  success: { 204: { description: 'Nothing' } },
  errors: [],
};

/** A controller with one endpoint, on which, or on whose method, the decorator stands. */
function planted(decorators: { onClass?: ClassDecorator; onMethod?: MethodDecorator }): Type {
  class Planted {
    get(): void {}
  }
  const method = Object.getOwnPropertyDescriptor(Planted.prototype, 'get')!;
  for (const decorate of [Get(), Endpoint(NOTHING), decorators.onMethod]) decorate?.(Planted.prototype, 'get', method);
  for (const decorate of [Controller('planted'), decorators.onClass]) decorate?.(Planted);
  return Planted;
}

async function start(controller: Type, providers: Provider[] = []): Promise<void> {
  @Module({ controllers: [controller], providers })
  class PlantedModule {}
  const app = await NestFactory.create<NestFastifyApplication>(PlantedModule, new FastifyAdapter(), { logger: false });
  takeTheLane(app);
}

describe('the lane from a route to its method', () => {
  it.each([
    ['a guard', UseGuards(Nobody)],
    ['a pipe', UsePipes(ValidationPipe)],
    ['an interceptor', UseInterceptors(class {} as never)],
    ['an exception filter', UseFilters(BaseExceptionFilter)],
    ['a header', Header('x-planted', 'yes')],
    ['a status', HttpCode(202)],
  ])('lets nothing start with %s on a method, which nobody would ask', async (what, decorator) => {
    await expect(start(planted({ onMethod: decorator }))).rejects.toThrow(`Nobody would ask ${what} of Planted.get`);
  });

  it('nor on a controller', async () => {
    await expect(start(planted({ onClass: UseGuards(Nobody) }))).rejects.toThrow(
      'Nobody would ask a guard of Planted: endpoints are called as (request, reply).',
    );
  });

  it('nor for all controllers at once', async () => {
    const global = { provide: APP_GUARD, useClass: Nobody };
    await expect(start(planted({}), [global])).rejects.toThrow('Nobody would ask the provider APP_GUARD');
  });

  it('nor on a parameter, which would stay empty', async () => {
    const onMethod: MethodDecorator = (target, name) => Param('id')(target, name, 0);
    await expect(start(planted({ onMethod }))).rejects.toThrow('Nobody would ask a decorated parameter of Planted.get');
  });

  it('nor with a route that is not declared as an endpoint', async () => {
    @Controller('undeclared')
    class Undeclared {
      @Get()
      get(): void {}
    }
    await expect(start(Undeclared)).rejects.toThrow('Undeclared.get is a route without @Endpoint');
  });
});

import type { Type } from '@nestjs/common';
import * as nest from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ENDPOINT } from './endpoint.decorator.js';
import { EVENT_STREAM } from './live-streams.js';
import { ProblemFilter } from './problem.filter.js';
import type { EndpointMethod } from './route-rules.js';

/** An endpoint's method: returns the DTO of its answer, or a promise of it. */
type Method = (request: FastifyRequest, reply: FastifyReply) => unknown;

/**
 * The one lane from a route to its method: Fastify calls the methods of endpoints itself, as `(request, reply)`.
 * Between the two Nest awaits a dozen promises for guards, pipes, interceptors and the handling of the result, and while
 * a request waits for its commit those promises leave the processor's caches: settling them cost a sixth of a hold.
 * Who may call and what is valid is decided before, by the hooks of `pipeline.ts`.
 */
export function takeTheLane(app: NestFastifyApplication): void {
  refuseWhatIsPassedOver(app);
  const problems = app.get(ProblemFilter);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', (route) => {
      const endpoint = route.config?.rules?.endpoint;
      if (endpoint === undefined) return;
      const controller = app.get<Record<string, Method>>(endpoint.controller, { strict: false });
      route.handler = handlerOf(controller, endpoint, problems);
    });
}

function handlerOf(controller: Record<string, Method>, endpoint: EndpointMethod, problems: ProblemFilter) {
  const { name, status, contentType } = endpoint;
  if (contentType === EVENT_STREAM) return streamOf(controller, name, problems);
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const fail = (error: unknown): void => problems.answer(error, request, reply);
    const answer = (dto: unknown): void => {
      try {
        if (contentType !== undefined) void reply.type(contentType);
        void reply.send(dto);
      } catch (error) {
        fail(error);
      }
    };
    void reply.code(status);
    try {
      const dto = controller[name]!(request, reply);
      if (dto instanceof Promise) dto.then(answer, fail);
      // What is known at once is answered a turn later, with all that was asked in this one: an answer between two requests
      // has the machine go to and fro between this process and its clients.
      else setImmediate(answer, dto);
    } catch (error) {
      fail(error);
    }
  };
}

/** The method answers by itself, for as long as its client listens; only what it throws before is answered here. */
function streamOf(controller: Record<string, Method>, name: string, problems: ProblemFilter) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    void (controller[name]!(request, reply) as Promise<void>).catch((error: unknown) =>
      problems.answer(error, request, reply),
    );
  };
}

/** What Nest does on its way to a method, by the metadata that asks for it, of the method or of its class. */
const PASSED_OVER: Readonly<Record<string, string>> = {
  [nest.GUARDS_METADATA]: 'a guard',
  [nest.PIPES_METADATA]: 'a pipe',
  [nest.INTERCEPTORS_METADATA]: 'an interceptor',
  [nest.EXCEPTION_FILTERS_METADATA]: 'an exception filter',
  [nest.HTTP_CODE_METADATA]: 'a status',
  [nest.HEADERS_METADATA]: 'a header',
  [nest.REDIRECT_METADATA]: 'a redirection',
  [nest.RENDER_METADATA]: 'a template',
  [nest.SSE_METADATA]: 'an event stream',
};

/** The same for all methods, by the token of its provider. */
const GLOBAL = /^APP_(?:GUARD|PIPE|INTERCEPTOR)\b/;

/** A guard that nobody asks would let everybody in: with one the service does not start. */
function refuseWhatIsPassedOver(app: NestFastifyApplication): void {
  for (const { providers, controllers } of app.get(ModulesContainer).values()) {
    const [global] = [...providers.keys()].map(String).filter((token) => GLOBAL.test(token));
    if (global !== undefined) throw new PassedOverError(`the provider ${global}`);
    for (const { metatype } of controllers.values()) refuseOn(metatype as Type);
  }
}

function refuseOn(controller: Type): void {
  const methods = controller.prototype as Readonly<Record<string, object>>;
  for (const name of Object.getOwnPropertyNames(methods)) {
    const method = methods[name]!;
    if (!Reflect.hasMetadata(nest.METHOD_METADATA, method)) continue;
    const place = `${controller.name}.${name}`;
    if (!Reflect.hasMetadata(ENDPOINT, method)) throw new Error(`${place} is a route without @Endpoint; declare it.`);
    for (const [key, what] of Object.entries(PASSED_OVER)) {
      if (Reflect.hasMetadata(key, method)) throw new PassedOverError(`${what} of ${place}`);
      if (Reflect.hasMetadata(key, controller)) throw new PassedOverError(`${what} of ${controller.name}`);
    }
    if (Reflect.hasMetadata(nest.ROUTE_ARGS_METADATA, controller, name)) {
      throw new PassedOverError(`a decorated parameter of ${place}`);
    }
  }
}

class PassedOverError extends Error {
  constructor(what: string) {
    super(`Nobody would ask ${what}: endpoints are called as (request, reply). Use a hook of src/http/pipeline.ts.`);
  }
}

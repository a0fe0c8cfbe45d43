import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable, Logger } from '@nestjs/common';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { isAccessDenied, isPassing, isPoolExhausted } from '../database/database-errors.js';
import { MetricsService } from '../metrics/metrics.service.js';
import type { Tally } from '../metrics/samples.js';
import { logFieldsOf } from './http-tracing.js';
import { KnownRoutes } from './known-routes.js';
import { DomainError, NotReadyError, OverloadedError, type ProblemCode, PROBLEMS } from '../common/problem.js';
import { answerProblem, type Problem } from './problem-answer.js';
import { ClientLeftError } from './request-head.js';
import { unreadableBody, validationProblem } from './validation-problem.js';

const METHOD_NOT_ALLOWED = {
  code: 'METHOD_NOT_ALLOWED',
  detail: 'This path takes other methods; see the header Allow.',
} as const;

/** As what the refusals of an instance that is not ready are counted: they are meant, and no alert's concern. */
const NOT_READY = 'NOT_READY';

/**
 * The one place that turns errors into HTTP: those of the domain by their code, those of the framework by
 * their status, and all others into a 500 that says nothing of its cause, which goes to the log.
 */
@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');
  private readonly problems: Tally;
  private readonly aborted: Tally;

  constructor(
    metrics: MetricsService,
    private readonly routes: KnownRoutes,
  ) {
    const known = [...Object.keys(PROBLEMS), NOT_READY];
    this.problems = metrics.tally('http_problems_total', 'Refusals and errors, by code', 'code', known);
    const help = 'Requests whose client left before they were there as a whole, by method';
    this.aborted = metrics.tally('http_requests_aborted_total', help, 'method');
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    if (isAborted(error, request)) {
      this.aborted.add(request.method);
      reply.hijack();
      // Nothing will be written that could tell Node, and what waits for this answer to be over would wait for ever.
      request.raw.socket.destroy();
      return;
    }
    const problem = this.toProblem(error, request);
    this.count(error instanceof NotReadyError ? NOT_READY : problem.code);
    if (problem.code === 'METHOD_NOT_ALLOWED')
      void reply.header('allow', this.routes.methodsAt(request.url).join(', '));
    answerProblem(reply, problem);
  }

  count(code: ProblemCode | typeof NOT_READY): void {
    this.problems.add(code);
  }

  private toProblem(error: unknown, request: FastifyRequest): Problem {
    const about = logFieldsOf(request);
    if (error instanceof DomainError) {
      if (error.cause !== undefined) this.logger.warn({ ...about, code: error.code, err: error.cause }, error.detail);
      return error;
    }
    if (isPoolExhausted(error)) return new OverloadedError();
    if (isAccessDenied(error)) {
      this.logger.error({ ...about, err: error }, "The database refuses the service's account or lacks its rights");
      return { code: 'UNAVAILABLE', detail: 'The database can not be used right now; try again later.' };
    }
    if (isPassing(error)) {
      this.logger.warn({ ...about, err: error }, 'The database did not answer');
      return { code: 'UNAVAILABLE', detail: 'The database did not answer; try again in a moment.' };
    }
    const status = statusOf(error);
    if (status !== undefined && status >= 400 && status < 500) {
      return status === 404 && this.routes.isWrongMethod(request)
        ? METHOD_NOT_ALLOWED
        : frameworkProblem(error as FastifyError, status, request);
    }
    if (status === 503) return { code: 'UNAVAILABLE', detail: 'The service is shutting down.' };
    this.logger.error({ ...about, err: error }, 'Unexpected error');
    return { code: 'INTERNAL_ERROR', detail: 'The request failed on our side. It is logged and can be tried again.' };
  }
}

/** The client left before its request was there as a whole: nobody is there to be answered, and nothing of ours failed. */
function isAborted(error: unknown, { raw }: FastifyRequest): boolean {
  return error instanceof ClientLeftError || (raw.errored !== null && raw.errored === error);
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as Partial<FastifyError> | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** A refusal by Fastify or Nest before any of our code ran. */
function frameworkProblem(error: FastifyError, status: number, request: FastifyRequest): Problem {
  switch (status) {
    case 404:
      return { code: 'ROUTE_NOT_FOUND', detail: 'Check the path and the method; GET /docs lists them all.' };
    case 413:
      return {
        code: 'PAYLOAD_TOO_LARGE',
        detail: `Send a smaller body; this call takes ${request.routeOptions.bodyLimit} bytes.`,
      };
    case 415:
      return { code: 'UNSUPPORTED_MEDIA_TYPE', detail: 'Send the body as JSON with "Content-Type: application/json".' };
    case 429:
      return { code: 'RATE_LIMITED', detail: 'This client sent too many requests; wait as Retry-After says.' };
    default:
      return error.validation === undefined ? unreadableBody(error) : validationProblem(error);
  }
}

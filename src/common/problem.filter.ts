import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable, Logger } from '@nestjs/common';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { isDeadlock, isOutage, isPoolExhausted } from '../database/database-errors.js';
import { MetricsService } from '../observability/metrics.service.js';
import type { Tally } from '../observability/samples.js';
import {
  DomainError,
  type FieldError,
  OverloadedError,
  problemDocument,
  type ProblemCode,
  PROBLEMS,
} from './problem.js';

/**
 * The one place that turns errors into HTTP: those of the domain by their code, those of the framework by
 * their status, and all others into a 500 that says nothing of its cause, which goes to the log.
 */
@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');
  private readonly problems: Tally;

  constructor(metrics: MetricsService) {
    this.problems = metrics.tally('http_problems_total', 'Refusals and errors, by code', 'code', Object.keys(PROBLEMS));
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = this.toProblem(error, request.id);
    const definition = PROBLEMS[problem.code];
    this.problems.add(problem.code);
    if ('retryAfterSeconds' in definition && !reply.hasHeader('retry-after')) {
      void reply.header('retry-after', definition.retryAfterSeconds);
    }
    void reply
      .code(definition.status)
      .header('content-type', 'application/problem+json')
      .send(problemDocument(problem.code, problem.detail, problem.extensions));
  }

  private toProblem(error: unknown, requestId: string): Pick<DomainError, 'code' | 'detail' | 'extensions'> {
    if (error instanceof DomainError) {
      if (error.cause !== undefined) this.logger.warn({ requestId, code: error.code, err: error.cause }, error.detail);
      return error;
    }
    if (isPoolExhausted(error)) return new OverloadedError();
    if (isOutage(error) || isDeadlock(error)) {
      this.logger.warn({ requestId, err: error }, 'The database did not answer');
      return { code: 'UNAVAILABLE', detail: 'The database did not answer; try again in a moment.' };
    }
    const status = statusOf(error);
    if (status !== undefined && status >= 400 && status < 500) return frameworkProblem(error as FastifyError, status);
    if (status === 503) return { code: 'UNAVAILABLE', detail: 'The service is shutting down.' };
    this.logger.error({ requestId, err: error }, 'Unexpected error');
    return { code: 'INTERNAL_ERROR', detail: 'The request failed on our side. It is logged and can be tried again.' };
  }
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as Partial<FastifyError> | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** A refusal by Fastify or Nest before any of our code ran. */
function frameworkProblem(
  error: FastifyError,
  status: number,
): { code: ProblemCode; detail: string; extensions?: Record<string, unknown> } {
  switch (status) {
    case 404:
      return { code: 'ROUTE_NOT_FOUND', detail: 'Check the path and the method; GET /docs lists them all.' };
    case 413:
      return {
        code: 'PAYLOAD_TOO_LARGE',
        detail: 'Send a smaller body; the limit is 64 KiB unless configured otherwise.',
      };
    case 415:
      return { code: 'UNSUPPORTED_MEDIA_TYPE', detail: 'Send the body as JSON with "Content-Type: application/json".' };
    case 429:
      return { code: 'RATE_LIMITED', detail: 'This client sent too many requests; wait as Retry-After says.' };
    default:
      return validationProblem(error);
  }
}

function validationProblem(error: FastifyError) {
  const errors = error.validation?.filter(isTold).map(toFieldError) ?? [];
  const detail =
    errors.length > 0
      ? `The ${partName(error.validationContext)} is not valid: ${errors.map(describe).join('; ')}.`
      : (UNREADABLE[codeOf(error)] ??
        'The request could not be read: the URL, the headers or the JSON of the body is malformed.');
  return { code: 'VALIDATION_FAILED' as const, detail, extensions: { errors } };
}

/** Nest wraps what Fastify says of a body that it can't read. */
function codeOf({ code, cause }: FastifyError): string {
  return code ?? (cause as Partial<FastifyError> | undefined)?.code ?? '';
}

const UNREADABLE: Readonly<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty; send JSON, or no Content-Type where none is needed.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON.',
};

/** Where one of several forms is needed, what the first of them lacks says enough. */
function isTold({ keyword, schemaPath }: AjvError): boolean {
  return keyword !== 'anyOf' && !/\/anyOf\/[1-9]/.test(schemaPath);
}

function partName(context: string | undefined): string {
  return { body: 'body', params: 'path', querystring: 'query', headers: 'header' }[context ?? ''] ?? 'request';
}

function describe({ field, message }: FieldError): string {
  return field === '' ? message : `${field} ${message}`;
}

type AjvError = NonNullable<FastifyError['validation']>[number];

function toFieldError({ instancePath, keyword, params, message }: AjvError): FieldError {
  const path = instancePath.split('/').slice(1);
  switch (keyword) {
    case 'required':
      return { field: [...path, String(params.missingProperty)].join('.'), message: 'is required' };
    case 'additionalProperties':
      return { field: [...path, String(params.additionalProperty)].join('.'), message: 'is not a known field' };
    case 'type':
      return { field: path.join('.'), message: `must be ${path.length === 0 ? 'a JSON ' : ''}${String(params.type)}` };
    case 'enum':
      return { field: path.join('.'), message: `must be one of ${(params.allowedValues as unknown[]).join(', ')}` };
    case 'x-same-as':
      return { field: path.join('.'), message: 'must equal its other name when both are given' };
    default:
      return { field: path.join('.'), message: message ?? 'is not valid' };
  }
}

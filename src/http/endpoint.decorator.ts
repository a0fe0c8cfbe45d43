import { applyDecorators, SetMetadata, type Type } from '@nestjs/common';
import { RouteConfig, RouteSchema } from '@nestjs/platform-fastify';
import { groupBy } from '../common/group-by.js';
import { type DtoClass, type JsonSchema, schemaOf } from './json-schema.js';
import { CODES_KEYWORD, descriptionOf, PROBLEM_SCHEMA } from './problem-schema.js';
import type { RouteRules, Scope } from './route-rules.js';
import { type ProblemCode, type ProblemDefinition, PROBLEMS } from '../common/problem-catalogue.js';

export interface EndpointOptions {
  /** The name that generated clients give the call, such as `createHold`. */
  readonly operationId: string;
  readonly summary: string;
  /** What the summary leaves open, in a sentence or two. */
  readonly description: string;
  readonly tag: string;
  readonly body?: DtoClass;
  /** A body that is taken whatever JSON object it is: there is no DTO that describes it. */
  readonly openBody?: JsonSchema;
  /** Any JSON body is taken, or none, since nothing of it is read. */
  readonly takesAnyBody?: boolean;
  readonly params?: Readonly<Record<string, JsonSchema>>;
  readonly query?: Readonly<Record<string, JsonSchema>>;
  readonly headers?: Readonly<Record<string, JsonSchema>>;
  readonly success: Readonly<Record<number, SuccessResponse>>;
  /** Codes of this endpoint's own errors; those that any endpoint can answer with are added. */
  readonly errors: readonly ProblemCode[];
  /** What the call is about, if it is one of operators': who has this scope may make it (see `scopesThatOpen`). */
  readonly scope?: Scope | 'any';
  /** Made by our own pages alone: it is not in the OpenAPI document. */
  readonly isOfPages?: boolean;
  readonly isRateLimited?: boolean;
  /** Of a buyers' call: whether it takes a buyer's token, or asks for one where BUYER_TOKENS is `required`. */
  readonly buyerToken?: 'taken' | 'asked';
  /** Scopes of operators who may make a buyers' call for what is anybody's. */
  readonly openTo?: readonly Scope[];
  /** Only authentic payment notices get through. */
  readonly takesNotices?: boolean;
  /** Bytes that a body may have, where {@link BODY_BYTES_MAX} or {@link ADMIN_BODY_BYTES_MAX} is not enough. */
  readonly bodyBytesMax?: number;
}

/** Bodies of the calls of a sale have some hundred bytes, and anyone may send them. */
const BODY_BYTES_MAX = 4096;

/** What operators send may list many things. */
export const ADMIN_BODY_BYTES_MAX = 65_536;

interface SuccessResponse {
  readonly description: string;
  readonly dto?: DtoClass;
  /** Of an answer that is a text. */
  readonly contentType?: string;
  /** The media type of a text that the method gives to who prefers it. */
  readonly alsoAs?: string;
  readonly headers?: Readonly<Record<string, JsonSchema>>;
}

/** Metadata by which the lane knows a declared method. */
export const ENDPOINT = 'endpoint';

/**
 * Declares what a route takes and answers. Fastify compiles it into the validator and the serializer, and
 * the OpenAPI document is generated from the same object. The first success status is the default one.
 * The method is called as `(request, reply)`, see `lane.ts`.
 */
export function Endpoint(options: EndpointOptions): MethodDecorator {
  const body = options.body === undefined ? options.openBody : schemaOf(options.body);
  const schema = {
    operationId: options.operationId,
    summary: options.summary,
    description: options.description,
    tags: [options.tag],
    ...(options.isOfPages && { hide: true }),
    ...(body && { body }),
    ...(options.params && { params: objectSchema(options.params, Object.keys(options.params)) }),
    ...(options.query && { querystring: objectSchema(options.query, []) }),
    ...(options.headers && { headers: { type: 'object', properties: options.headers } }),
    response: {
      ...successSchemas(options.success),
      ...problemSchemas(errorCodes(options), options.scope !== undefined),
    },
  };
  return (target, name, descriptor) => {
    const [first] = Object.entries(options.success);
    const rules: RouteRules = {
      endpoint: {
        controller: target.constructor as Type,
        name: String(name),
        status: Number(first![0]),
        contentType: first![1].contentType,
      },
      scope: options.scope ?? null,
      takesBody: body !== undefined || options.takesAnyBody === true,
      bodyBytesMax: options.bodyBytesMax ?? (options.scope === undefined ? BODY_BYTES_MAX : ADMIN_BODY_BYTES_MAX),
      isRateLimited: options.isRateLimited === true,
      buyerToken: options.buyerToken ?? null,
      openTo: options.openTo ?? [],
      takesNotices: options.takesNotices === true,
    };
    applyDecorators(RouteSchema(schema), RouteConfig({ rules }), SetMetadata(ENDPOINT, true))(target, name, descriptor);
  };
}

/** The header of an answer to something that was made. */
export function locationOf(what: string): Record<string, JsonSchema> {
  return { Location: { type: 'string', description: `Path of the ${what}` } };
}

/** All codes an endpoint can answer with, its own and the general ones. */
function errorCodes(options: EndpointOptions): ProblemCode[] {
  const takesBody = options.body ?? options.openBody ?? options.takesAnyBody;
  const takesInput = options.body ?? options.openBody ?? options.params ?? options.query;
  const takesKeys = options.scope !== undefined || options.buyerToken !== undefined;
  return [
    ...(takesInput ? (['VALIDATION_FAILED'] as const) : []),
    ...(takesBody ? (['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
    // Who has a key is not limited by operators' calls; who comes with a wrong one is, by any.
    ...(takesKeys ? (['UNAUTHORIZED', 'SCOPE_MISSING', 'RATE_LIMITED'] as const) : []),
    ...(options.buyerToken === undefined ? [] : (['BUYER_TOKEN_INVALID'] as const)),
    ...(options.buyerToken === 'asked' ? (['BUYER_TOKEN_REQUIRED'] as const) : []),
    ...options.errors,
    'OVERLOADED',
    'UNAVAILABLE',
  ];
}

function objectSchema(properties: Readonly<Record<string, JsonSchema>>, required: string[]): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

function successSchemas(responses: EndpointOptions['success']): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(responses).map(([status, { description, headers, ...answer }]) => [
      status,
      { description, ...(headers && { headers }), ...answerSchema(answer) },
    ]),
  );
}

function answerSchema({ dto, contentType, alsoAs }: Omit<SuccessResponse, 'description' | 'headers'>): JsonSchema {
  const text = { schema: { type: 'string' } };
  if (contentType !== undefined) return { content: { [contentType.split(';')[0]!]: text } };
  if (dto === undefined) return { type: 'null' };
  return alsoAs === undefined
    ? schemaOf(dto)
    : { content: { 'application/json': { schema: schemaOf(dto) }, [alsoAs]: text } };
}

/** What nearly every call of operators may answer: the document says it of all of them at once, as the default. */
const OF_ANY_CALL: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'VALIDATION_FAILED',
  'UNAUTHORIZED',
  'SCOPE_MISSING',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
  'OVERLOADED',
  'UNAVAILABLE',
]);

/** One response schema a status, listing the codes that share it. */
function problemSchemas(codes: readonly ProblemCode[], isOfOperators: boolean): Record<string, JsonSchema> {
  const byStatus = groupBy(new Set(codes), (code) =>
    isOfOperators && OF_ANY_CALL.has(code) ? 'default' : PROBLEMS[code].status,
  );
  return Object.fromEntries(
    [...byStatus].map(([status, shared]) => [
      String(status),
      {
        description: descriptionOf(shared),
        ...headersOf(shared),
        content: { 'application/problem+json': { schema: { ...PROBLEM_SCHEMA, [CODES_KEYWORD]: shared } } },
      },
    ]),
  );
}

function headersOf(codes: readonly ProblemCode[]): { headers?: Record<string, JsonSchema> } {
  const definitions = codes.map((code): ProblemDefinition => PROBLEMS[code]);
  const headers = {
    ...(definitions.some(({ retryAfterSeconds }) => retryAfterSeconds !== undefined) && {
      'Retry-After': { type: 'integer', description: 'Seconds to wait before another try' },
    }),
    ...(definitions.some(({ challenge }) => challenge !== undefined) && {
      'WWW-Authenticate': { type: 'string', description: 'How to say who calls' },
    }),
  };
  return Object.keys(headers).length > 0 ? { headers } : {};
}

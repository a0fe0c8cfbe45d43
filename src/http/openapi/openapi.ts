import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { problemSchema } from '../endpoint.decorator.js';
import { type ProblemCode, problemDocument, PROBLEMS } from '../../common/problem.js';
import { ANSWER_EXAMPLES, PROBLEM_EXTENSIONS } from './openapi-examples.js';
import { VERSION } from '../../config/version.js';

type Node = Record<string, unknown>;

interface Operation extends Node {
  summary: string;
  operationId?: string;
  parameters?: Node[];
  responses: Record<string, Answer>;
}

interface Answer extends Node {
  headers?: Record<string, Node>;
  content?: Record<string, { schema: Node; example?: unknown; examples?: Record<string, Node> }>;
}

interface Document extends Node {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas?: Record<string, Node> } & Node;
}

const REQUEST_ID = {
  description: 'Names the request in the answer and in the logs; one is made up if none, or no sensible one, was sent.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
};

const LIMIT_HEADERS = {
  'ratelimit-limit': 'Requests that this client may send in the window',
  'ratelimit-remaining': 'Requests that are left in the window',
  'ratelimit-reset': 'Seconds until the window ends',
};

/** The head of the OpenAPI document; the paths come from the routes themselves. */
export const OPENAPI: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Flash-sale checkout',
      version: VERSION,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'Reserve stock for two minutes, turn the hold into an order, and let the payment provider settle it. ' +
        'Every error is a problem document (RFC 9457) with a stable `code`; answers that may be tried again have ' +
        '`Retry-After`. Money is a decimal string, times are ISO 8601 in UTC, unknown fields are refused.',
    },
    servers: [{ url: '/', description: 'This service' }],
    tags: [
      { name: 'products', description: 'What is on sale and how much of it is left' },
      { name: 'holds', description: 'Reserving units and giving them back' },
      { name: 'orders', description: 'Turning a hold into an order' },
      { name: 'payments', description: 'Notices of the payment provider' },
      { name: 'admin', description: 'What operators do; needs the admin token' },
      { name: 'operations', description: 'Health and metrics' },
    ],
    components: {
      securitySchemes: { adminToken: { type: 'http', scheme: 'bearer', description: 'The value of ADMIN_TOKEN' } },
    },
  },
  transformObject: (made) => ('openapiObject' in made ? complete(made.openapiObject as Document) : {}),
};

/** Adds what all calls have in common, and gathers the schemas under `components`. */
function complete(document: Document): Document {
  // Also the codes that belong to no operation, such as ROUTE_NOT_FOUND.
  const schemas: Record<string, Node> = { Problem: problemSchema(Object.keys(PROBLEMS) as ProblemCode[]) };
  const paths = Object.entries(document.paths).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, completeOperation(method, path, operation)]),
    ),
  ]);
  const gathered = gather(Object.fromEntries(paths), schemas) as Document['paths'];
  return { ...document, paths: gathered, components: { ...document.components, schemas } };
}

function completeOperation(method: string, path: string, operation: Operation): Operation {
  // Only buyers are told how much is left to them; operators are not limited.
  const isLimited = '429' in operation.responses && !('401' in operation.responses);
  const responses = Object.entries(operation.responses).map(([status, answer]): [string, Answer] => [
    status,
    completeAnswer(answer, isLimited),
  ]);
  const parameters = [
    ...(operation.parameters ?? []),
    { name: 'x-request-id', in: 'header', required: false, ...REQUEST_ID },
  ];
  return {
    operationId: operationIdOf(method, path),
    ...operation,
    parameters,
    responses: Object.fromEntries(responses),
  };
}

function completeAnswer(answer: Answer, isLimited: boolean): Answer {
  const limits = Object.entries(LIMIT_HEADERS).map(([name, description]): [string, Node] => [
    name,
    { description, schema: { type: 'integer' } },
  ]);
  const headers = { ...answer.headers, 'x-request-id': REQUEST_ID, ...(isLimited && Object.fromEntries(limits)) };
  const content = Object.entries(answer.content ?? {}).map(([type, media]): [string, typeof media] => [
    type,
    { ...media, ...examplesOf(media.schema) },
  ]);
  // An answer without a body has a schema of type null, which is not for the reader.
  const isEmpty = answer.content?.['application/json']?.schema.type === 'null';
  const { content: _content, ...rest } = answer;
  return { ...rest, headers, ...(content.length > 0 && !isEmpty && { content: Object.fromEntries(content) }) };
}

function examplesOf(schema: Node): { example?: unknown; examples?: Record<string, Node> } {
  if (schema.title !== 'Problem') {
    const example = ANSWER_EXAMPLES[schemaName(String(schema.title))];
    return example === undefined ? {} : { example };
  }
  const { enum: codes } = (schema.properties as { code: { enum: ProblemCode[] } }).code;
  return {
    examples: Object.fromEntries(
      codes.map((code) => [code, { value: problemDocument(code, PROBLEMS[code].title, PROBLEM_EXTENSIONS[code]) }]),
    ),
  };
}

/** Moves the schemas of DTOs to where they have a name, and leaves references. */
function gather(node: unknown, schemas: Record<string, Node>): unknown {
  if (Array.isArray(node)) return node.map((child) => gather(child, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const children = Object.entries(node as Node).map(([key, child]): [string, unknown] => [
    key,
    key.startsWith('example') ? child : gather(child, schemas),
  ]);
  const { title, ...schema } = Object.fromEntries(children);
  // A schema that may also be null is another one than its namesake.
  if (typeof title !== 'string' || !title.endsWith('Dto') || schema.type !== 'object')
    return { ...schema, ...(title !== undefined && { title }) };
  const { description: _description, ...named } = schema;
  schemas[schemaName(title)] = named;
  return { $ref: `#/components/schemas/${schemaName(title)}` };
}

function schemaName(title: string): string {
  return title.replace(/Dto$/, '');
}

/** `POST /api/holds/{hold_id}` → `postHoldsHoldId` */
function operationIdOf(method: string, path: string): string {
  const words = path
    .replace(/^\/api/, '')
    .split(/[^a-z]+/i)
    .filter((word) => word !== '');
  return method + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

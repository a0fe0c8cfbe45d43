import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { CODES_KEYWORD } from '../endpoint.decorator.js';
import { DOCUMENTED_KEYWORD } from '../json-schema.js';
import { type ProblemCode, problemDocument, PROBLEMS } from '../../common/problem.js';
import { ANSWER_EXAMPLES, PROBLEM_EXTENSIONS } from './openapi-examples.js';
import { VERSION } from '../../config/version.js';

type Node = Record<string, unknown>;

interface Operation extends Node {
  parameters?: Node[];
  responses: Record<string, Answer>;
}

interface Answer extends Node {
  headers?: Record<string, Node>;
  content?: Record<string, { schema: Node; examples?: Record<string, Node> }>;
}

interface Document extends Node {
  paths: Record<string, Record<string, Operation>>;
  components: Node;
}

const REQUEST_ID = {
  description: 'Names the request in the answer and in the logs; one is made up if none, or no sensible one, was sent.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
};

/** Headers that answers have in common, by their name in the answer and under `components`. */
const SHARED_HEADERS: Readonly<Record<string, { readonly component: string; readonly header: Node }>> = {
  'x-request-id': { component: 'RequestId', header: REQUEST_ID },
  'ratelimit-limit': limitHeader('RateLimit', 'Requests that this client may send in the window'),
  'ratelimit-remaining': limitHeader('RateLimitRemaining', 'Requests that are left in the window'),
  'ratelimit-reset': limitHeader('RateLimitReset', 'Seconds until the window ends'),
};

/** The head of the OpenAPI document; the paths come from the routes themselves. */
export const OPENAPI: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Flash-sale checkout',
      version: VERSION,
      license: { name: 'MIT', identifier: 'MIT' },
      contact: { name: 'Whoever runs this service' },
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

/** What the document says once, under `components`, and refers to. */
interface Shared {
  readonly schemas: Record<string, Node>;
  readonly responses: Record<string, Node>;
  readonly parameters: Record<string, Node>;
  readonly headers: Record<string, Node>;
  readonly examples: Record<string, Node>;
}

/** Adds what all calls have in common, and gathers under `components` what is said more than once. */
function complete(document: Document): Document {
  const shared: Shared = { schemas: {}, responses: {}, parameters: {}, headers: {}, examples: {} };
  const paths = Object.entries(document.paths).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, completeOperation(operation, shared)]),
    ),
  ]);
  const gathered = gather(Object.fromEntries(paths), shared.schemas) as Document['paths'];
  const responses = gather(shared.responses, shared.schemas);
  for (const { component, header } of Object.values(SHARED_HEADERS)) shared.headers[component] = header;
  const headers = gather(shared.headers, shared.schemas);
  const requestId = { name: 'x-request-id', in: 'header', required: false, ...REQUEST_ID };
  const parameters = gather({ ...shared.parameters, RequestId: requestId }, shared.schemas);
  const components = { ...document.components, ...shared, responses, parameters, headers };
  return { ...document, paths: gathered, components };
}

function completeOperation(operation: Operation, shared: Shared): Operation {
  // Only buyers are told how much is left to them; operators are not limited.
  const isLimited = '429' in operation.responses && !('401' in operation.responses);
  const responses = Object.entries(operation.responses).map(([status, answer]): [string, Node] => {
    const problem = answer.content?.['application/problem+json'];
    return [
      status,
      problem === undefined ? completeAnswer(answer, isLimited) : shareProblem(answer, problem, isLimited, shared),
    ];
  });
  const parameters = (operation.parameters ?? []).map((parameter) => shareHeader(parameter, shared));
  parameters.push({ $ref: '#/components/parameters/RequestId' });
  return { ...operation, parameters, responses: Object.fromEntries(responses) };
}

function completeAnswer(answer: Answer, isLimited: boolean): Answer {
  const headers = { ...answer.headers, ...sharedHeaders(isLimited) };
  // An answer without a body has a schema of type null, which is not for the reader.
  const isEmpty = answer.content?.['application/json']?.schema.type === 'null';
  const { content, ...rest } = answer;
  return { ...rest, headers, ...(content !== undefined && !isEmpty && { content }) };
}

/** A header is the same wherever it is sent, but for one or the other. */
function shareHeader(parameter: Node, { parameters }: Shared): Node {
  const name = String(parameter.name);
  if (parameter.in !== 'header') return parameter;
  parameters[name] ??= parameter;
  const isSame = JSON.stringify(parameters[name]) === JSON.stringify(parameter);
  return isSame ? { $ref: `#/components/parameters/${name}` } : parameter;
}

/** Most problems are the same for many calls: each set of codes is one answer, with an example for each code. */
function shareProblem(answer: Answer, { schema }: { schema: Node }, isLimited: boolean, shared: Shared): Node {
  const { [CODES_KEYWORD]: codes, ...shown } = schema as Node & { [CODES_KEYWORD]: ProblemCode[] };
  const name = [...codes, ...(isLimited ? ['limited'] : [])].join('.');
  const examples = codes.map((code): [string, Node] => {
    shared.examples[code] = { value: problemDocument(code, PROBLEMS[code].title, PROBLEM_EXTENSIONS[code]) };
    return [code, { $ref: `#/components/examples/${code}` }];
  });
  shared.responses[name] = {
    ...answer,
    headers: { ...shareHeaders(answer.headers ?? {}, shared), ...sharedHeaders(isLimited) },
    content: { 'application/problem+json': { schema: shown, examples: Object.fromEntries(examples) } },
  };
  return { $ref: `#/components/responses/${name}` };
}

/** What the answers with problems say in headers is the same for all of them. */
function shareHeaders(own: Record<string, Node>, { headers }: Shared): Record<string, Node> {
  Object.assign(headers, own);
  return Object.fromEntries(Object.keys(own).map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function sharedHeaders(isLimited: boolean): Record<string, Node> {
  const shared = Object.entries(SHARED_HEADERS).filter(([name]) => isLimited || name === 'x-request-id');
  return Object.fromEntries(
    shared.map(([name, { component }]): [string, Node] => [name, { $ref: `#/components/headers/${component}` }]),
  );
}

/** Moves the schemas of DTOs to where they have a name, with an example, and leaves references. */
function gather(node: unknown, schemas: Record<string, Node>): unknown {
  if (Array.isArray(node)) return node.map((child) => gather(child, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const children = Object.entries(documented(node as Node)).map(([key, child]): [string, unknown] => [
    key,
    key.startsWith('example') ? child : gather(child, schemas),
  ]);
  const { title, ...schema } = Object.fromEntries(children);
  // A schema that may also be null is another one than its namesake.
  if (typeof title !== 'string' || !title.endsWith('Dto') || schema.type !== 'object')
    return { ...schema, ...(title !== undefined && { title }) };
  const { description: _description, ...named } = schema;
  const name = title.replace(/Dto$/, '');
  const example = ANSWER_EXAMPLES[name];
  schemas[name] = { ...named, ...(example !== undefined && { examples: [example] }) };
  return { $ref: `#/components/schemas/${name}` };
}

/** A schema as readers are to see it; all else as it is. */
function documented(node: Node): Node {
  const { [DOCUMENTED_KEYWORD]: instead, ...own } = node;
  const shown = Object.fromEntries(
    Object.entries({ ...own, ...(instead as Node | undefined) }).filter(([, value]) => value !== null),
  );
  if (![shown.type].flat().includes('integer')) return shown;
  const { maximum = Infinity } = shown as { maximum?: number };
  return { ...shown, format: maximum > 2_147_483_647 ? 'int64' : 'int32' };
}

function limitHeader(component: string, description: string): { component: string; header: Node } {
  return { component, header: { description, schema: { type: 'integer' } } };
}

import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { RouteOptions } from 'fastify';
import { CODES_KEYWORD } from '../endpoint.decorator.js';
import { DOCUMENTED_KEYWORD, RULE_KEYWORD } from '../json-schema.js';
import { scopesThatOpen } from '../route-rules.js';
import { CUSTOMER_ID, CUSTOMER_ID_RULE } from '../../common/customer-id.js';
import { type ProblemCode, problemDocument, PROBLEMS } from '../../common/problem.js';
import { ANSWER_EXAMPLES, PROBLEM_EXTENSIONS } from './openapi-examples.js';
import { type Answer, mapOperations, type Node, type Operation, type Paths, saidOnce } from './said-once.js';
import { VERSION } from '../../config/version.js';

/** Member of an operation with the scopes any of which a key needs; the standard has scopes for OAuth alone. */
const SCOPES_KEYWORD = 'x-scopes';

/** Who has the admin token or an API key. */
const OPERATORS: readonly Record<string, string[]>[] = [{ adminToken: [] }, { apiKey: [] }];

/** Member of a buyers' call, which no reader sees: whether its answers tell of the limit. */
const LIMITED_KEYWORD = 'x-limited';

interface Document extends Node {
  paths: Paths;
  components: Node;
}

/** What a shop's server says of the buyer for whom it calls; of others nobody looks at it. */
const SHOP_PARAMETERS: readonly Node[] = [
  shopHeader('on-behalf-of', 'The customer for whom a key with `sell` calls: its holds are his alone', {
    type: 'string',
    pattern: CUSTOMER_ID.source,
    [RULE_KEYWORD]: CUSTOMER_ID_RULE,
  }),
  shopHeader('buyer-limit-key', 'What limits count by, such as a household; by default the customer', {
    type: 'string',
    pattern: CUSTOMER_ID.source,
    [RULE_KEYWORD]: CUSTOMER_ID_RULE,
  }),
  shopHeader('buyer-groups', 'What the customer belongs to, with commas between', { type: 'string' }),
];

/** What a buyer is told of the limit, in headers. */
const LIMIT_HEADERS: Readonly<Record<string, Node>> = {
  'ratelimit-limit': count('Requests that this client may send in the window'),
  'ratelimit-remaining': count('Requests that are left in the window'),
  'ratelimit-reset': count('Seconds until the window ends'),
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
        '`Retry-After`, and whatever a call that is limited answers has the RateLimit headers. `X-Request-Id` names each ' +
        'request in its answer and in the logs: the one that was sent, or one that is made up. Money is a decimal string, ' +
        'times are ISO 8601 in UTC, unknown fields are refused.',
    },
    servers: [{ url: '/', description: 'This service' }],
    // Of all calls that do not say otherwise, which are those of operators.
    security: [...OPERATORS],
    tags: [
      { name: 'sales', description: 'Windows of time in which products are sold' },
      { name: 'products', description: 'What is on sale and how much of it is left' },
      { name: 'holds', description: 'Reserving units and giving them back' },
      { name: 'orders', description: 'Turning a hold into an order' },
      { name: 'payments', description: 'Notices of the payment provider' },
      { name: 'admin', description: 'What operators do; needs the admin token or an API key' },
      { name: 'operations', description: 'Health and metrics' },
    ],
    components: {
      securitySchemes: {
        adminToken: { type: 'http', scheme: 'bearer', description: 'The value of ADMIN_TOKEN; opens every call' },
        buyerToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'What the shop signs for its signed-in customer, where BUYER_TOKENS is `optional` or `required`: ' +
            '`sub` (the customer), `exp` (at most 24 hours away), and if need be `iss`, `aud`, `limit_key`, `groups`',
        },
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key with a scope of `x-scopes`' },
      },
    },
  },
  transform: ({ schema, url, route }) => ({ schema: { ...schema, ...whoMayCall(route, schema?.description) }, url }),
  transformObject: (made) => ('openapiObject' in made ? complete(made.openapiObject as Document) : {}),
};

/** Who may make a call: anybody, buyers with a token or without and their shop, or who has the admin token or a key with a scope. */
function whoMayCall({ method, config }: RouteOptions, description = ''): Node {
  const { scope = null, buyerToken = null, openTo = [], isRateLimited = false } = config?.rules ?? {};
  if (buyerToken !== null) {
    return {
      security: [{}, { buyerToken: [] }, ...OPERATORS],
      [SCOPES_KEYWORD]: [...openTo, 'sell'],
      [LIMITED_KEYWORD]: isRateLimited,
    };
  }
  if (scope === null) return { security: [] };
  const scopes = scopesThatOpen(String(method), scope);
  return {
    [SCOPES_KEYWORD]: scopes,
    description: `${description} Scope: ${scopes.map((name) => `\`${name}\``).join(' or ')}.`,
  };
}

/** Adds what all calls have in common, and gathers under `components` what is said more than once. */
function complete(document: Document): Document {
  const schemas: Record<string, Node> = {};
  const described = mapOperations(document.paths, completeOperation);
  const { paths, components } = saidOnce(gather(described, schemas) as Paths);
  return { ...document, paths, components: { ...document.components, schemas, ...components } };
}

function completeOperation(operation: Operation): Operation {
  // Only in buyers' calls it is told how much is left; operators' are not limited.
  const { [LIMITED_KEYWORD]: isLimited = false, ...shown } = operation as Operation & { [LIMITED_KEYWORD]?: boolean };
  const ofShops = LIMITED_KEYWORD in operation ? SHOP_PARAMETERS : [];
  const responses = Object.entries(operation.responses).map(([status, answer]): [string, Answer] => {
    const problem = answer.content?.['application/problem+json'];
    return [status, problem === undefined ? completeAnswer(answer, isLimited) : completeProblem(answer, problem)];
  });
  const parameters = [...(operation.parameters ?? []), ...ofShops];
  return { ...shown, parameters, responses: Object.fromEntries(responses) };
}

function completeAnswer(answer: Answer, isLimited: boolean): Answer {
  const headers = { ...answer.headers, ...(isLimited && LIMIT_HEADERS) };
  // An answer without a body has a schema of type null, which is not for the reader.
  const isEmpty = answer.content?.['application/json']?.schema.type === 'null';
  const { content, ...rest } = answer;
  return {
    ...rest,
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(content !== undefined && !isEmpty && { content }),
  };
}

/** Most problems are the same for many calls: each set of codes is one answer, with an example for each code. */
function completeProblem(answer: Answer, { schema }: { schema: Node }): Answer {
  const { [CODES_KEYWORD]: codes, ...shown } = schema as Node & { [CODES_KEYWORD]: ProblemCode[] };
  const examples = codes.map((code): [string, Node] => [
    code,
    { value: problemDocument(code, PROBLEMS[code].title, PROBLEM_EXTENSIONS[code]) },
  ]);
  const isOfLimit = codes.includes('RATE_LIMITED');
  const headers = { ...answer.headers, ...(isOfLimit && LIMIT_HEADERS) };
  return {
    ...answer,
    ...(Object.keys(headers).length > 0 && { headers }),
    content: { 'application/problem+json': { schema: shown, examples: Object.fromEntries(examples) } },
  };
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

function shopHeader(name: string, description: string, schema: Node): Node {
  return { name, in: 'header', required: false, description, schema };
}

function count(description: string): Node {
  return { description, schema: { type: 'integer' } };
}

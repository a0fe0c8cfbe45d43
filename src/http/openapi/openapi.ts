import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { RouteOptions } from 'fastify';
import { RULE_KEYWORD } from '../json-schema.js';
import { CODES_KEYWORD } from '../problem-schema.js';
import { scopesThatOpen } from '../route-rules.js';
import { CUSTOMER_ID, CUSTOMER_ID_RULE } from '../../common/customer-id.js';
import type { ProblemCode } from '../../common/problem.js';
import { NamedSchemas } from './named-schemas.js';
import { PROBLEM_EXTENSIONS, problemExample } from './openapi-examples.js';
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

/** Calls that the service makes: the document names them beside those that it takes. */
interface Calls {
  readonly pathItems: Readonly<Record<string, Node>>;
  readonly webhooks: Readonly<Record<string, Node>>;
}

/** The OpenAPI document; the paths come from the routes themselves. */
export function openapi(calls: Calls): FastifyDynamicSwaggerOptions {
  return {
    openapi: HEAD,
    transform: ({ schema, url, route }) => ({ schema: { ...schema, ...whoMayCall(route) }, url }),
    transformObject: (made) => ('openapiObject' in made ? complete(made.openapiObject as Document, calls) : {}),
  };
}

const HEAD: FastifyDynamicSwaggerOptions['openapi'] = {
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
    { name: 'events', description: 'What the service tells the shop' },
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
};

/** Who may make a call: anybody, buyers with a token or without and their shop, or who has the admin token or a key with a scope. */
function whoMayCall({ method, config }: RouteOptions): Node {
  const { scope = null, buyerToken = null, openTo = [], isRateLimited = false } = config?.rules ?? {};
  if (buyerToken !== null) {
    return {
      security: [{}, { buyerToken: [] }, ...OPERATORS],
      [SCOPES_KEYWORD]: [...openTo, 'sell'],
      [LIMITED_KEYWORD]: isRateLimited,
    };
  }
  if (scope === null) return { security: [] };
  return { [SCOPES_KEYWORD]: scopesThatOpen(String(method), scope) };
}

/** Adds what all calls have in common, and gathers under `components` what is said more than once. */
function complete(document: Document, { pathItems, webhooks }: Calls): Document {
  const schemas = new NamedSchemas();
  const described = mapOperations(document.paths, completeOperation);
  // Bodies first: of a schema that is both asked for and answered the stricter form counts.
  const asked = mapOperations(described, ({ responses, ...call }) => ({ ...schemas.gather(call, 'asked'), responses }));
  const answered = mapOperations(asked, ({ responses, ...call }) => ({
    ...call,
    responses: schemas.gather(responses, 'answered'),
  }));
  const { paths, components } = saidOnce(answered);
  const told = schemas.gather(pathItems, 'answered');
  return {
    ...document,
    paths,
    webhooks,
    components: { ...document.components, schemas: schemas.byName, ...components, pathItems: told },
  };
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

/** Most problems say what all of them say: the schema's example shows it. Each other code of an answer has one of its own. */
function completeProblem(answer: Answer, { schema }: { schema: Node }): Answer {
  const { [CODES_KEYWORD]: codes, ...shown } = schema as Node & { [CODES_KEYWORD]: ProblemCode[] };
  const examples = codes
    .filter((code) => code in PROBLEM_EXTENSIONS)
    .map((code): [string, Node] => [code, { value: problemExample(code) }]);
  const isOfLimit = codes.includes('RATE_LIMITED');
  const headers = { ...answer.headers, ...(isOfLimit && LIMIT_HEADERS) };
  return {
    ...answer,
    ...(Object.keys(headers).length > 0 && { headers }),
    content: {
      'application/problem+json': {
        schema: shown,
        ...(examples.length > 0 && { examples: Object.fromEntries(examples) }),
      },
    },
  };
}

function shopHeader(name: string, description: string, schema: Node): Node {
  return { name, in: 'header', required: false, description, schema };
}

function count(description: string): Node {
  return { description, schema: { type: 'integer' } };
}

import { Agent, request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StockAuditService, driftOf } from '../../src/operations/stock-audit.service.js';
import { type ApiRequest, apiRequests } from '../support/api-requests.js';
import { createHold, createOrder, createPaidOrder, createProduct } from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import {
  type ApiDocument,
  codesOf,
  type Operation,
  operationsOf,
  type Schema,
  schemaChecker,
} from '../support/openapi.js';
import { type Service, startService } from '../support/service.js';
import { SIMULATED_SECRET } from '../support/simulated-sales.js';

/** 20,000 make the whole run; each suite makes a short one. A seed that failed is run again with FUZZ_SEED. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 1500);
const SEED = process.env.FUZZ_SEED === undefined ? undefined : Number(process.env.FUZZ_SEED);
const AT_ONCE = 10;

const INTERNALS =
  /\bat \S+ \(|\bat (?:async )?(?:file:|\/)|node_modules|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\s+[`\w*]+ |\bER_[A-Z_]+|ECONN|QueryFailed/;
/** Stacks belong into the log; statements and secrets do not. */
const LOG_SECRETS =
  /\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\s+[`\w*]+ (?:FROM|SET|WHERE|\()|the-admin-token-of-the-tests|the-webhook-secret/;

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** Calls that our own pages make: the document does not have them, so of their answers it is only known that they are no fault. */
const OF_PAGES: Readonly<Record<string, readonly string[]>> = {
  '/api/admin/session': ['get', 'post', 'delete'],
  '/api/admin/overview': ['get'],
  '/api/admin/rush': ['get', 'post'],
  '/simulated/payments/{id}': ['get', 'post'],
  '/simulated/payments/confirm': ['post'],
};

/** Not asked at random: files and pages of others, each with tests of its own. */
const NOT_OURS = /^\/(docs|admin\/queues|admin|assets|\*|$)/;

function ofPages(path: string): Operation {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name!,
    in: 'path' as const,
    schema: {},
  }));
  const about = { operationId: '', summary: '', description: '', tags: [], parameters, security: [{}] };
  return { ...about, requestBody: { content: { 'application/json': { schema: {} } } }, responses: {} };
}

/** Every route that the service has, as the document writes them: `GET /api/holds/{hold_id}`. */
function routesOf({ app }: Service): string[] {
  const tree = app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', label = '', methods] = /^([│ ]*)[├└]── (\S*)(?: \((.+)\))?$/.exec(line) ?? [];
    above.splice(indent.length / 4, above.length, label);
    const path = above.join('').replaceAll(/:(\w+)/g, '{$1}');
    const asked = (methods ?? '')
      .split(', ')
      .filter((method) => method !== '' && method !== 'HEAD' && method !== 'OPTIONS');
    return NOT_OURS.test(path) ? [] : asked.map((method) => `${method} ${path}`);
  });
}

let service: Service;
let document: ApiDocument;
let check: (schema: Schema, value: unknown) => string[];
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

beforeAll(async () => {
  service = await startService({ SIMULATED_WEBHOOK_SECRETS: SIMULATED_SECRET });
  const served = (await service.call('GET', '/docs/json')).body as unknown as ApiDocument;
  const more = Object.entries(OF_PAGES).map(([path, methods]) => [
    path,
    Object.fromEntries(methods.map((method) => [method, ofPages(path)])),
  ]);
  document = { ...served, paths: { ...served.paths, ...Object.fromEntries(more) } };
  check = schemaChecker(document);
});
afterAll(() => agent.destroy());

function send({ method, path, headers, body }: ApiRequest): Promise<Reply> {
  const { hostname, port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ agent, hostname, port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      const contentType = (response.headers['content-type'] ?? '').split(';')[0]!;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        // A stream has no end: its beginning is its answer.
        if (contentType === 'text/event-stream') response.destroy();
      });
      response.on('close', () =>
        resolve({
          status: response.statusCode!,
          contentType,
          retryAfter: response.headers['retry-after'],
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** What the answer has against the document; nothing is what should be. */
function faultsOf({ template, operation, path }: ApiRequest, reply: Reply): string[] {
  const { status, contentType, text } = reply;
  const problem = contentType === 'application/problem+json' ? (JSON.parse(text) as { code: string }) : undefined;
  if (status >= 500 && !(status === 503 && reply.retryAfter !== undefined)) return [`${status}: ${text}`];
  if (INTERNALS.test(text)) return [`shows its insides: ${text}`];
  if (operation.operationId === '') return [];
  // A parameter that is empty or a slash makes it another path, or none.
  if (problem?.code === 'ROUTE_NOT_FOUND') return template.includes('{') ? [] : [`no route for ${path}`];
  const documented = operation.responses[String(status)];
  // What is no HTTP or no URL is refused before any operation.
  if (documented === undefined)
    return problem?.code === 'VALIDATION_FAILED' ? [] : [`status ${status} is not documented: ${text}`];
  if (text === '') return documented.content === undefined ? [] : ['has no body'];
  const media = documented.content?.[contentType];
  if (media === undefined) return [`${contentType} is not documented for ${status}`];
  if (problem !== undefined && !codesOf(documented).includes(problem.code))
    return [`${problem.code} is not documented for ${status}`];
  return check(media.schema, contentType.includes('json') ? JSON.parse(text) : text).map(
    (fault) => `${status}: ${fault} in ${text}`,
  );
}

it('asks each route that the service has', () => {
  const asked = operationsOf(document).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(asked.length).toBeGreaterThan(50);
  expect(asked.toSorted()).toEqual(routesOf(service).toSorted());
});

describe(`${REQUESTS} requests made from the OpenAPI document`, () => {
  it('get answers that the document describes, and never a fault of ours', async () => {
    const log = new LogCapture(service.config);
    const products = await Promise.all(
      [1, 5, 1000, 100_000].map((stock_total) => createProduct(service, { stock_total })),
    );
    const product_id = products[3]!.id;
    const holds = await Promise.all(Array.from({ length: 20 }, () => createHold(service, { product_id })));
    const orders = await Promise.all(Array.from({ length: 20 }, () => createOrder(service, { product_id })));
    const paid = await Promise.all(Array.from({ length: 5 }, () => createPaidOrder(service, { product_id })));
    const known = {
      product_id: products.map(({ id }) => id),
      hold_id: [...holds, ...orders, ...paid].map(({ hold_id }) => hold_id),
      order_id: [...orders, ...paid].map(({ order_id }) => order_id),
    };
    const statuses: Record<string, number> = {};
    const burst = fc.array(apiRequests(document, known, service.config.adminToken), {
      minLength: AT_ONCE,
      maxLength: AT_ONCE,
    });
    const promise = fc.asyncProperty(burst, async (requests) => {
      const replies = await Promise.all(requests.map(send));
      const faults = replies.flatMap((reply, index) =>
        faultsOf(requests[index]!, reply).map((fault) => ({ ...requests[index]!, operation: undefined, fault })),
      );
      for (const { status } of replies) statuses[status] = (statuses[status] ?? 0) + 1;
      expect(faults).toEqual([]);
    });
    await fc.assert(promise, {
      numRuns: Math.ceil(REQUESTS / AT_ONCE),
      endOnFailure: true,
      ...(SEED !== undefined && { seed: SEED }),
    });

    // The run is worth something only if it reaches all kinds of answers.
    const rare = ['200', '201', '204', '400', '401', '404', '409', '415'].filter(
      (status) => (statuses[status] ?? 0) < 3,
    );
    expect(rare).toEqual([]);
    expect(log.text).not.toMatch(LOG_SECRETS);
    expect(log.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    const proofs = await service.app.get(StockAuditService).auditStock();
    expect(proofs.filter((proof) => driftOf(proof) > 0)).toEqual([]);
    if (process.env.FUZZ_REQUESTS !== undefined)
      process.stderr.write(`Answers by status: ${JSON.stringify(statuses)}\n`);
  }, 600_000);
});

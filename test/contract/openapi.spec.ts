import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { problemDocument, type ProblemCode, PROBLEMS } from '../../src/common/problem.js';
import {
  type ApiDocument,
  codesOf,
  examplesOf,
  operationsOf,
  resolved,
  schemaChecker,
  schemasIn,
} from '../support/openapi.js';
import { type Service, startService } from '../support/service.js';

const WRITTEN = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');

let service: Service;
/** The document as it is sent. */
let sent: string;
let document: ApiDocument;
beforeAll(async () => {
  service = await startService();
  sent = (await service.call('GET', '/docs/json')).text;
  document = JSON.parse(sent) as ApiDocument;
});

const bytesOf = (part: unknown): number => Buffer.byteLength(JSON.stringify(part));

describe('the OpenAPI document', () => {
  it('in docs/openapi.json is the one that the service gives; `npm run openapi` writes it', () => {
    expect(JSON.parse(WRITTEN)).toEqual(document);
  });

  it('is small enough to be read by people and machines: under 120 KB as it is sent', () => {
    expect(Buffer.byteLength(sent)).toBeLessThan(120_000);
  });

  it('grows by less than 1.5 KB with the usual call, and with what it alone takes and answers', () => {
    const calls = Object.values(document.paths).flatMap((operations) => Object.values(operations));
    const schemas = calls.map((call) => [...schemasIn(document, call)]);
    const isOwn = (name: string) => schemas.filter((names) => names.includes(name)).length === 1;
    const bytes = calls.map((call, index) => {
      const own = schemas[index]!.filter(isOwn).map((name) => document.components.schemas[name]);
      return [call, ...own].map(bytesOf).reduce((sum, each) => sum + each);
    });
    const [usual] = bytes.sort((a, b) => a - b).slice(bytes.length / 2);
    expect(usual).toBeLessThan(1500);
  });

  it('says nothing twice that several calls answer or take', () => {
    const written = Object.values(document.paths)
      .flatMap((operations) => Object.values(operations))
      .flatMap(({ parameters = [], responses }) => {
        const headers = Object.values(responses).flatMap((answer) => Object.values(answer.headers ?? {}));
        return [...parameters, ...Object.values(responses), ...headers].map((part) => JSON.stringify(part));
      })
      .filter((part) => !part.startsWith('{"$ref"'));
    expect(written.filter((part, index) => written.indexOf(part) !== index)).toEqual([]);
  });

  it('names every operation once, in words, with a tag that is described', () => {
    const operations = operationsOf(document);
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(['createHold', 'getHold', 'giveBackHold', 'createOrder', 'getProduct']));
    expect(ids.filter((id) => !/^[a-z]+([A-Z][a-z]+)+$/.test(id) || /^(post|patch|put|delete)[A-Z]/.test(id))).toEqual(
      [],
    );
    const tags = document.tags.map(({ name }) => name);
    for (const { operation } of operations) {
      expect(operation.summary).toMatch(/\w/);
      expect(tags).toEqual(expect.arrayContaining(operation.tags));
    }
  });

  it('has every call of the contract', () => {
    expect(operationsOf(document).map(({ method, path }) => `${method} ${path}`)).toEqual(
      expect.arrayContaining([
        'get /api/products',
        'get /api/products/{id}',
        'post /api/holds',
        'get /api/holds/{hold_id}',
        'delete /api/holds/{hold_id}',
        'post /api/orders',
        'post /api/payments/webhook',
        'post /api/admin/products',
        'patch /api/admin/products/{id}',
        'get /health/live',
        'get /health/ready',
        'get /health/startup',
        'get /metrics',
      ]),
    );
  });

  it('names every error code but the one for our own faults, the console’s, and those of requests that reach no route', () => {
    const answers = operationsOf(document).flatMap(({ operation }) => Object.values(operation.responses));
    const named = new Set(answers.flatMap(codesOf));
    expect(
      Object.keys(PROBLEMS)
        .filter((code) => !named.has(code))
        .sort(),
    ).toEqual([
      'CROSS_SITE_REQUEST',
      'EXPECTATION_FAILED',
      'HEADERS_TOO_LARGE',
      'INTERNAL_ERROR',
      'METHOD_NOT_ALLOWED',
      'REQUEST_TIMEOUT',
      'ROUTE_NOT_FOUND',
      'URI_TOO_LONG',
    ]);
  });

  it('has an example for each body and each JSON answer, true to its schema', () => {
    const check = schemaChecker(document);
    const checkMedia = (where: string, [type, media]: [string, ApiDocument['media']]) => {
      if (!type.includes('json')) return;
      const examples = examplesOf(document, media);
      expect(examples).not.toEqual([]);
      for (const example of examples)
        expect({ where, errors: check(media.schema, example) }).toEqual({ where, errors: [] });
    };
    for (const { method, path, operation } of operationsOf(document)) {
      for (const media of Object.entries(operation.requestBody?.content ?? {}))
        checkMedia(`${method} ${path} body`, media);
      for (const [status, answer] of Object.entries(operation.responses)) {
        for (const media of Object.entries(answer.content ?? {})) checkMedia(`${method} ${path} ${status}`, media);
      }
    }
  });

  it('tells of Retry-After and RateLimit headers where they come', () => {
    const { operation: hold } = operationsOf(document).find(({ operation }) => operation.operationId === 'createHold')!;
    expect(Object.keys(hold.responses['429']!.headers!)).toEqual(
      expect.arrayContaining(['Retry-After', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset']),
    );
    expect(Object.keys(hold.responses['201']!.headers!)).toEqual(
      expect.arrayContaining(['Location', 'ratelimit-remaining']),
    );
  });

  it('says each form of a text in words, too: that is what a refusal tells', () => {
    const inputs = operationsOf(document).flatMap(({ operation }) => [
      ...(operation.parameters ?? []).map(({ schema }) => schema),
      ...Object.values(operation.requestBody?.content ?? {}).map(({ schema }) => resolved(document, schema)),
    ]);
    const patterns = JSON.stringify(inputs).match(/"pattern":/g)!.length;
    expect(JSON.stringify(inputs).match(/"x-rule":"must be [^^$\\]+"/g)).toHaveLength(patterns);
  });

  it('describes a problem once, and refers to it wherever an answer is one', () => {
    const schemas = operationsOf(document).flatMap(({ operation }) =>
      Object.values(operation.responses).flatMap(({ content }) => content?.['application/problem+json']?.schema ?? []),
    );
    expect(schemas.length).toBeGreaterThan(50);
    for (const schema of schemas) expect(schema).toEqual({ $ref: '#/components/schemas/Problem' });
  });

  it('says of each operation who may call it: anyone, a buyer with a token or without and his shop, or an operator with which scope', () => {
    for (const { path, operation } of operationsOf(document)) {
      const ofOperators = [{ adminToken: [] }, { apiKey: [] }];
      const ofBuyers = /^\/api\/(holds|orders)/.test(path) ? [{}, { buyerToken: [] }, ...ofOperators] : [];
      const security = path.startsWith('/api/admin') ? ofOperators : ofBuyers;
      expect({ path, security: operation.security }).toEqual({ path, security });
    }
    const scopesOf = (path: string, method: string) => document.paths[path]![method]!['x-scopes'];
    expect(scopesOf('/api/products', 'get')).toBeUndefined();
    expect(scopesOf('/api/orders', 'post')).toEqual(['orders', 'sell']);
    expect(scopesOf('/api/holds/{hold_id}', 'get')).toEqual(['read', 'orders', 'sell']);
    expect(scopesOf('/api/admin/refunds', 'get')).toEqual(['read', 'refunds']);
    expect(scopesOf('/api/admin/refunds/{id}/send', 'post')).toEqual(['refunds']);
    expect(scopesOf('/api/admin/keys', 'get')).toEqual(['keys']);
  });

  it('says how a shop names the customer for whom it calls, with each call of buyers and no other', () => {
    for (const { path, operation } of operationsOf(document)) {
      const headers = (operation.parameters ?? []).map(({ name }) => name);
      const named = ['on-behalf-of', 'buyer-limit-key', 'buyer-groups'].filter((name) => headers.includes(name));
      expect({ path, named: named.length }).toEqual({ path, named: /^\/api\/(holds|orders)/.test(path) ? 3 : 0 });
    }
    expect(sent).not.toContain('x-limited');
  });

  it('describes the body of every call that takes one', () => {
    const body = (path: string) => document.paths[path]!.post!.requestBody?.content['application/json']?.schema;
    expect(body('/api/payments/webhook')).toEqual({ $ref: '#/components/schemas/PaymentNotice' });
    // Without a type: whatever a provider sends is taken.
    expect(body('/api/payments/webhook/{provider}')).toMatchObject({ description: expect.stringMatching(/provider/) });
    expect(body('/api/payments/webhook/{provider}')).not.toHaveProperty('type');
  });

  it('has numbers of rows as integers of 64 bits everywhere, and the size of a page as an integer', () => {
    const parameters = operationsOf(document).flatMap(({ operation }) => operation.parameters ?? []);
    const typesOf = (name: string) =>
      parameters.flatMap((parameter) => (parameter.name === name ? [parameter.schema] : []));
    expect(typesOf('id').length).toBeGreaterThan(5);
    for (const schema of typesOf('id')) expect(schema).toMatchObject({ type: 'integer', format: 'int64', minimum: 1 });
    // A reader of events catches up in larger steps.
    const sizes = typesOf('limit').map(({ maximum }) => maximum);
    expect(sizes).toEqual(expect.arrayContaining([100]));
    for (const schema of typesOf('limit')) expect(schema).toMatchObject({ type: 'integer', minimum: 1 });
    expect(sizes.filter((maximum) => maximum !== 100)).toEqual([1000]);
    const { CreateHold, OrderCore, Product } = document.components.schemas as Record<string, { properties: object }>;
    expect(CreateHold!.properties).toMatchObject({ product_id: { type: 'integer', format: 'int64' } });
    expect(JSON.stringify(OrderCore)).toContain('"order_id":{"type":"integer","format":"int64"}');
    expect(Product!.properties).toMatchObject({ id: { type: 'integer', format: 'int64' } });
  });

  it('lets no generated client take a hold without a quantity for a right one', () => {
    const { CreateHold } = document.components.schemas;
    expect(CreateHold).toMatchObject({ required: ['quantity'] });
    expect(JSON.stringify(CreateHold)).not.toMatch(/anyOf|oneOf|allOf/);
  });

  it('fills in no Idempotency-Key for who tries a call: all readers would get the one hold', () => {
    const keys = operationsOf(document)
      .flatMap(({ operation }) => operation.parameters ?? [])
      .filter(({ name }) => name === 'idempotency-key');
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys) expect(JSON.stringify(key)).not.toMatch(/"(example|examples|default)":/);
  });

  it('is sent once to each reader, who then asks by its tag', async () => {
    const first = await service.call('GET', '/docs/json');
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const known of [etag, `W/${etag}`, `"another", ${etag}`, '*']) {
      const again = await service.call('GET', '/docs/json', undefined, { 'if-none-match': known });
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    const other = await service.call('GET', '/docs/json', undefined, { 'if-none-match': '"another"' });
    expect([other.status, other.text]).toEqual([200, first.text]);
    expect((await fetch(`${service.url}/docs/json`, { method: 'HEAD' })).headers.get('etag')).toBe(etag);
  });

  it('is shown at /docs with nothing from elsewhere', async () => {
    const page = await service.call('GET', '/docs');
    expect(page.status).toBe(200);
    expect(page.text).toContain('swagger-ui');
    expect([...page.text.matchAll(/(?:src|href)="(?:https?:)?\/\//g)]).toEqual([]);
  });
});

describe('the page of an error', () => {
  it.each(Object.entries(PROBLEMS))('%s is where its answers say, with cause and remedy', async (code, problem) => {
    const page = await service.call('GET', String(problemDocument(code as ProblemCode, '').type));
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    for (const text of [code, String(problem.status), problem.title, problem.cause, problem.remedy]) {
      expect(page.text.replaceAll(/<\/?code>/g, '`')).toContain(text.replaceAll('<', '&lt;'));
    }
    expect((await service.call('GET', '/docs/errors')).text).toContain(`/docs/errors/${code}"`);
  });

  it('is not there for another code', async () => {
    const { status, body } = await service.call('GET', '/docs/errors/NOTHING');
    expect([status, body.code]).toEqual([404, 'ROUTE_NOT_FOUND']);
  });
});

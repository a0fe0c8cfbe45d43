import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { problemDocument, type ProblemCode, PROBLEMS } from '../../src/common/problem.js';
import { type ApiDocument, operationsOf, type Schema, schemaChecker } from '../support/openapi.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
let document: ApiDocument;
beforeAll(async () => {
  service = await startService();
  document = (await service.call('GET', '/docs/json')).body as unknown as ApiDocument;
});

/** A schema, and not where it is to be found. */
function resolved(schema: Schema): Schema {
  const name = /^#\/components\/schemas\/(.+)$/.exec(String(schema.$ref))?.[1];
  return name === undefined ? schema : document.components.schemas[name]!;
}

describe('the OpenAPI document', () => {
  it('in docs/openapi.json is the one that the service gives; `npm run openapi` writes it', () => {
    const written = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
    expect(JSON.parse(written)).toEqual(document);
  });

  it('names every operation once, with a tag that is described', () => {
    const operations = operationsOf(document);
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
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

  it('names every error code but the one for our own faults and those of requests that reach no route', () => {
    const text = JSON.stringify(document.paths);
    const missing = (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) => !text.includes(`"${code}"`));
    expect(missing.sort()).toEqual([
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
      const examples =
        media.examples === undefined ? [media.example] : Object.values(media.examples).map(({ value }) => value);
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
    const hold = document.paths['/api/holds']!.post!;
    expect(Object.keys(hold.responses['429']!.headers!)).toEqual(
      expect.arrayContaining([
        'Retry-After',
        'ratelimit-limit',
        'ratelimit-remaining',
        'ratelimit-reset',
        'x-request-id',
      ]),
    );
    expect(Object.keys(hold.responses['201']!.headers!)).toEqual(
      expect.arrayContaining(['Location', 'ratelimit-remaining']),
    );
  });

  it('says each form of a text in words, too: that is what a refusal tells', () => {
    const inputs = operationsOf(document).flatMap(({ operation }) => [
      ...(operation.parameters ?? []).filter(({ name }) => name !== 'x-request-id').map(({ schema }) => schema),
      ...Object.values(operation.requestBody?.content ?? {}).map(({ schema }) => resolved(schema)),
    ]);
    const patterns = JSON.stringify(inputs).match(/"pattern":/g)!.length;
    expect(JSON.stringify(inputs).match(/"x-rule":"must be [^^$\\]+"/g)).toHaveLength(patterns);
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

import { beforeAll, describe, expect, it } from '@jest/globals';
import { SCOPES } from '../../src/http/route-rules.js';
import { expectProblem } from '../support/expectations.js';
import { type ApiKey, createKey, keyHeaders } from '../support/factories.js';
import { type ApiDocument, operationsOf } from '../support/openapi.js';
import { type Answer, type Service, startService } from '../support/service.js';

/** Every call of operators with a key of every scope: only the right ones open. */

/** What the calls are about, by the first part of their path below /api/admin. */
const ABOUT: Readonly<Record<string, string>> = {
  products: 'products',
  sales: 'sales',
  orders: 'orders',
  holds: 'orders',
  customers: 'customers',
  refunds: 'refunds',
  // Notices of payments.
  webhooks: 'refunds',
  events: 'events',
  'webhook-endpoints': 'webhooks',
  keys: 'keys',
  audit: 'audit',
};

const NOT_FOR_READERS = ['keys', 'audit'];

let service: Service;
let document: ApiDocument;
const keys: Record<string, ApiKey> = {};

beforeAll(async () => {
  service = await startService();
  document = (await service.call('GET', '/docs/json')).body as unknown as ApiDocument;
  for (const scope of SCOPES) keys[scope] = await createKey(service, [scope]);
});

/** One that changes nothing, whoever makes it. */
function call(method: string, path: string, headers: Record<string, string>): Promise<Answer> {
  const filled = path.replaceAll(/\{\w+\}/g, 'no-such-thing');
  return service.call(method.toUpperCase(), filled, method === 'get' ? undefined : '{', headers);
}

function opens(method: string, path: string): string[] {
  const about = ABOUT[path.split('/')[3]!]!;
  const reads = method === 'get' && !NOT_FOR_READERS.includes(about);
  return SCOPES.filter((scope) => scope === about || (reads && scope === 'read'));
}

describe('a key', () => {
  it('opens the calls of its scope, and no others; the document says which', async () => {
    const calls = operationsOf(document).filter(({ path }) => path.startsWith('/api/admin'));
    expect(calls.length).toBeGreaterThan(10);
    for (const { method, path, operation } of calls) {
      const open: string[] = [];
      for (const scope of SCOPES) {
        const answer = await call(method, path, keyHeaders(keys[scope]!));
        if (answer.status !== 403) {
          expect(answer.status).not.toBe(401);
          open.push(scope);
          continue;
        }
        expectProblem(answer, 'SCOPE_MISSING');
        expect(answer.body.scope).toBe(ABOUT[path.split('/')[3]!]);
      }
      const right = opens(method, path);
      expect({ method, path, open }).toEqual({ method, path, open: right });
      const { 'x-scopes': documented = [] } = operation;
      expect({ method, path, open: [...documented].sort() }).toEqual({ method, path, open: [...right].sort() });
    }
  });

  it('with all scopes opens every call, and so does the admin token', async () => {
    const headers = [
      keyHeaders(await createKey(service, SCOPES)),
      { authorization: `Bearer ${service.config.adminToken}` },
    ];
    for (const { method, path } of operationsOf(document)) {
      if (!path.startsWith('/api/admin')) continue;
      for (const one of headers) expect([401, 403]).not.toContain((await call(method, path, one)).status);
    }
  });

  it('is asked for its scope before a byte of the body is looked at, and is not limited for it', async () => {
    const answers = [];
    for (let time = 0; time < 40; time++)
      answers.push(await service.call('POST', '/api/admin/products', '{', keyHeaders(keys.sell!)));
    for (const answer of answers) expectProblem(answer, 'SCOPE_MISSING');
  });
});

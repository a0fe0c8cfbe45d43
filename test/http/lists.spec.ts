import { beforeAll, describe, expect, it } from '@jest/globals';
import { execute, query } from '../support/database.js';
import { expectProblem } from '../support/expectations.js';
import { adminHeaders, createEndpoint, createProduct, createSale, taken, unique } from '../support/factories.js';
import { type ApiDocument, type Operation, operationsOf } from '../support/openapi.js';
import { createRefund } from '../support/payments.js';
import { type Service, startService } from '../support/service.js';

/** What every list does, of buyers and of operators. */
const PUBLIC = ['/api/products', '/api/sales'];
/** Lists of operators, and the table whose rows they show. */
const TABLES: Readonly<Record<string, string>> = {
  '/api/admin/refunds': 'refunds',
  '/api/admin/webhooks': 'webhook_logs',
  '/api/admin/sales': 'sales',
  '/api/admin/orders': 'orders',
  '/api/admin/keys': 'api_keys',
  '/api/admin/audit': 'audit_log',
  '/api/admin/webhook-endpoints': 'webhook_endpoints',
};
const ADMIN = Object.keys(TABLES);

interface List {
  readonly items: { readonly id?: number; readonly order_id?: number }[];
  readonly next_cursor: string | null;
}

let service: Service;
beforeAll(async () => {
  service = await startService();
  for (let n = 0; n < 4; n++) {
    await createProduct(service);
    await createRefund(service);
    await createSale(service);
    const key = { name: unique('key'), scopes: ['read'] };
    taken(await service.call('POST', '/api/admin/keys', key, adminHeaders(service)), 201);
    await createEndpoint(service);
  }
});

/** An order names its number as buyers know it, and so do its refunds, which have one of their own. */
const numberOf = ({ id, order_id }: List['items'][number]): number => (id ?? order_id)!;

const get = (path: string) => service.call('GET', path, undefined, adminHeaders(service));
const list = async (path: string) => taken<List>(await get(path), 200);
const idsOf = async (path: string) => (await list(path)).items.map(numberOf);

describe('the lists of the document', () => {
  it('are those that are tried here, and take the same query', async () => {
    const document = (await service.call('GET', '/docs/json')).body as unknown as ApiDocument;
    const pages = operationsOf(document).filter(({ operation }) =>
      /Page"/.test(JSON.stringify(operation.responses['200'])),
    );
    // A list of what belongs to one thing is tried with that.
    const whole = pages.filter(({ path }) => !path.includes('{'));
    expect(whole.map(({ path }) => path).sort()).toEqual([...PUBLIC, ...ADMIN].sort());
    const queryOf = ({ parameters = [] }: Operation) =>
      parameters.flatMap((each) => (each.in === 'query' ? each.name : []));
    for (const { path, operation } of pages) {
      const ofTime = ADMIN.includes(path) ? ['from', 'to'] : [];
      expect(queryOf(operation)).toEqual(expect.arrayContaining(['limit', 'cursor', 'order', ...ofTime]));
    }
  });
});

describe.each([...PUBLIC, ...ADMIN])('%s', (path) => {
  it('is in the order of the numbers, and the other way about when it is asked for', async () => {
    const ids = await idsOf(`${path}?limit=100`);
    expect(ids.length).toBeGreaterThan(3);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(await idsOf(`${path}?limit=100&order=asc`)).toEqual(ids);
    expect(await idsOf(`${path}?limit=100&order=desc`)).toEqual([...ids].reverse());
  });

  it('goes on where the page before ended, in either order', async () => {
    for (const order of ['asc', 'desc']) {
      const first = await list(`${path}?limit=2&order=${order}`);
      const second = await list(`${path}?limit=2&order=${order}&cursor=${first.next_cursor}`);
      expect([...first.items, ...second.items].map(numberOf)).toEqual(await idsOf(`${path}?limit=4&order=${order}`));
    }
    const [last] = await idsOf(`${path}?limit=1`);
    expect(await list(`${path}?order=desc&cursor=${last}`)).toEqual({ items: [], next_cursor: null });
  });

  it.each(['order=up', 'order=', 'page=2', 'offset=3', 'limit=5&sort=id'])('refuses ?%s', async (search) => {
    expectProblem(await get(`${path}?${search}`), 'VALIDATION_FAILED');
  });
});

describe.each(ADMIN)('%s', (path) => {
  const table = TABLES[path]!;

  it('shows what came from a time on, and what came before one: half-open', async () => {
    const rows = await query<{ id: number }>(`SELECT id FROM ${table} ORDER BY id DESC LIMIT 3`);
    const [third, second, first] = rows.map(({ id }) => id);
    for (const [id, time] of [
      [first, '10:00:00.000'],
      [second, '10:00:01.000'],
      [third, '10:00:02.000'],
    ] as const)
      await execute(`UPDATE ${table} SET created_at = '2030-01-01 ${time}' WHERE id = ?`, [id]);
    expect(await idsOf(`${path}?from=2030-01-01T10:00:00Z&to=2030-01-01T10:00:02Z`)).toEqual([first, second]);
    expect(await idsOf(`${path}?from=2030-01-01T10:00:01Z`)).toEqual([second, third]);
    expect(await idsOf(`${path}?from=2030-01-01T11:00:01%2B01:00&order=desc`)).toEqual([third, second]);
    expect(await idsOf(`${path}?from=2030-01-01T10:00:00.001Z&to=2030-01-01T10:00:01Z`)).toEqual([]);
    expect(await idsOf(`${path}?limit=100&to=2030-01-01T10:00:00Z`)).not.toContain(first);
    expect(await idsOf(`${path}?from=2030-01-01T10:00:00Z&limit=1&order=desc&cursor=${third}`)).toEqual([second]);
    await execute(`UPDATE ${table} SET created_at = NOW(3) WHERE created_at > '2029-01-01'`);
  });

  it('takes any time that there is', async () => {
    const all = await idsOf(`${path}?limit=100`);
    expect(await idsOf(`${path}?limit=100&from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z`)).toEqual(all);
    expect(await idsOf(`${path}?from=9999-12-31T23:59:59Z`)).toEqual([]);
  });

  it.each([
    'from=2026-11-27T10:00:00',
    'to=2026-11-27',
    'from=yesterday',
    'from=',
    'to=2026-02-30T10:00:00Z',
    'from=2026-11-27T10:00:00+01:00',
    'to=2026-12-31T23:59:60Z',
    'from=1764237600',
  ])('refuses ?%s, and says what a time looks like', async (search) => {
    const answer = await get(`${path}?${search}`);
    expectProblem(answer, 'VALIDATION_FAILED');
    const [field] = search.split('=');
    expect(answer.body.errors).toEqual([
      {
        field,
        message: expect.stringContaining(
          'a time with its offset from UTC, to the millisecond, such as 2026-11-27T12:00:00.000Z',
        ),
      },
    ]);
  });
});

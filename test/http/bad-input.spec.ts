import { request as httpRequest } from 'node:http';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { expectRefusal } from '../support/expectations.js';
import { adminHeaders, createHold, createProduct, inSeconds, UNKNOWN_HOLD_ID } from '../support/factories.js';
import { type Answer, type Service, startService } from '../support/service.js';

/** Whatever a client sends, it gets the contract's refusal, never a 500, and nothing of it is written. */
let service: Service;
let productId: number;
let holdId: string;

beforeAll(async () => {
  service = await startService();
  productId = (await createProduct(service, { stock_total: 1000 })).id;
  holdId = (await createHold(service, { product_id: productId })).hold_id;
});

const admin = () => adminHeaders(service);

/** The calls that take a body, each with a body that would be taken. */
const CALLS: Record<
  string,
  { method: string; path: () => string; body: () => Record<string, unknown>; bytesMax: number }
> = {
  'POST /api/holds': {
    method: 'POST',
    path: () => '/api/holds',
    body: () => ({ product_id: productId, quantity: 1 }),
    bytesMax: 4096,
  },
  'POST /api/orders': { method: 'POST', path: () => '/api/orders', body: () => ({ hold_id: holdId }), bytesMax: 8192 },
  'POST /api/payments/webhook': {
    method: 'POST',
    path: () => '/api/payments/webhook',
    body: () => ({
      order_id: 1,
      status: 'success',
      transaction_id: 'txn',
      idempotency_key: 'key',
      amount: '1.00',
      currency: 'EUR',
    }),
    bytesMax: 262_144,
  },
  'POST /api/admin/products': {
    method: 'POST',
    path: () => '/api/admin/products',
    body: () => ({ name: 'Sneaker', price: '99.99', stock_total: 10 }),
    bytesMax: 65_536,
  },
  'POST /api/admin/holds': {
    method: 'POST',
    path: () => '/api/admin/holds',
    body: () => ({ product_id: productId, quantity: 1, expires_at: inSeconds(600) }),
    bytesMax: 65_536,
  },
  'PATCH /api/admin/products/{id}': {
    method: 'PATCH',
    path: () => `/api/admin/products/${productId}`,
    body: () => ({ name: 'Sneaker', price: '99.99', stock_total: 2000 }),
    bytesMax: 65_536,
  },
};
const callNames = Object.keys(CALLS);

function send(name: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const { method, path } = CALLS[name]!;
  return service.call(method, path(), body, { ...admin(), ...headers });
}

/** For each field, values of which none is right. */
const WRONG_VALUES: Record<string, Record<string, unknown[]>> = {
  'POST /api/holds': {
    product_id: [0, -1, 1.5, '1', '', null, true, [], {}, 2 ** 53, 1e300],
    sku: ['', 'two words', 1, null, true, [], {}, 'x'.repeat(65), 'ü', 'a\u0000b'],
    quantity: [0, -1, 1.5, '2', '', null, true, [], {}, 1e9, 2 ** 32, 1e300],
    qty: [0, -1, 1.5, '2', null, 1e9, 2],
  },
  'POST /api/orders': {
    hold_id: [0, 1, '', 'x', null, true, [], {}, `${UNKNOWN_HOLD_ID}0`, UNKNOWN_HOLD_ID.slice(1), "' OR 1=1 -- "],
    payment: [0, '', 'stripe', true, []],
  },
  'POST /api/payments/webhook': {
    order_id: [0, -1, 1.5, '2', '', null, true, [], {}, 2 ** 53],
    status: ['', 'paid', 'SUCCESS', 1, null, true, [], ['success']],
    transaction_id: ['', ' ', 'two words', 1, null, true, [], {}, 'x'.repeat(256), 'ü', 'a\u0000b', 'x\n'],
    idempotency_key: ['', 'two words', 1, true, 'x'.repeat(256)],
    payment_reference: ['', '1', 1, true, '2-aaaaaaaaaaaaaaaa', 'x'.repeat(101)],
  },
  'POST /api/admin/products': {
    name: ['', ' ', '\u00a0\t\n', 1, null, true, [], {}, 'x'.repeat(256), '👟'.repeat(256)],
    price: ['', '-1', '1.234', '1e3', 'free', 1, 1.5, null, true, '1000000000000.00', '100000000000.00'],
    stock_total: [-1, 1.5, '10', '', null, true, [], {}, 2 ** 32, 1e300],
    max_per_customer: [0, -1, 1.5, '2', '', true, [], {}, 2 ** 32],
  },
  'POST /api/admin/holds': {
    product_id: [0, -1, 1.5, '1', '', null, true, [], {}, 2 ** 53],
    sku: ['', 'two words', 1, null, 'x'.repeat(65)],
    quantity: [0, -1, 1.5, '2', '', null, true, [], {}, 10_001],
    customer_id: ['', ' ', 'Ann Smith', 1, true, [], {}, 'x'.repeat(129), 'ü', 'c_42\n'],
    expires_at: ['', 'tomorrow', 1, null, true, [], {}, '2027-02-30T12:00:00Z', '2027-01-01', '1970-01-01T00:00:00Z'],
  },
  'PATCH /api/admin/products/{id}': {
    name: ['', '   ', 1, null, true, 'x'.repeat(256)],
    price: ['', '-1', '1.234', 1, null, '100000000000.00'],
    stock_total: [-1, 1.5, '10', null, true, 2 ** 32],
    max_per_customer: [0, -1, '2', true, 2 ** 32],
  },
};

const wrongFields = Object.entries(WRONG_VALUES).flatMap(([name, fields]) =>
  Object.entries(fields).flatMap(([field, values]) => values.map((value) => [name, field, value] as const)),
);

describe('a wrong value', () => {
  it.each(wrongFields)('%s refuses %s = %j and names the field', async (name, field, value) => {
    const answer = await expectRefusal('VALIDATION_FAILED', () =>
      send(name, { ...CALLS[name]!.body(), [field]: value }),
    );
    const errors = answer.body.errors as { field: string; message: string }[];
    const named = errors.map((error) => error.field);
    // `qty` and `quantity` are one field with two names.
    expect(field === 'qty' ? named.concat('qty') : named).toContain(field);
    for (const { message } of errors) expect(message).toMatch(/^(must|is|does) [^^$\\]+$/);
  });
});

describe.each(callNames)('%s', (name) => {
  const body = () => CALLS[name]!.body();
  const isPatch = name.startsWith('PATCH');
  const optional = ['idempotency_key', 'amount', 'currency'];

  it('refuses a body without each of its fields, and names the field', async () => {
    for (const field of Object.keys(body()).filter((key) => !isPatch && !optional.includes(key))) {
      const rest = Object.fromEntries(Object.entries(body()).filter(([key]) => key !== field));
      const answer = await expectRefusal('VALIDATION_FAILED', () => send(name, rest));
      expect(answer.body.errors).toContainEqual({ field, message: 'is required' });
    }
  });

  it('refuses an empty object', async () => {
    await expectRefusal('VALIDATION_FAILED', () => send(name, {}));
  });

  it.each(['unknown', 'id', 'status_code', '__proto__', 'constructor', 'Quantity'])(
    'refuses the unknown field %s',
    async (field) => {
      const text = JSON.stringify(body()).replace(/\}$/, `,${JSON.stringify(field)}:{"a":1}}`);
      await expectRefusal('VALIDATION_FAILED', () => send(name, text));
    },
  );

  it.each([
    '',
    '{',
    '{"product_id":1,',
    'null',
    '[]',
    '"text"',
    '1',
    'true',
    '{"a":NaN}',
    "{'a':1}",
    '\u0000',
    '[[[[[',
  ])('refuses the body %j', async (text) => {
    await expectRefusal('VALIDATION_FAILED', () => send(name, text));
  });

  it.each([
    ['{"product_id":1}', 'The body is not valid: quantity is required.'],
    ['{bad', 'The body is not JSON.'],
    ['', 'The body is empty; send JSON, or no Content-Type where none is needed.'],
    ['[]', 'The body is not valid: must be a JSON object.'],
  ])('says of a hold with the body %j what is wrong: %s', async (body, detail) => {
    const answer = await service.call('POST', '/api/holds', body);
    expect(answer.body).toMatchObject({ status: 400, code: 'VALIDATION_FAILED', detail });
  });

  it('refuses a body that is not there', async () => {
    await expectRefusal('VALIDATION_FAILED', () => send(name, undefined));
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/jsonp',
    'nonsense',
  ])('refuses the content type %s', async (contentType) => {
    await expectRefusal('UNSUPPORTED_MEDIA_TYPE', () =>
      send(name, JSON.stringify(body()), { 'content-type': contentType }),
    );
  });

  it('refuses a body with more bytes than it takes, however it is filled, and says how many it takes', async () => {
    const bytesMax = CALLS[name]!.bytesMax;
    await expectRefusal('PAYLOAD_TOO_LARGE', () => send(name, JSON.stringify(body()).padEnd(bytesMax + 1)));
    const answer = await expectRefusal('PAYLOAD_TOO_LARGE', () => send(name, { unknown: 'x'.repeat(bytesMax) }));
    expect(answer.body.detail).toContain(String(bytesMax));
  });

  it('names twenty of many wrong fields, and repeats little of what it was sent', async () => {
    const { bytesMax } = CALLS[name]!;
    const fieldsOf = (count: number, nameOf: (index: number) => string) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [nameOf(index), 1])));
    const many = fieldsOf(400, (index) => `u${index}`);
    const long = fieldsOf(1, () => 'x'.repeat(3900));
    const both = fieldsOf(30, (index) => `${index}`.padEnd(120, '\u0001'));
    for (const text of [many, long, both].filter((junk) => junk.length < bytesMax)) {
      const answer = await expectRefusal('VALIDATION_FAILED', () => send(name, text));
      expect((answer.body.errors as unknown[]).length).toBeLessThanOrEqual(20);
      expect(answer.text.length).toBeLessThan(20_000);
    }
    const { text, body: told } = await expectRefusal('VALIDATION_FAILED', () => send(name, many));
    expect(text.length).toBeLessThan(3000);
    expect(told.errors).toHaveLength(20);
    expect(told.detail).toMatch(/; and \d+ more\.$/);
  });

  it('refuses a body that is deeper than it is meaningful', async () => {
    await expectRefusal('VALIDATION_FAILED', () => send(name, `${'{"a":'.repeat(650)}1${'}'.repeat(650)}`));
  });
});

describe('a body of just as many bytes as its call takes', () => {
  it('is read', async () => {
    const text = JSON.stringify({ product_id: productId, quantity: 1 });
    expect((await send('POST /api/holds', text.padEnd(4096))).status).toBe(201);
    const event = JSON.stringify({ id: 'evt_large', type: 'customer.created', created: 1, data: { object: {} } });
    const answer = await service.call('POST', '/api/payments/webhook/stripe', event.padEnd(262_144));
    expect([answer.status, answer.body.result]).toEqual([200, 'ignored']);
  });
});

describe('an id in a path', () => {
  const HOLD_IDS = [
    '1',
    'x',
    UNKNOWN_HOLD_ID.slice(1),
    `${UNKNOWN_HOLD_ID}0`,
    '%00',
    "'%20OR%201=1",
    'null',
    '..%2f..',
  ];

  it.each(HOLD_IDS)('that is no hold id, such as %s, is refused by every call on holds', async (id) => {
    for (const method of ['GET', 'DELETE']) {
      await expectRefusal('VALIDATION_FAILED', () => service.call(method, `/api/holds/${id}`));
    }
  });

  it.each(['0', '-1', '1.5', 'x', '1e3', '0x1', '%00', '9'.repeat(16)])(
    'that is no product id, such as %s, is refused by every call on products',
    async (id) => {
      await expectRefusal('VALIDATION_FAILED', () => service.call('GET', `/api/products/${id}`));
      const change = { stock_total: 1 };
      await expectRefusal('VALIDATION_FAILED', () =>
        service.call('PATCH', `/api/admin/products/${id}`, change, admin()),
      );
    },
  );

  it.each(['/api/products/%', '/api/products/%zz', '/api/holds/%ff%fe'])(
    'that can not be decoded, as in %s, is refused',
    async (path) => {
      await expectRefusal('VALIDATION_FAILED', () => service.call('GET', path));
    },
  );

  it('that is longer than any id is refused', async () => {
    await expectRefusal('VALIDATION_FAILED', () => service.call('GET', `/api/holds/${'a'.repeat(2000)}`));
  });
});

describe('a route or method that is not there', () => {
  it.each([
    ['GET', '/index.html'],
    ['GET', '/assets/none.js'],
    ['GET', '/api'],
    ['GET', '/api/unknown'],
    ['GET', '/api/orders/1'],
    ['POST', '/api/unknown'],
    ['GET', '/API/PRODUCTS'],
    ['GET', '/api//products'],
    ['GET', '/.env'],
    ['GET', '/docs/../../package.json'],
  ])('%s %s answers ROUTE_NOT_FOUND', async (method, path) => {
    await expectRefusal('ROUTE_NOT_FOUND', () => service.call(method, path));
  });

  it.each([
    ['GET', '/api/orders', 'POST'],
    ['PUT', '/api/holds', 'POST'],
    ['PATCH', `/api/holds/${UNKNOWN_HOLD_ID}`, 'DELETE, GET, HEAD'],
    ['DELETE', '/api/holds/', 'POST'],
    ['DELETE', '/api/products/1?a=b', 'GET, HEAD'],
    ['POST', '/api/products', 'GET, HEAD'],
    ['GET', '/api/payments/webhook', 'POST'],
    ['OPTIONS', '/api/holds', 'POST'],
  ])('%s %s answers METHOD_NOT_ALLOWED, with those that the path takes: %s', async (method, path, allowed) => {
    const answer = await expectRefusal('METHOD_NOT_ALLOWED', () => service.call(method, path));
    expect(answer.headers.get('allow')).toBe(allowed);
  });

  it.each(['PROPFIND', 'LOCK', 'M-SEARCH'])(
    '%s, a method of other protocols, answers METHOD_NOT_ALLOWED',
    async (method) => {
      const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
        const request = httpRequest(`${service.url}/api/holds`, { method, agent: false }, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('end', () => resolve({ status: response.statusCode!, text }));
        });
        request.on('error', reject);
        request.end();
      });
      expect(answer.status).toBe(405);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'METHOD_NOT_ALLOWED', status: 405 });
    },
  );
});

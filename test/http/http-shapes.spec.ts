import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { PROBLEMS } from '../../src/common/problem.js';
import { countRows } from '../support/database.js';
import { expectRefusal } from '../support/expectations.js';
import { adminHeaders, createHold, createProduct } from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

/** Requests whose bytes are odd, whatever they ask for: none is misread, and each gets a problem document. */
let service: Service;
let productId: number;

beforeAll(async () => {
  service = await startService();
  productId = (await createProduct(service, { stock_total: 1000 })).id;
});

const create = (body: unknown) => service.call('POST', '/api/admin/products', body, adminHeaders(service));
const requestHold = (body: unknown, headers: Record<string, string>) =>
  service.call('POST', '/api/holds', body, headers);

/** Sends bytes as they are, and returns all that comes back until the service ends the connection. */
function sendBytes(bytes: string): Promise<string> {
  const { port, hostname } = new URL(service.url);
  return new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('end', () => resolve(received));
    socket.on('error', reject);
  });
}

const statusesIn = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status!);

describe('bytes that are no HTTP, or none that is clear', () => {
  it.each([
    ['a request line without sense', 'HELLO\r\n\r\n', 'VALIDATION_FAILED'],
    ['a method that nobody knows', 'BUY /api/holds HTTP/1.1\r\nHost: x\r\n\r\n', 'VALIDATION_FAILED'],
    ['a header without a name', 'GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n', 'VALIDATION_FAILED'],
    ['two hosts', 'GET /health/live HTTP/1.1\r\nHost: x\r\nhost: y\r\nConnection: close\r\n\r\n', 'VALIDATION_FAILED'],
    ['no host', 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n', 'VALIDATION_FAILED'],
    [
      'an expectation that nobody knows',
      'GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nConnection: close\r\n\r\n',
      'EXPECTATION_FAILED',
    ],
    ['a URL without an end', `GET /${'x'.repeat(70_000)}`, 'URI_TOO_LONG'],
    ['headers without an end', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(70_000)}`, 'HEADERS_TOO_LARGE'],
  ] as const)('%s get a problem document before the connection is closed', async (_, bytes, code) => {
    const text = await sendBytes(bytes);
    const [head, body] = text.split('\r\n\r\n') as [string, string];
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${PROBLEMS[code].status} `));
    expect(head).toMatch(/content-type: application\/problem\+json/i);
    expect(JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1))).toMatchObject({
      code,
      status: PROBLEMS[code].status,
    });
  });

  it('after good requests are refused once those are answered, in their order', async () => {
    const body = JSON.stringify({ product_id: productId, quantity: 1 });
    const hold = [
      'POST /api/holds HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
    const text = await sendBytes(`${hold}${hold}GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nHELLO\r\n\r\n`);
    expect(statusesIn(text)).toEqual(['201', '201', '200', '400']);
  });

  it('in the body of a request refuse that request', async () => {
    const head = 'POST /api/holds HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const text = await sendBytes(`${head}Transfer-Encoding: chunked\r\n\r\nnonsense\r\n`);
    expect(statusesIn(text)).toEqual(['400']);
    expect(JSON.parse(text.split('\r\n\r\n')[1]!)).toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});

describe('text that is no Unicode', () => {
  const named = (name: string) => `{"name":"${name}","price":"1.00","stock_total":1}`;
  const post = (body: NonNullable<RequestInit['body']>) =>
    fetch(`${service.url}/api/admin/products`, {
      method: 'POST',
      headers: { ...adminHeaders(service), 'content-type': 'application/json' },
      body,
      duplex: 'half',
    });

  it.each(['\\ud800', 'a\\udc00', '\\udc00\\ud800', '\\uDBFF!'])(
    'such as "%s" is refused, not changed',
    async (name) => {
      await expectRefusal('VALIDATION_FAILED', () => create(named(name)));
      await expectRefusal('VALIDATION_FAILED', () => create(named('x').replace('price', `p${name}`)));
    },
  );

  it.each(['\xff', '\xc3', '\xf0\x9f\x92', '\xed\xa0\x80'])(
    'or no UTF-8, such as %j, is refused, not changed',
    async (bytes) => {
      const body = Buffer.from(named(bytes), 'latin1');
      const before = await countRows();
      const whole = await post(body);
      const chunked = await post(new Blob([body]).stream());
      expect([whole.status, chunked.status]).toEqual([400, 400]);
      expect(await countRows()).toEqual(before);
    },
  );

  it.each(['💥', '\\ud83d\\udca5', 'שלום', '\\u0000', '\u202e', 'é', ' x '])(
    'is not %j, which comes back as it is',
    async (name) => {
      const { status, body } = await create(named(name));
      expect([status, body.name]).toEqual([201, JSON.parse(`"${name}"`)]);
      expect((await service.call('GET', `/api/products/${String(body.id)}`)).body.name).toBe(body.name);
    },
  );
});

describe('a name that an answer repeats', () => {
  /** As the answer names the field that is in none of its schema. */
  const unknownField = async (path: string, body: object, name: string): Promise<string> => {
    const { text } = await service.call('POST', path, JSON.stringify(body).replace('}', `,"${name}":1}`));
    return (JSON.parse(text) as { errors: [{ field: string }] }).errors[0].field;
  };

  it('is cut short between its characters', async () => {
    const hold = { product_id: productId, quantity: 1 };
    expect(await unknownField('/api/holds', hold, `x${'💥'.repeat(100)}`)).toBe(`x${'💥'.repeat(63)}…`);
  });

  it('is Unicode where a notice has some that is not', async () => {
    const notice = { order_id: 1, status: 'success', transaction_id: 'txn' };
    expect(await unknownField('/api/payments/webhook', notice, 'a\\ud83d')).toBe('a\ufffd');
  });
});

describe('a body in another encoding', () => {
  const hold = () => ({ product_id: productId, quantity: 1 });

  it.each(['utf-16', 'iso-8859-1', '"us-ascii"', 'x'])('of charset %s is refused', async (charset) => {
    const headers = { 'content-type': `application/json; charset=${charset}` };
    await expectRefusal('UNSUPPORTED_MEDIA_TYPE', () => requestHold(hold(), headers));
  });

  it.each(['gzip', 'br', 'x, identity'])('packed as %s is refused', async (encoding) => {
    await expectRefusal('UNSUPPORTED_MEDIA_TYPE', () => requestHold(hold(), { 'content-encoding': encoding }));
  });

  it.each<Record<string, string>>([
    { 'content-type': 'application/json; charset=utf-8' },
    { 'content-type': 'application/json;charset="UTF-8"' },
    { 'content-type': 'Application/JSON; charset=utf8' },
    { 'content-encoding': 'identity' },
  ])('is not what %j says', async (headers) => {
    expect((await requestHold(hold(), headers)).status).toBe(201);
  });
});

describe('a call that takes no body', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ['the type of JSON', { 'content-type': 'application/json' }, undefined],
    ['another type', { 'content-type': 'text/plain' }, undefined],
    ['an empty body', { 'content-type': 'application/json' }, ''],
    ['a body all the same', { 'content-type': 'application/json' }, '{'],
    ['a body of another type', { 'content-type': 'text/plain' }, 'x'],
  ])('is carried out with %s', async (_case, headers, body) => {
    const { hold_id } = await createHold(service, { product_id: productId });
    expect((await service.call('DELETE', `/api/holds/${hold_id}`, body, headers)).status).toBe(204);
    expect((await service.call('GET', `/api/holds/${hold_id}`)).body.status).toBe('released');
  });
});

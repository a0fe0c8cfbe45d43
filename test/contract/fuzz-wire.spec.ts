import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StockAuditService, driftOf } from '../../src/operations/stock-audit.service.js';
import { awkwardText, brokenJson } from '../support/awkward.js';
import { eventually } from '../support/eventually.js';
import { adminHeaders, createOrder, createProduct } from '../support/factories.js';
import { LogCapture } from '../support/log-capture.js';
import { stripeEvent } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';
import { answersIn, connectionsOf, type Ending, sendBytes } from '../support/wire.js';

/** `npm run test:fuzz` makes the long run; each suite a short one. A seed that failed is run again with FUZZ_SEED. */
const RUNS = Math.ceil(Number(process.env.FUZZ_REQUESTS ?? 1500) / 10);
const SEED = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) };
const AT_ONCE = 50;

let service: Service;
/** Waits for nobody's bytes. */
let hurried: Service;
let log: LogCapture;
let productId: number;
beforeAll(async () => {
  service = await startService();
  hurried = await startService({ HTTP_REQUEST_TIMEOUT_MS: '300', HTTP_KEEP_ALIVE_MS: '1000' });
  log = new LogCapture(service.config);
  productId = (await createProduct(service, { stock_total: 1_000_000 })).id;
});

/** No fault of ours: neither in an answer nor in the log. */
function expectRefusalOrSuccess({ status, text }: Answer, sent: unknown): void {
  expect({ sent, text, isFault: status >= 500 }).toEqual({ sent, text, isFault: false });
}

async function expectNothingBroken(): Promise<void> {
  expect(log.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  const proofs = await service.app.get(StockAuditService).auditStock();
  expect(proofs.filter((proof) => driftOf(proof) > 0)).toEqual([]);
}

const METHODS = [
  'GET',
  'POST',
  'DELETE',
  'PUT',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PRI',
  'BREW',
  'get',
  '',
  'G\0T',
];
const VERSIONS = ['HTTP/1.0', 'HTTP/2.0', 'HTTP/9', 'http/1.1', 'ICY', ''];
const LINE_ENDS = ['\n', '\r', '\r\r\n'];
const TARGETS = [
  ...['/api/products', '/api/holds', '/api/orders', '/api/payments/webhook', '/api/admin/products', '/health/live'],
  ...[
    '*',
    '/',
    '//',
    '/%',
    '/%zz',
    '/%ff',
    '/%00',
    '',
    ' ',
    '/\xe9',
    'http://x/api/products',
    'x:443',
    '/a?b=%&c',
    '/..;/',
  ],
  ...['/docs/../api', '/admin/queues/..%2f..', '/api/holds/%2e%2e', `/${'a'.repeat(2000)}`, `/${'a'.repeat(20_000)}`],
];
/** Nothing of these is under a signature. */
const HEADERS = [
  ...['host: y', 'Host:', 'Host: x, y', 'Host: x\0y', 'Connection: close', 'Connection: upgrade'],
  ...[
    'Content-Type: application/json',
    'Content-Type: application/json; charset=utf-7',
    'Content-Type: ;',
    'Upgrade: h2c',
  ],
  ...['Content-Length: 29', 'Content-Length: 5', 'Content-Length: -1', 'Content-Length: 5, 5', 'Content-Length: 0x5'],
  ...['Content-Length: 99999999999999999999', 'Content-Length: 300000', 'Transfer-Encoding: chunked'],
  ...['Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: identity', 'Transfer-Encoding:\x0bchunked'],
  ...[
    'Expect: 100-continue',
    'Expect: tea',
    'Content-Encoding: gzip',
    'Trailer: Host',
    'TE: trailers',
    'Range: bytes=0-',
  ],
  ...['X-Request-Id: a"b', 'X-Forwarded-For: ::ffff:1.2.3.4:80', 'X-Forwarded-For: unknown', 'Forwarded: for=_x'],
  ...['Idempotency-Key: a-key-of-a-fuzz-run', 'Authorization: Bearer', 'Authorization: Basic Og==', 'Cookie: a=b; a'],
  ...['X-HTTP-Method-Override: DELETE', 'X-Original-URL: /api/admin/products', ' folded', 'No colon', ': y', 'X : y'],
  ...[`X: ${'y'.repeat(9000)}`, `X: ${'y'.repeat(20_000)}`, 'X\0: y', 'X: \x7f', 'X: \xff'],
];
const BODIES = [
  ...[
    '',
    '',
    '{}',
    '5\r\nhello\r\n0\r\n\r\n',
    'zz\r\n',
    'fffffffffffffffff\r\n',
    '5;x=y\r\nhello\r\n0\r\nHost: y\r\n\r\n',
  ],
  ...['{"product_id":1,"quantity":1}', `{"a":"${'x'.repeat(5000)}"}`, 'x'.repeat(300_000), '{"product_id":1'],
  ...[
    'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n',
    '\0\0\0\0',
    '\x16\x03\x01\x02\x00',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ],
];

/** Were each part mostly broken, nothing would get past the first of them. */
function mostly<T>(usual: fc.Arbitrary<T>, all: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: usual, weight: 3 }, { arbitrary: fc.constantFrom(...all), weight: 1 });
}

const requestBytes = fc
  .record({
    method: mostly(fc.constantFrom('GET', 'POST', 'DELETE'), METHODS),
    target: mostly(fc.constantFrom(...TARGETS.slice(0, 6)), TARGETS),
    version: mostly(fc.constant('HTTP/1.1'), VERSIONS),
    end: mostly(fc.constant('\r\n'), LINE_ENDS),
    headers: mostly<string[]>(
      fc.constant<string[]>([]),
      HEADERS.map((header) => [header]),
    ).chain((some) => fc.oneof(fc.constant(some), fc.array(fc.constantFrom(...HEADERS), { maxLength: 5 }))),
    body: mostly(fc.constant(''), BODIES),
  })
  .map(({ method, target, version, end, headers, body }) =>
    [`${method} ${target} ${version}`, 'Host: x', ...headers, '', body].join(end),
  );

const connection = fc.record({
  requests: fc.array(requestBytes, { minLength: 1, maxLength: 3 }),
  pieces: fc.integer({ min: 1, max: 4 }),
  cut: fc.constantFrom(1, 1, 0.9, 0.5),
  ending: fc.constantFrom<Ending[]>('end', 'stay', 'leave'),
});

/** One request for each kind of answer, so that even a short run reaches them all. */
const REACHED = [200, 400, 405, 408];
const REACHING = [
  'GET /api/products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET /api/products ICY\r\nHost: x\r\n\r\n',
  'DELETE /api/products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET /api/products HTTP/1.1\r\nHost: x\r\n',
].map((bytes): { requests: string[]; pieces: number; cut: number; ending: Ending } => ({
  requests: [bytes],
  pieces: 1,
  cut: 1,
  ending: 'stay',
}));

function inPieces(text: string, count: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / count));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );
}

describe(`${RUNS} connections with broken HTTP, cut, slow, too large or half-open`, () => {
  it('get refusals that are problem documents, never a fault of ours, and are closed in the end', async () => {
    const statuses = new Set<number>();
    const promise = fc.asyncProperty(
      fc.array(connection, { minLength: AT_ONCE, maxLength: AT_ONCE }),
      async (connections) => {
        const texts = await Promise.all(
          connections.map(({ requests, pieces, cut, ending }) => {
            const whole = requests.join('');
            return sendBytes(hurried, inPieces(whole.slice(0, Math.ceil(whole.length * cut)), pieces), ending);
          }),
        );
        texts.forEach((text, index) => {
          for (const { status, head } of answersIn(text)) {
            statuses.add(status);
            const isProblem = status < 400 || /content-type: application\/problem\+json/i.test(head);
            const sent = JSON.stringify(connections[index]).slice(0, 2000);
            expect({ sent, head, isProblem, isFault: status >= 500 }).toEqual({
              sent,
              head,
              isProblem,
              isFault: false,
            });
          }
        });
      },
    );
    const numRuns = 1 + Math.ceil(RUNS / AT_ONCE);
    await fc.assert(promise, { numRuns, examples: [[REACHING]], endOnFailure: true, ...SEED });
    expect([...statuses]).toEqual(expect.arrayContaining(REACHED));
    await eventually(async () => expect(await connectionsOf(hurried)).toBe(0), 20_000);
    expect((await hurried.call('GET', '/health/live')).status).toBe(200);
    await expectNothingBroken();
  }, 600_000);
});

describe(`${RUNS} bodies next to JSON`, () => {
  it('make a hold of what they say, or none', async () => {
    const promise = fc.asyncProperty(brokenJson({ product_id: productId, quantity: 2 }), async (body) => {
      const answer = await service.call('POST', '/api/holds', body);
      expectRefusalOrSuccess(answer, body);
      if (answer.status !== 201) return;
      // A parser may pass over the mark at the beginning (RFC 8259).
      const said = JSON.parse(body.replace(/^\ufeff/, '')) as { product_id: number; quantity: number };
      expect(answer.body).toMatchObject({ product_id: said.product_id, quantity: said.quantity });
    });
    await fc.assert(promise, { numRuns: RUNS, endOnFailure: true, ...SEED });
    await expectNothingBroken();
  }, 600_000);
});

describe(`${RUNS} awkward texts`, () => {
  const check = (send: (text: string) => Promise<void>): Promise<void> =>
    fc.assert(fc.asyncProperty(awkwardText, send), { numRuns: RUNS, endOnFailure: true, ...SEED });

  it('as names come back as they are, or are refused', async () => {
    await check(async (name) => {
      const product = { name, price: '1.00', stock_total: 1 };
      const answer = await service.call('POST', '/api/admin/products', product, adminHeaders(service));
      expectRefusalOrSuccess(answer, name);
      if (answer.status === 201) {
        expect(answer.body.name).toBe(name);
        expect((await service.call('GET', `/api/products/${String(answer.body.id)}`)).body.name).toBe(name);
      } else expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    });
  }, 600_000);

  it('as keys name one request, or are refused', async () => {
    await check(async (text) => {
      // No client can send controls in a header.
      const key = Buffer.from(text)
        .toString('latin1')
        .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '');
      const headers = { 'idempotency-key': key };
      const hold = () => service.call('POST', '/api/holds', { product_id: productId, quantity: 1 }, headers);
      const [first, again] = [await hold(), await hold()];
      for (const answer of [first, again]) expectRefusalOrSuccess(answer, text);
      expect(again.status).toBe(first.status);
      // A header's value has no blanks around it, and without any it is no header.
      if (first.status === 201 && key.trim() !== '') expect(again.body.hold_id).toBe(first.body.hold_id);
    });
  }, 600_000);

  it('as references of payments are kept, refused or left to the operator, and make nothing else', async () => {
    const order = await createOrder(service, { product_id: productId });
    await check(async (text) => {
      const own = { order_id: order.order_id, status: 'failed', transaction_id: text, currency: text };
      expectRefusalOrSuccess(await service.call('POST', '/api/payments/webhook', own), text);
      for (const change of [{ metadata: { order_id: text, [text]: text } }, { id: text }, { currency: text }]) {
        const event = stripeEvent('payment_intent.succeeded', order, { metadata: {}, ...change });
        expectRefusalOrSuccess(await service.call('POST', '/api/payments/webhook/stripe', event), change);
      }
    });
    await expectNothingBroken();
  }, 600_000);
});

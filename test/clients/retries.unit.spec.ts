import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createCheckoutClient, isProblem, orThrow, UnexpectedAnswerError } from '../../clients/typescript/src/index.js';
import { REAL, type RetryOptions, retrying } from '../../clients/typescript/src/retry.js';

type Behaviour = (response: ServerResponse) => void;

const problem = (
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void => {
  const body = { type: `/docs/errors/${code}`, title: code, status, detail: code, code };
  response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify(body));
};
const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const breaks: Behaviour = (response) => void response.socket!.destroy();
const breaksAmid: Behaviour = (response) => {
  response.writeHead(201, { 'content-type': 'application/json', 'content-length': 100 }).write('{"hold_id":');
  response.socket!.end();
};
const unavailable: Behaviour = (response) => problem(response, 503, 'UNAVAILABLE');
const ofProxy =
  (status: 502 | 504): Behaviour =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'text/html' }).end('<p>');
const limited: Behaviour = (response) => problem(response, 429, 'RATE_LIMITED', { 'retry-after': '7' });
const asksForAnHour: Behaviour = (response) => problem(response, 503, 'UNAVAILABLE', { 'retry-after': '3500' });
const soldOut: Behaviour = (response) => problem(response, 409, 'INSUFFICIENT_STOCK');
const held: Behaviour = (response) => json(response, 201, { hold_id: 'the hold' });
const hangs: Behaviour = () => undefined;

/** A server that answers one request after the other as it is told, the last way for good. */
async function serverThat(...behaviours: Behaviour[]) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume().on('end', () => behaviours[Math.min(requests.length, behaviours.length) - 1]!(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  started.push(server);
  const { port } = server.address() as AddressInfo;
  const keys = () => requests.map(({ headers }) => headers['idempotency-key']);
  return { baseUrl: `http://127.0.0.1:${port}`, requests, keys };
}

const started: ReturnType<typeof createServer>[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Tries that wait for nobody: the pauses are noted. */
function instantly(pauses: number[] = [], options: RetryOptions = {}) {
  let now = 0;
  const sleep = (ms: number): Promise<void> => {
    pauses.push(ms);
    now += ms;
    return Promise.resolve();
  };
  return retrying((request) => fetch(request), options, { sleep, now: () => now, random: () => 1 });
}

const hold = (url: string, headers: Record<string, string> = { 'idempotency-key': 'k'.repeat(16) }): Request =>
  new Request(`${url}/api/holds`, { method: 'POST', headers, body: '{"product_id":1,"quantity":1}' });

describe('a call that nobody answered', () => {
  it.each([
    ['the connection broke', breaks],
    ['the connection broke amid the answer', breaksAmid],
    ['503', unavailable],
    ['502 of a proxy', ofProxy(502)],
    ['504 of a proxy', ofProxy(504)],
  ])('is made again with the same key: %s', async (_why, fails) => {
    const { baseUrl, keys } = await serverThat(fails, fails, held);
    const pauses: number[] = [];
    const answer = await instantly(pauses)(hold(baseUrl));
    expect([answer.status, await answer.json()]).toEqual([201, { hold_id: 'the hold' }]);
    expect(keys()).toEqual(Array(3).fill('k'.repeat(16)));
    // Each time twice as long, at random up to that.
    expect(pauses).toEqual([200, 400]);
  });

  it('is made again where its method makes it safe', async () => {
    const { baseUrl, requests } = await serverThat(breaks, held);
    await instantly()(new Request(`${baseUrl}/api/holds/1`, { method: 'DELETE' }));
    expect(requests).toHaveLength(2);
  });

  it('is not made again where that could do it twice', async () => {
    const { baseUrl, requests } = await serverThat(breaks, held);
    await expect(instantly()(hold(baseUrl, {}))).rejects.toThrow('fetch failed');
    const second = await serverThat(unavailable, held);
    expect((await instantly()(hold(second.baseUrl, {}))).status).toBe(503);
    expect([requests, second.requests].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('is given up after so many tries, with what became of the last one', async () => {
    const { baseUrl, requests } = await serverThat(breaks, unavailable);
    expect((await instantly([], { tries: 3 })(hold(baseUrl))).status).toBe(503);
    expect(requests).toHaveLength(3);
  });

  it('is given up rather than made too late', async () => {
    const { baseUrl, requests } = await serverThat(breaks);
    await expect(instantly([], { tries: 100, withinMs: 1500 })(hold(baseUrl))).rejects.toThrow('fetch failed');
    // After 200, 400 and 800 ms.
    expect(requests).toHaveLength(4);
  });

  it('is never waited with for longer than five seconds', async () => {
    const { baseUrl } = await serverThat(unavailable);
    const pauses: number[] = [];
    await instantly(pauses, { tries: 8 })(hold(baseUrl));
    expect(pauses).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('counts as broken when no answer comes in time', async () => {
    const { baseUrl, requests } = await serverThat(hangs, held);
    expect((await instantly([], { tryMs: 1_000 })(hold(baseUrl))).status).toBe(201);
    // On a busy machine the second answer may come too late as well.
    expect(requests.length).toBeGreaterThan(1);
  });
});

describe('a call that was refused for now', () => {
  it('is made again when Retry-After says so, whatever it is: nothing was done', async () => {
    const { baseUrl, requests } = await serverThat(limited, held);
    const pauses: number[] = [];
    expect((await instantly(pauses)(hold(baseUrl, {}))).status).toBe(201);
    expect(pauses).toEqual([7200]);
    expect(requests).toHaveLength(2);
  });

  it('is answered at once where Retry-After takes too long', async () => {
    const { baseUrl, requests } = await serverThat(limited);
    expect((await instantly([], { withinMs: 5000 })(hold(baseUrl))).status).toBe(429);
    expect(requests).toHaveLength(1);
  });
});

it('leaves no timer behind, which would keep a program from its end', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const { baseUrl } = await serverThat(unavailable, held);
  const before = timers();
  expect((await instantly()(hold(baseUrl))).status).toBe(201);
  expect(timers()).toBeLessThanOrEqual(before);
});

it('a definite answer is final', async () => {
  const { baseUrl, requests } = await serverThat(soldOut, held);
  expect((await instantly()(hold(baseUrl))).status).toBe(409);
  expect(requests).toHaveLength(1);
});

describe('an aborted call', () => {
  const reason = new Error('The buyer went away');

  /** Calls a server that would make it wait for an hour, and aborts once it does; `pauses` are those that have begun. */
  async function abortOnceItWaits(behaves: Behaviour, forWhat: 'an answer' | 'the next try') {
    let waits: () => void;
    const isWaiting = new Promise<void>((resolve) => (waits = resolve));
    const pauses: number[] = [];
    const sleep: typeof REAL.sleep = (ms, signal) => {
      pauses.push(ms);
      waits();
      return REAL.sleep(ms, signal);
    };
    const { baseUrl, requests } = await serverThat((response) => {
      behaves(response);
      if (forWhat === 'an answer') waits();
    });
    const abort = new AbortController();
    const options = { tryMs: 3_600_000, withinMs: 3_600_000 };
    const send = retrying((request) => fetch(request), options, { ...REAL, sleep });
    const call = send(new Request(hold(baseUrl), { signal: abort.signal }));
    await isWaiting;
    abort.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(requests).toHaveLength(1);
    return pauses;
  }

  it('ends at once, with the reason, while a try waits for its answer', async () => {
    expect(await abortOnceItWaits(hangs, 'an answer')).toEqual([]);
  });

  it('ends at once, with the reason, between two tries', async () => {
    expect(await abortOnceItWaits(asksForAnHour, 'the next try')).toHaveLength(1);
  });

  it('is not begun when it was aborted before', async () => {
    const { baseUrl, requests } = await serverThat(held);
    const call = retrying((request) => fetch(request))(
      new Request(hold(baseUrl), { signal: AbortSignal.abort(reason) }),
    );
    await expect(call).rejects.toBe(reason);
    expect(requests).toHaveLength(0);
  });
});

describe('the client', () => {
  const body = { product_id: 1, quantity: 1 };

  it('makes up a key for a call that takes one, the same for all its tries and another for each call', async () => {
    const { baseUrl, keys } = await serverThat(breaks, held);
    const client = createCheckoutClient({ baseUrl });
    await client.POST('/api/holds', { body });
    await client.POST('/api/holds', { body });
    const [first, again, second] = keys();
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(again).toBe(first);
    expect(second).not.toBe(first);
  });

  it('takes the key that it is given, and sends none with a call that takes none', async () => {
    const { baseUrl, keys } = await serverThat(held);
    const client = createCheckoutClient({ baseUrl });
    await client.POST('/api/holds', { body, params: { header: { 'idempotency-key': 'order-of-cart-4711' } } });
    await client.POST('/api/admin/sales/{id}/pause', { params: { path: { id: 1 } } });
    expect(keys()).toEqual(['order-of-cart-4711', undefined]);
  });

  it('asks for the token anew each call', async () => {
    const { baseUrl, requests } = await serverThat(held);
    const tokens = ['one', 'two'];
    const client = createCheckoutClient({ baseUrl, token: () => Promise.resolve(tokens.shift()!) });
    await client.POST('/api/holds', { body });
    await client.POST('/api/holds', { body });
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two']);
  });

  it('tells a refusal of the service from an answer of something else', async () => {
    const { baseUrl } = await serverThat(soldOut, (response) => void response.writeHead(404).end('Not here'));
    const client = createCheckoutClient({ baseUrl });
    const refusal: unknown = await orThrow(client.POST('/api/holds', { body })).catch((error: unknown) => error);
    expect(isProblem(refusal, 'INSUFFICIENT_STOCK')).toBe(true);
    expect(isProblem(refusal, 'HOLD_EXPIRED')).toBe(false);
    await expect(client.POST('/api/holds', { body })).rejects.toThrow(UnexpectedAnswerError);
  });
});

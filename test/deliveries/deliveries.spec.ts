import type { ServerResponse } from 'node:http';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { StaleWriteError } from '../../src/database/database-errors.js';
import { newUuid, uuidFromBinary } from '../../src/database/sql.js';
import { Dispatching } from '../../src/deliveries/dispatching.js';
import { EndpointsRepository } from '../../src/deliveries/endpoints.repository.js';
import { execute, query, withConnection } from '../support/database.js';
import { untilEventsHaveNumbers } from '../support/events.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem } from '../support/expectations.js';
import {
  adminHeaders,
  createOrder,
  createPaidOrder,
  noticeOf,
  notify,
  taken,
  UNKNOWN_ID,
} from '../support/factories.js';
import { inParallel } from '../support/races.js';
import { Receiver } from '../support/receiver.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;
let receiver: Receiver;

beforeAll(async () => {
  service = await startService();
});
beforeEach(async () => {
  receiver = await Receiver.start();
});
afterEach(async () => {
  await execute('DELETE FROM webhook_endpoints');
  await receiver.stop();
});

interface Made {
  readonly id: number;
  readonly secret: string;
}

interface Delivery {
  readonly id: number;
  readonly event_id: string;
  readonly status: string;
  readonly attempts: number;
  readonly due_at: string | null;
  readonly answer_status: number | null;
  readonly answer: string | null;
  readonly reason: string | null;
}

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  service.call(method, `/api/admin/webhook-endpoints${path}`, body, adminHeaders(service));

async function createEndpoint(types: readonly string[] | null = null): Promise<Made> {
  await untilEventsHaveNumbers();
  return taken<Made>(await call('POST', '', { url: receiver.url, types }), 201);
}

/** Sends what is due, as a worker would. */
async function dispatch({ id }: Made, to = service): Promise<void> {
  await untilEventsHaveNumbers();
  await to.app.get(Dispatching).dispatch(id);
}

async function deliveriesOf({ id }: Made): Promise<Delivery[]> {
  return taken<{ items: Delivery[] }>(await call('GET', `/${id}/deliveries?limit=100`), 200).items;
}

/** Has what waits for another try tried now. */
async function makeDue(): Promise<void> {
  await execute(`UPDATE webhook_deliveries SET due_at = NOW(3) - INTERVAL 1 MINUTE WHERE status = 'pending'`);
}

const versionsOf = (order: number): (number | null)[] =>
  receiver.received.filter(({ body }) => body.data.order_id === order).map(({ body }) => body.version);

describe('an endpoint', () => {
  it('is told of what happens from then on, signed as Standard Webhooks says', async () => {
    await createPaidOrder(service);
    const endpoint = await createEndpoint();
    const order = await createPaidOrder(service);
    await dispatch(endpoint);
    expect(receiver.received.map(({ body }) => [body.type, body.version])).toEqual([
      ['order.created', 1],
      ['order.paid', 2],
    ]);
    expect(receiver.received[1]!.body).toMatchObject({ data: { order_id: order.order_id, status: 'paid' } });
    expect(receiver.received.every(({ id, body }) => id === `evt_${body.sequence}`)).toBe(true);
    expect(receiver.isSignedBy(endpoint.secret)).toBe(true);
    const delivered = { status: 'delivered', attempts: 1, answer_status: 204, reason: null, due_at: null };
    expect(await deliveriesOf(endpoint)).toMatchObject(
      receiver.received.map(({ id, body }) => ({ ...delivered, event_id: id, request: body })),
    );
    await dispatch(endpoint);
    expect(receiver.received).toHaveLength(2);
  });

  it('is told of its types alone', async () => {
    const endpoint = await createEndpoint(['order.paid']);
    await createPaidOrder(service);
    await dispatch(endpoint);
    expect(receiver.received.map(({ body }) => body.type)).toEqual(['order.paid']);
  });

  it('gets an order’s events in their order, also when the first one fails, and other orders’ meanwhile', async () => {
    const endpoint = await createEndpoint();
    const first = await createOrder(service);
    receiver.behave = ({ body }, response) =>
      void response.writeHead(body.data.order_id === first.order_id ? 500 : 200).end('no');
    await dispatch(endpoint);
    await notify(service, noticeOf(first));
    const other = await createPaidOrder(service);
    await dispatch(endpoint);
    expect(versionsOf(first.order_id)).toEqual([1]);
    expect(versionsOf(other.order_id)).toEqual([1, 2]);
    expect((await deliveriesOf(endpoint)).filter(({ status }) => status === 'pending')).toMatchObject([
      { attempts: 1, answer_status: 500, answer: 'no', reason: 'It answered 500' },
      { attempts: 0, answer_status: null, reason: null },
    ]);
    receiver.behave = (_, response) => void response.writeHead(200).end();
    await makeDue();
    await dispatch(endpoint);
    await dispatch(endpoint);
    expect(versionsOf(first.order_id)).toEqual([1, 1, 2]);
    expect((await deliveriesOf(endpoint)).every(({ status }) => status === 'delivered')).toBe(true);
  });

  it('is tried ten times over three days, then the event has failed and the next one of its order goes', async () => {
    const endpoint = await createEndpoint();
    const order = await createPaidOrder(service);
    receiver.behave = ({ body }, response) => void response.writeHead(body.version === 1 ? 503 : 200).end();
    const pauses: number[] = [];
    for (let tries = 1; tries <= 10; tries++) {
      await dispatch(endpoint);
      const [row] = await query<{ pause: number | null }>(
        `SELECT TIMESTAMPDIFF(SECOND, tried_at, due_at) AS pause FROM webhook_deliveries WHERE endpoint_id = ? ORDER BY sequence LIMIT 1`,
        [endpoint.id],
      );
      pauses.push(row!.pause ?? 0);
      await makeDue();
    }
    expect(pauses).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, 0]);
    await dispatch(endpoint);
    expect(versionsOf(order.order_id)).toEqual([...Array.from({ length: 10 }, () => 1), 2]);
    expect(await deliveriesOf(endpoint)).toMatchObject([
      { status: 'failed', attempts: 10 },
      { status: 'delivered', attempts: 1 },
    ]);
  });

  it('that takes nothing for five days is disabled, and told all of it once it is enabled', async () => {
    const endpoint = await createEndpoint();
    const past = await createPaidOrder(service);
    receiver.behave = (_, response) => void response.writeHead(410).end();
    for (let tries = 0; tries < 20; tries++) {
      await dispatch(endpoint);
      await makeDue();
    }
    expect((await deliveriesOf(endpoint)).map(({ status }) => status)).toEqual(['failed', 'failed']);
    const order = await createPaidOrder(service);
    receiver.received.length = 0;
    await dispatch(endpoint);
    await execute('UPDATE webhook_endpoints SET failing_since = failing_since - INTERVAL 6 DAY');
    await makeDue();
    await dispatch(endpoint);
    const { items } = taken<{ items: object[] }>(await call('GET', ''), 200);
    expect(items).toMatchObject([{ id: endpoint.id, disabled_reason: 'failing', disabled_at: expect.any(String) }]);
    await makeDue();
    await dispatch(endpoint);
    expect(receiver.received).toHaveLength(2);
    receiver.behave = (_, response) => void response.writeHead(200).end();
    taken(await call('PATCH', `/${endpoint.id}`, { disabled: false }), 200);
    await dispatch(endpoint);
    await dispatch(endpoint);
    expect(versionsOf(order.order_id)).toEqual([1, 1, 1, 2]);
    expect(versionsOf(past.order_id)).toEqual([1, 2]);
  });

  it.each(['by itself', 'by an operator'])(
    'that is enabled again, after it was disabled %s, is told also what it had refused before it took nothing',
    async (by) => {
      const endpoint = await createEndpoint(['order.created']);
      const [refused, other] = [await createOrder(service), await createOrder(service)];
      receiver.behave = ({ body }, response) =>
        void response.writeHead(body.data.order_id === refused.order_id ? 500 : 204).end();
      // It takes one, and so is not failing yet.
      await dispatch(endpoint);
      await execute('UPDATE webhook_deliveries SET created_at = created_at - INTERVAL 1 MINUTE');
      for (let tries = 1; tries < 10; tries++) {
        await makeDue();
        await dispatch(endpoint);
      }
      expect(await deliveriesOf(endpoint)).toMatchObject([{ status: 'failed' }, { status: 'delivered' }]);
      if (by === 'by an operator') taken(await call('PATCH', `/${endpoint.id}`, { disabled: true }), 200);
      else await execute("UPDATE webhook_endpoints SET disabled_at = NOW(3), disabled_reason = 'failing'");
      receiver.behave = (_, response) => void response.writeHead(204).end();
      receiver.received.length = 0;
      taken(await call('PATCH', `/${endpoint.id}`, { disabled: false }), 200);
      await dispatch(endpoint);
      expect([versionsOf(refused.order_id), versionsOf(other.order_id)]).toEqual([[1], []]);
    },
  );

  it('is told by one process at a time', async () => {
    const another = await startService();
    const endpoint = await createEndpoint();
    for (let n = 0; n < 5; n++) await createPaidOrder(service);
    await Promise.all([
      dispatch(endpoint),
      dispatch(endpoint, another),
      dispatch(endpoint),
      dispatch(endpoint, another),
    ]);
    expect(receiver.received.map(({ id }) => id).sort()).toEqual(
      [...new Set(receiver.received.map(({ id }) => id))].sort(),
    );
    expect(receiver.received).toHaveLength(10);
  });

  it('is left alone for seconds only where the process died that told it, and renews its claim while it is alive', async () => {
    const endpoint = await createEndpoint();
    const order = await createPaidOrder(service);
    const answers: ((status: number) => void)[] = [];
    receiver.behave = (_, response) => void answers.push((status) => response.writeHead(status).end());
    const dispatched = dispatch(endpoint);
    await eventually(() => expect(answers).toHaveLength(1));
    const [claimed] = await query<{ claim: Buffer; seconds: number }>(
      'SELECT claim, TIMESTAMPDIFF(SECOND, NOW(3), claimed_until) AS seconds FROM webhook_endpoints',
    );
    expect(claimed!.seconds).toBeLessThanOrEqual(20);
    const { app } = service;
    const renew = (claim: string) => app.get(EndpointsRepository).renew(endpoint.id, claim, 60);
    expect(await renew(uuidFromBinary(claimed!.claim))).toBe(true);
    const [renewed] = await query<{ seconds: number }>(
      'SELECT TIMESTAMPDIFF(SECOND, NOW(3), claimed_until) AS seconds FROM webhook_endpoints',
    );
    expect(renewed!.seconds).toBeGreaterThan(20);
    expect(await renew(newUuid())).toBe(false);
    receiver.behave = (_, response) => void response.writeHead(204).end();
    answers[0]!(204);
    await dispatched;
    expect(versionsOf(order.order_id)).toEqual([1, 2]);
    expect(await renew(uuidFromBinary(claimed!.claim))).toBe(false);
  });

  it('is told no more by who finds it claimed by another, and writes nothing then', async () => {
    const endpoint = await createEndpoint();
    await createPaidOrder(service);
    receiver.behave = (_, response) => {
      void execute(`UPDATE webhook_endpoints SET claim = UNHEX(REPEAT('ab', 16))`).then(() => {
        setTimeout(() => response.writeHead(204).end(), 1000);
      });
    };
    await expect(dispatch(endpoint)).rejects.toThrow(StaleWriteError);
    expect(receiver.received.map(({ body }) => body.type)).toEqual(['order.created']);
    expect(await deliveriesOf(endpoint)).toEqual([]);
  });

  it('is sent nothing that may outlast the claim on it', async () => {
    const endpoint = await createEndpoint();
    await createPaidOrder(service);
    const answers: (() => void)[] = [];
    receiver.behave = (_, response) => void answers.push(() => response.writeHead(204).end());
    const dispatched = dispatch(endpoint);
    await eventually(() => expect(answers).toHaveLength(1));
    await withConnection(async (connection) => {
      await connection.query('START TRANSACTION');
      // It is not renewed while we have the row, and a try may take eleven of its twenty seconds.
      await connection.query('SELECT id FROM webhook_endpoints FOR UPDATE');
      await eventually(async () => {
        const left = 'SELECT TIMESTAMPDIFF(MICROSECOND, NOW(3), claimed_until) DIV 1000 AS ms FROM webhook_endpoints';
        expect((await query<{ ms: number }>(left))[0]!.ms).toBeLessThan(10_950);
      });
      answers[0]!();
      await eventually(async () => {
        const writes = `SELECT id FROM information_schema.processlist
          WHERE db = DATABASE() AND info LIKE 'UPDATE webhook_endpoints SET position%'`;
        expect(answers.length === 2 || (await query(writes)).length === 1).toBe(true);
      });
      await connection.query('ROLLBACK');
    });
    answers[1]?.();
    await dispatched;
    expect(receiver.received.map(({ body }) => body.type)).toEqual(['order.created']);
    expect((await deliveriesOf(endpoint)).map(({ status, attempts }) => [status, attempts])).toEqual([
      ['delivered', 1],
      ['pending', 0],
    ]);
  });

  it('is told again where the process died that told it', async () => {
    const endpoint = await createEndpoint();
    await createPaidOrder(service);
    await untilEventsHaveNumbers();
    // Somebody claimed it, and is gone.
    await execute(
      `UPDATE webhook_endpoints SET claim = UNHEX(REPEAT('ab', 16)), claimed_until = NOW(3) + INTERVAL 1 HOUR`,
    );
    await dispatch(endpoint);
    expect(receiver.received).toEqual([]);
    expect(await service.app.get(Dispatching).findDue()).toEqual([]);
    await execute('UPDATE webhook_endpoints SET claimed_until = NOW(3) - INTERVAL 1 MINUTE');
    expect(await service.app.get(Dispatching).findDue()).toMatchObject([{ id: endpoint.id }]);
    await dispatch(endpoint);
    expect(receiver.received).toHaveLength(2);
  });

  it('has nothing due while what is left waits for another try of its order', async () => {
    const endpoint = await createEndpoint();
    receiver.behave = (_, response) => void response.writeHead(500).end();
    const order = await createOrder(service);
    await dispatch(endpoint);
    await notify(service, noticeOf(order));
    const isDue = async (): Promise<boolean> => {
      const due = await service.app.get(Dispatching).findDue();
      return due.some(({ id }) => id === endpoint.id);
    };
    await eventually(async () => {
      await dispatch(endpoint);
      expect(await isDue()).toBe(false);
    });
    await makeDue();
    expect(await isDue()).toBe(true);
  });

  it('is given up on what is not kept any more, and told what came after that', async () => {
    const endpoint = await createEndpoint();
    const order = await createOrder(service);
    await dispatch(endpoint);
    const [delivery] = await deliveriesOf(endpoint);
    await execute('DELETE FROM events WHERE sequence = ?', [Number(delivery!.event_id.slice('evt_'.length))]);
    taken(await call('POST', `/${endpoint.id}/deliveries/${delivery!.id}/redeliver`), 200);
    await notify(service, noticeOf(order));
    await dispatch(endpoint);
    await dispatch(endpoint);
    expect(versionsOf(order.order_id)).toEqual([1, 2]);
    expect(await deliveriesOf(endpoint)).toMatchObject([
      { id: delivery!.id, status: 'failed', reason: 'The event is not kept any more', due_at: null },
      { status: 'delivered' },
    ]);
  });

  it('whose stored address no parser takes has failed tries that say so', async () => {
    const endpoint = await createEndpoint(['order.created']);
    await execute(`UPDATE webhook_endpoints SET url = 'https://shop.example:99999/' WHERE id = ?`, [endpoint.id]);
    await createOrder(service);
    await dispatch(endpoint);
    expect(await deliveriesOf(endpoint)).toMatchObject([{ status: 'pending', attempts: 1, reason: 'Invalid URL' }]);
    const [row] = await query<{ failing_since: string | null }>(
      'SELECT failing_since FROM webhook_endpoints WHERE id = ?',
      [endpoint.id],
    );
    expect(row!.failing_since).not.toBeNull();
  });

  it('is told an event again on an operator’s word, with the id that it had', async () => {
    const endpoint = await createEndpoint(['order.paid']);
    await createPaidOrder(service);
    await dispatch(endpoint);
    const [delivery] = await deliveriesOf(endpoint);
    taken(await call('POST', `/${endpoint.id}/deliveries/${delivery!.id}/redeliver`), 200);
    await dispatch(endpoint);
    expect(receiver.received.map(({ id }) => id)).toEqual([delivery!.event_id, delivery!.event_id]);
    const acts = await query<{ fields_before: string; fields_after: string }>(
      "SELECT fields_before, fields_after FROM audit_log WHERE action = 'endpoint.redeliver' AND target_id = ?",
      [String(endpoint.id)],
    );
    const told = acts.map((act): unknown[] => [JSON.parse(act.fields_before), JSON.parse(act.fields_after)]);
    expect(told).toEqual([[{ status: 'delivered' }, { delivery: delivery!.id, status: 'pending' }]]);
    expectProblem(await call('POST', `/${endpoint.id}/deliveries/${UNKNOWN_ID}/redeliver`), 'DELIVERY_NOT_FOUND');
    expectProblem(await call('POST', `/${UNKNOWN_ID}/deliveries/1/redeliver`), 'ENDPOINT_NOT_FOUND');
  });

  it('is told an event again that was asked for while a try of it was under way, whatever becomes of that', async () => {
    const endpoint = await createEndpoint(['order.paid']);
    await createPaidOrder(service);
    receiver.behave = (_, response) => void response.writeHead(500).end();
    await dispatch(endpoint);
    const [delivery] = await deliveriesOf(endpoint);
    await execute('UPDATE webhook_deliveries SET attempts = 9, due_at = NOW(3) - INTERVAL 1 SECOND');
    receiver.behave = (_, response) =>
      void call('POST', `/${endpoint.id}/deliveries/${delivery!.id}/redeliver`).then((answer) => {
        taken(answer, 200);
        response.writeHead(503).end();
      });
    await dispatch(endpoint);
    expect(await deliveriesOf(endpoint)).toMatchObject([
      { status: 'pending', attempts: 0, due_at: expect.any(String) },
    ]);
    receiver.behave = (_, response) => void response.writeHead(204).end();
    await dispatch(endpoint);
    expect(await deliveriesOf(endpoint)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  });

  it('needs no second connection for the word of an operator, of whom there may be as many as connections', async () => {
    const [one, other] = [await createEndpoint(['order.paid']), await createEndpoint(['order.paid'])];
    await createPaidOrder(service);
    const narrow = await startService({ DB_POOL_SIZE: '2' });
    const paths = await Promise.all(
      [one, other].map(async (endpoint) => {
        await dispatch(endpoint);
        const [delivery] = await deliveriesOf(endpoint);
        return `/api/admin/webhook-endpoints/${endpoint.id}/deliveries/${delivery!.id}/redeliver`;
      }),
    );
    const headers = adminHeaders(narrow);
    const answers = await inParallel(20, (n) => narrow.call('POST', paths[n % 2]!, undefined, headers));
    expect(countByStatus(answers)).toEqual({ 200: 20 });
  });

  it('gets a new secret, beside which the old one signs for a day', async () => {
    const endpoint = await createEndpoint(['order.paid']);
    const { secret } = taken<Made>(await call('POST', `/${endpoint.id}/rotate`), 200);
    expect(secret).not.toBe(endpoint.secret);
    await createPaidOrder(service);
    await dispatch(endpoint);
    expect([receiver.isSignedBy(secret), receiver.isSignedBy(endpoint.secret)]).toEqual([true, true]);
    await execute('UPDATE webhook_endpoints SET old_secret_until = NOW(3) - INTERVAL 1 MINUTE');
    receiver.received.length = 0;
    await createPaidOrder(service);
    await dispatch(endpoint);
    expect([receiver.isSignedBy(secret), receiver.isSignedBy(endpoint.secret)]).toEqual([true, false]);
  });

  it('is told at its new address a second after it was changed, also where it answers slowly', async () => {
    const endpoint = await createEndpoint();
    const other = await Receiver.start();
    await createPaidOrder(service);
    receiver.behave = (_, response) => {
      void call('PATCH', `/${endpoint.id}`, { url: other.url }).then(() => {
        setTimeout(() => response.writeHead(204).end(), 1000);
      });
    };
    await dispatch(endpoint);
    await other.stop();
    const typesAt = ({ received }: Receiver) => received.map(({ body }) => body.type);
    expect([typesAt(receiver), typesAt(other)]).toEqual([['order.created'], ['order.paid']]);
  });

  it('is told of its new types alone a second after they were changed, also of what was chosen before', async () => {
    const endpoint = await createEndpoint();
    await createPaidOrder(service);
    receiver.behave = (_, response) => {
      void call('PATCH', `/${endpoint.id}`, { types: ['order.cancelled'] }).then(() => {
        setTimeout(() => response.writeHead(204).end(), 1000);
      });
    };
    await dispatch(endpoint);
    expect(receiver.received.map(({ body }) => body.type)).toEqual(['order.created']);
    await dispatch(endpoint);
    expect(await deliveriesOf(endpoint)).toHaveLength(1);
  });

  it('is told of everything while another one at the same server hangs', async () => {
    const hanging = await createEndpoint(['order.created']);
    const url = `${receiver.url}/other`;
    const other = taken<Made>(await call('POST', '', { url, types: ['order.created'] }), 201);
    const ORDERS = 40;
    for (let n = 0; n < ORDERS; n++) await createOrder(service);
    const held: ServerResponse[] = [];
    receiver.behave = (_, response) => {
      if (response.req.url === '/hook') held.push(response);
      else response.writeHead(204).end();
    };
    const hangs = dispatch(hanging);
    await eventually(() => expect(held.length).toBeGreaterThanOrEqual(16));
    await dispatch(other);
    const statuses = (await deliveriesOf(other)).map(({ status }) => status);
    receiver.behave = (_, response) => void response.writeHead(204).end();
    for (const response of held) response.writeHead(204).end();
    await hangs;
    expect(statuses).toEqual(Array.from({ length: ORDERS }, () => 'delivered'));
  });

  it('can be changed, disabled and deleted', async () => {
    const endpoint = await createEndpoint();
    expect(taken(await call('PATCH', `/${endpoint.id}`, { types: ['order.paid'] }), 200)).toMatchObject({
      types: ['order.paid'],
    });
    taken(await call('PATCH', `/${endpoint.id}`, { disabled: true }), 200);
    await createPaidOrder(service);
    await dispatch(endpoint);
    expect(receiver.received).toEqual([]);
    taken(await call('PATCH', `/${endpoint.id}`, { disabled: false }), 200);
    await dispatch(endpoint);
    expect(receiver.received).toHaveLength(1);
    expect((await call('DELETE', `/${endpoint.id}`)).status).toBe(204);
    expectProblem(await call('DELETE', `/${endpoint.id}`), 'ENDPOINT_NOT_FOUND');
    expectProblem(await call('GET', `/${endpoint.id}/deliveries`), 'ENDPOINT_NOT_FOUND');
  });
});

describe('an endpoint that', () => {
  it.each<[string, Receiver['behave'], object]>([
    [
      'redirects is not followed',
      (_, response) => void response.writeHead(302, { location: receiver.url }).end(),
      { answer_status: 302, reason: 'It answered 302' },
    ],
    [
      'closes before its answer has failed',
      (_, response) => void response.destroy(),
      { answer_status: null, reason: expect.stringMatching(/./) },
    ],
    [
      'closes in the midst of its answer has answered',
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('half');
        setTimeout(() => response.destroy(), 50);
      },
      { answer_status: 200, answer: 'half', status: 'delivered' },
    ],
    [
      'answers without an end is not listened to',
      (_, response) => {
        response.writeHead(200);
        const more = (): void =>
          void (response.destroyed || response.write('x'.repeat(65_536), () => setImmediate(more)));
        more();
      },
      { answer_status: 200, answer: 'x'.repeat(1024), status: 'delivered' },
    ],
    [
      'never answers has failed after ten seconds',
      () => undefined,
      { answer_status: null, reason: expect.stringContaining('10 seconds') },
    ],
  ])('%s', async (_name, behaviour, outcome) => {
    const endpoint = await createEndpoint(['order.paid']);
    await createPaidOrder(service);
    receiver.behave = behaviour;
    await dispatch(endpoint);
    expect(receiver.received).toHaveLength(1);
    expect(await deliveriesOf(endpoint)).toMatchObject([outcome]);
  });
});

describe('an address', () => {
  let strict: Service;
  beforeAll(async () => {
    strict = await startService({ WEBHOOK_ENDPOINTS_PRIVATE: 'false' });
  });

  it.each([
    'http://shop.example/hook',
    'https://127.0.0.1/hook',
    'https://localhost/hook',
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.7/',
    'https://192.168.1.1',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[fd00::1]/',
    'https://0.0.0.0/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://100.64.0.1/',
    'ftp://shop.example/',
    'https://user@shop.example/',
    'https://shop.example/#part',
    'not an address',
    'https://shop.example:99999/hook',
    'https://999.1.1.1/',
    'https://[/',
  ])('%s is refused', async (url) => {
    const answer = await strict.call('POST', '/api/admin/webhook-endpoints', { url }, adminHeaders(strict));
    expectProblem(answer, 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject({ errors: [{ field: 'url' }] });
  });

  it.each(['127.0.0.1', 'localhost'])(
    'that leads to a private network only later is not connected to: %s',
    async (host) => {
      const endpoint = await createEndpoint(['order.paid']);
      const url = receiver.url.replace('127.0.0.1', host);
      taken(await call('PATCH', `/${endpoint.id}`, { url }), 200);
      await createPaidOrder(service);
      await dispatch(endpoint, strict);
      expect(receiver.received).toEqual([]);
      expect(await deliveriesOf(endpoint)).toMatchObject([
        { status: 'pending', answer_status: null, reason: expect.stringContaining('not public') },
      ]);
    },
  );
});

import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { loadConfig } from '../../src/config/config.js';
import { Connections } from '../../src/http/connections.js';
import { Lifecycle } from '../../src/http/lifecycle.js';
import { LiveStreams } from '../../src/http/live-streams.js';
import { LiveTopic } from '../../src/http/live-topic.js';
import { MetricsService } from '../../src/metrics/metrics.service.js';
import { eventually } from '../support/eventually.js';
import { closeListeners, listen } from '../support/listeners.js';
import { LogCapture } from '../support/log-capture.js';
import { Scrape } from '../support/metrics.js';

/** More than the system keeps for a connection from which nobody takes anything. */
const HUGE = 'x'.repeat(8 * 1024 * 1024);
const STALL_MS = 50;

/** A topic without a product behind it. */
class Topic extends LiveTopic {
  next: object = { count: 0 };

  constructor(private readonly first: object) {
    super();
  }

  refresh = (): Promise<void> => Promise.resolve();
  whole = (): object => this.first;
  changes = (): object => this.next;
  close = (): void => undefined;
}

const config = loadConfig({ DB_HOST: 'none', REDIS_HOST: 'none' });
let streams: LiveStreams;
let server: FastifyInstance;
let metrics: MetricsService;
let url: string;
const topics = {
  small: new Topic({ size: 'small' }),
  huge: new Topic({ HUGE }),
  crowd: new Topic({ size: 'crowd' }),
  lone: new Topic({ size: 'lone' }),
};

beforeEach(async () => {
  const [connections, lifecycle] = [new Connections(), new Lifecycle()];
  metrics = new MetricsService(config);
  streams = new LiveStreams(config, connections, lifecycle, metrics);
  server = fastify();
  connections.watch(server.server, { max: 100, stallMs: STALL_MS });
  for (const [name, topic] of Object.entries(topics)) {
    server.get(`/${name}`, (request, reply) => void streams.open(topic, request, reply));
  }
  server.get('/plain', () => HUGE);
  await server.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  closeListeners();
  await server.close();
});

async function figure(name: string): Promise<number> {
  return new Scrape(await metrics.scrape()).value(name);
}

describe('a stream of events', () => {
  it('is cut off for who takes nothing, so that nothing is kept for him, and goes on for all others', async () => {
    const idle = await listen({ url }, '/small');
    // At once, before what comes is read.
    idle.pause();
    const reading = await listen({ url }, '/small');
    topics.small.next = { HUGE };
    for (let told = 1; (await figure('checkout_live_dropped_total')) === 0; told++) {
      streams.touch(topics.small);
      await eventually(() => expect(reading.events.length).toBeGreaterThan(told));
    }
    // Past what the system keeps and one event, none was kept for him.
    expect(reading.events.length).toBeLessThanOrEqual(5);
    expect(await figure('checkout_live_listeners')).toBe(1);
    expect(reading.hasEnded).toBe(false);
  });

  it('is forgotten once its connection is closed, also one that waits there behind another', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('GET /small HTTP/1.1\r\nHost: shop.example\r\n\r\n'.repeat(3));
    await eventually(async () => expect(await figure('checkout_live_listeners')).toBe(3));
    socket.destroy();
    await eventually(async () => expect(await figure('checkout_live_listeners')).toBe(0));
  });

  it('is cut off for who has taken nothing of what waited for him at the heartbeat before', async () => {
    const idle = await listen({ url }, '/huge');
    // At once, before what comes is read.
    idle.pause();
    const reading = await listen({ url }, '/huge');
    await eventually(() => expect(reading.events).toHaveLength(1));
    await streams.beat();
    expect(await figure('checkout_live_dropped_total')).toBe(0);
    // The system may take a part for him meanwhile, which counts as taken.
    await eventually(async () => {
      await streams.beat();
      expect(await figure('checkout_live_dropped_total')).toBe(1);
    });
    await eventually(() => expect(reading.text).toMatch(/(\n: still here\n\n?){2,}$/));
  });

  it('is not cut for bytes that once waited, nor for the silence since, as any other answer is', async () => {
    const connected = once(server.server, 'connection');
    const plain = listen({ url }, '/plain');
    const [socket] = (await connected) as [NodeJS.EventEmitter];
    let isCut = false;
    socket.once('close', () => (isCut = true));
    const listener = await listen({ url }, '/huge');
    (await plain).pause();
    listener.pause();
    // Whose bytes wait is looked at each second.
    await eventually(() => expect(isCut).toBe(true));
    listener.resume();
    await eventually(() => expect(listener.events).toHaveLength(1));
    await streams.beat();
    await eventually(() => expect(listener.text).toMatch(/: still here\n\n$/));
    expect(listener.hasEnded).toBe(false);
  });

  it('goes on where another topic is left by its last listener while a crowd is told, and where one can not be told', async () => {
    const { crowd, lone, small } = topics;
    const reading = await Promise.all(Array.from({ length: 60 }, () => listen({ url }, '/crowd')));
    await listen({ url }, '/lone');
    await eventually(() => expect(lone.listeners.size).toBe(1));
    const of = (topic: Topic) => [...topic.listeners].map(({ response }) => response);
    const asked: string[] = [];
    const failure = (name: string) => (): object => {
      asked.push(name);
      throw new Error('Nothing is known of it any more');
    };
    lone.close = () => (lone.changes = failure('lone'));
    crowd.changes = () => {
      // It closes in the turn that the others get while the crowd is written to.
      for (const response of of(lone)) response.destroy();
      return { count: reading[0]!.events.length };
    };
    const toldOnceMore = async (): Promise<void> => {
      const events = reading[0]!.events.length + 1;
      streams.touch(crowd);
      await eventually(() => {
        for (const listener of reading) expect(listener.events).toHaveLength(events);
      });
    };
    streams.touch(crowd);
    streams.touch(lone);
    await toldOnceMore();
    expect(lone.listeners.size).toBe(0);
    expect(asked).toEqual([]);
    await toldOnceMore();
    await listen({ url }, '/small');
    const log = new LogCapture({ appEnv: 'test' });
    small.changes = failure('small');
    streams.touch(small);
    await toldOnceMore();
    expect(asked).toEqual(['small']);
    expect(log.lines).toMatchObject([{ context: 'Streams', msg: 'Listeners were not told what has changed' }]);
  });
});

import type { OutgoingHttpHeaders } from 'node:http';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '../config/config.js';
import { NotReadyError, OverloadedError } from '../common/problem.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { Connections } from './connections.js';
import type { JsonSchema } from './json-schema.js';
import { Lifecycle } from './lifecycle.js';
import type { Listener, LiveTopic } from './live-topic.js';

/** Between two events of a topic: with the one that each begins with, at most five in any second. */
const PACE_MS = 250;

/** Events that are written in a second, all in all: past it the pace is slower, and buyers are served as before. */
const WRITES_PER_SECOND = 4000;

/** Listeners that are written to before others get their turn. */
const SLICE = 50;

/** Proxies cut what is silent for longer, the first of them after 30 seconds. */
const HEARTBEAT_MS = 15_000;

/** Bytes that may wait in this process for one listener, past the largest event that it was told. */
const WAITING_BYTES_MAX = 65_536;

/** When who was cut off comes back: not all together. */
const RETRY_MS = { least: 1000, spread: 4000 };

export const EVENT_STREAM = 'text/event-stream';

/** Headers of a stream, in the document. */
export const STREAM_HEADERS: Readonly<Record<string, JsonSchema>> = {
  'Cache-Control': { type: 'string', description: 'no-cache, no-transform' },
};

/**
 * Streams of events (Server-Sent Events) that say at once what has changed. What is told has no history: each stream begins
 * with the whole, the last event counts, and who takes too little of it is cut off and begins anew. So nothing is kept for
 * a listener but what Node has not written yet, and that is bounded.
 */
@Injectable()
export class LiveStreams implements OnModuleDestroy {
  private readonly logger = new Logger('Streams');
  private readonly topics = new Set<LiveTopic>();
  private readonly touched = new Set<LiveTopic>();
  private readonly perClient = new Map<string, number>();
  private telling: Promise<void> | undefined;
  private beating: NodeJS.Timeout | undefined;
  private count = 0;
  private told = 0;
  private dropped = 0;
  private readonly ending = new AbortController();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly connections: Connections,
    private readonly lifecycle: Lifecycle,
    metrics: MetricsService,
  ) {
    const add = (name: string, type: 'gauge' | 'counter', help: string, read: () => number): void =>
      metrics.add({ name, help, type }, () => [{ labels: {}, value: read() }]);
    add('checkout_live_listeners', 'gauge', 'Open streams of live stock', () => this.count);
    add('checkout_live_events_total', 'counter', 'Events that were written to listeners', () => this.told);
    add('checkout_live_dropped_total', 'counter', 'Listeners that were cut off for being slow', () => this.dropped);
  }

  onModuleDestroy(): void {
    this.endAll();
  }

  /**
   * Answers with a stream of what is told of the topic, which begins with the whole of it. To `HEAD` with its headers.
   *
   * @throws OverloadedError, NotReadyError, and what reading the topic throws: then nothing was answered.
   */
  async open(topic: LiveTopic, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    topic.arriving++;
    try {
      this.refuseWithoutRoom(request.ip);
      await topic.refresh();
      // The service may have begun to end meanwhile.
      this.refuseWithoutRoom(request.ip);
      if (request.method === 'HEAD') void reply.headers(headers()).send('');
      else this.begin(topic, request, reply);
    } finally {
      topic.arriving--;
      this.closeIfAbandoned(topic);
    }
  }

  /** Something of the topic may have changed: its listeners are told, at once or after the pause since the last event. */
  touch(topic: LiveTopic): void {
    this.touched.add(topic);
    this.telling ??= this.tell();
  }

  /** Ends all streams, as the service does before it ends: whoever listens comes back, to another instance. */
  endAll(): void {
    this.ending.abort();
    for (const { response } of [...this.all()]) {
      const isBehind = response.writableLength > 0;
      response.end(retry());
      if (isBehind) response.destroy();
    }
  }

  /** A comment, for proxies and for listeners that want to know whether the connection is alive. Who took nothing since the last one is cut off. */
  async beat(): Promise<void> {
    await this.writeAll([...this.all()], Buffer.from(': still here\n\n'), (listener) => {
      const isStuck = listener.hadWaiting && listener.response.writableLength > 0;
      listener.hadWaiting = listener.response.writableLength > 0;
      return isStuck;
    });
  }

  private refuseWithoutRoom(client: string): void {
    const { stage } = this.lifecycle;
    if (stage === 'closing' || stage === 'draining') throw new NotReadyError('The service is shutting down.');
    const { streamsMax, streamsPerClientMax } = this.config.http;
    const ofClient = this.perClient.get(client) ?? 0;
    if (this.count >= streamsMax || (streamsPerClientMax > 0 && ofClient >= streamsPerClientMax)) {
      throw new OverloadedError('Too many streams are open; read the same without `/live` now and then.');
    }
  }

  private begin(topic: LiveTopic, { ip: client, raw: { socket } }: FastifyRequest, reply: FastifyReply): void {
    const response = reply.hijack().raw;
    // Without chunks the end of the connection is the end of the stream, and an event is the same bytes for all.
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { ...(reply.getHeaders() as OutgoingHttpHeaders), ...headers() });
    const whole = Buffer.from(retry() + eventOf(topic.whole()));
    const listener = { response, client, waitingMax: WAITING_BYTES_MAX + whole.length, hadWaiting: false };
    if (socket.destroyed) return void response.destroy();
    this.connections.leaveToStream(socket, () => this.forget(topic, listener));
    topic.listeners.add(listener);
    this.topics.add(topic);
    this.count++;
    this.perClient.set(client, (this.perClient.get(client) ?? 0) + 1);
    response.write(whole);
    this.told++;
    this.beating ??= setInterval(() => void this.beat(), HEARTBEAT_MS).unref();
  }

  private forget(topic: LiveTopic, listener: Listener): void {
    if (!topic.listeners.delete(listener)) return;
    this.count--;
    const left = this.perClient.get(listener.client)! - 1;
    if (left > 0) this.perClient.set(listener.client, left);
    else this.perClient.delete(listener.client);
    this.closeIfAbandoned(topic);
    if (this.count > 0) return;
    clearInterval(this.beating);
    this.beating = undefined;
  }

  private closeIfAbandoned(topic: LiveTopic): void {
    if (topic.listeners.size > 0 || topic.arriving > 0) return;
    this.topics.delete(topic);
    this.touched.delete(topic);
    topic.close();
  }

  private *all(): Iterable<Listener> {
    for (const { listeners } of this.topics) yield* listeners;
  }

  private async tell(): Promise<void> {
    // What one commit changes is touched in one turn of the loop.
    await turn();
    while (this.touched.size > 0) {
      const topics = [...this.touched];
      this.touched.clear();
      let writes = 0;
      for (const topic of topics) writes += await this.tellListenersOf(topic);
      this.told += writes;
      const paceMs = Math.max(PACE_MS, (writes / WRITES_PER_SECOND) * 1000);
      await pause(paceMs, undefined, { signal: this.ending.signal, ref: false }).catch(() => undefined);
    }
    this.telling = undefined;
  }

  /** Returns how many were told. Nobody waits for it, and the topics after this one are to be told, too: so it never fails. */
  private async tellListenersOf(topic: LiveTopic): Promise<number> {
    // The last one may have left while others were told, and what is closed knows nothing more. Who is arriving begins with the whole.
    if (topic.listeners.size === 0) return 0;
    try {
      const changes = topic.changes();
      if (changes === null) return 0;
      // Who comes from here on has the changes in his whole.
      const listeners = [...topic.listeners];
      await this.writeAll(listeners, Buffer.from(eventOf(changes)), () => false);
      return listeners.length;
    } catch (error) {
      this.logger.error({ err: error }, 'Listeners were not told what has changed');
      return 0;
    }
  }

  /** Writes the same bytes to all, some in each turn; cuts off who has taken too little of what came before. */
  private async writeAll(listeners: readonly Listener[], bytes: Buffer, isStuck: (listener: Listener) => boolean) {
    for (const [index, listener] of listeners.entries()) {
      if (index % SLICE === SLICE - 1) await turn();
      const { response } = listener;
      if (response.destroyed || response.writableEnded) continue;
      if (response.writableLength > listener.waitingMax || isStuck(listener)) {
        this.dropped++;
        response.destroy();
      } else {
        response.write(bytes);
        listener.waitingMax = Math.max(listener.waitingMax, WAITING_BYTES_MAX + bytes.length);
      }
    }
  }
}

/** `no-transform` keeps proxies from packing it, for which they would collect it first; nginx is told in its own way. */
function headers(): Record<string, string> {
  return {
    'content-type': `${EVENT_STREAM}; charset=utf-8`,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    connection: 'close',
  };
}

function eventOf(data: object): string {
  return `event: stock\ndata: ${JSON.stringify(data)}\n\n`;
}

function retry(): string {
  return `retry: ${RETRY_MS.least + Math.floor(Math.random() * RETRY_MS.spread)}\n\n`;
}

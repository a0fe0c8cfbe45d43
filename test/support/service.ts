import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Response, Test } from 'supertest';
import { createApp } from '../../src/app.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { Connections } from '../../src/http/connections.js';
import { StockCache } from '../../src/products/stock-cache.js';

export type Body = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON object; empty when there was no body. */
  readonly body: Body;
  readonly text: string;
}

/** A running instance of the service and how to call it. */
export interface Service {
  readonly app: NestFastifyApplication;
  readonly config: Config;
  readonly url: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

export type Environment = Readonly<Record<string, string>>;

/** For tests of something else: a database or a Redis that is busy makes them wait, and fails none of them. */
export const PATIENT = {
  DB_STATEMENT_TIMEOUT_MS: '20000',
  GROUP_COMMIT_DEADLINE_MS: '25000',
  REDIS_COMMAND_TIMEOUT_MS: '10000',
} as const;

const running = new Set<Service>();

/** Starts the service on a port of its own; `overrides` are environment variables. Stopped after the file's tests. */
export async function startService(overrides: Environment = {}): Promise<Service> {
  const config = loadConfig({ ...process.env, ...overrides });
  const app = await createApp(config);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const service: Service = {
    app,
    config,
    url,
    call: (method, path, body, headers) => send(`${url}${path}`, method, body, headers),
    stop: async () => {
      if (running.delete(service)) await app.close();
    },
  };
  running.add(service);
  return service;
}

/** Has all services of the file look these products up again: a test changed them past the service. */
export function forgetProducts(ids: readonly number[]): void {
  for (const { app } of running) for (const id of ids) app.get(StockCache).invalidate(id);
}

/** A service that runs elsewhere, with the environment of the tests; its owner stops it. */
export function connectTo(url: string): Service {
  return {
    app: undefined as never,
    config: loadConfig(process.env),
    url,
    call: (method, path, body, headers) => send(`${url}${path}`, method, body, headers),
    stop: () => Promise.resolve(),
  };
}

/** Stops all services of a file, after its last test: who is still connected, because a test failed, is not waited for. */
export async function stopServices(): Promise<void> {
  for (const { app } of running) app.get(Connections).closeAll();
  await Promise.all([...running].map((service) => service.stop()));
}

/**
 * Longer than any answer takes. A connection that a process of several handed to one that was killed at that moment
 * gets none, ever; a client without a limit would wait for it as long.
 */
const ANSWERED_WITHIN_MS = 30_000;

/** Sends a body as JSON; a string goes out as it is. Every status is an answer. */
async function send(url: string, method: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const response = await new Test(url, method, '')
    .set({ ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers })
    .buffer(true)
    .parse(readText)
    .ok(() => true)
    .timeout({ response: ANSWERED_WITHIN_MS })
    .send(payload);
  const text = response.body as string;
  const isJson = response.type.includes('json');
  return {
    status: response.status,
    headers: new Headers(
      Object.entries(response.headers as Record<string, string | string[]>).map(([name, value]) => [
        name,
        String(value),
      ]),
    ),
    body: isJson && text !== '' ? (JSON.parse(text) as Body) : {},
    text,
  };
}

/** Leaves the body as it came: tests look at its text, whatever its type. */
function readText(response: Response, done: (error: Error | null, text: string) => void): void {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    // A stream has no end: its first event is its answer.
    const { 'content-type': type = '' } = response.headers as Record<string, string>;
    if (!type.includes('event-stream') || !text.includes('data:')) return;
    response.removeAllListeners();
    (response as unknown as IncomingMessage).destroy();
    done(null, text);
  });
  response.on('end', () => done(null, text));
}

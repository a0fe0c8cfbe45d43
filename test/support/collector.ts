import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.js';

interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty where it has none. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Ids of the spans that it is linked to. */
  readonly links: readonly string[];
  /** 2 where it failed. */
  readonly status: number;
  /** Of the process that made it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

/** The kinds of spans, as the protocol numbers them. */
export const KIND = { internal: 1, server: 2, client: 3, consumer: 5 };

/** An OpenTelemetry collector: takes what is sent to it by OTLP over HTTP in protobuf, and reads it. */
export class Collector {
  readonly spans: CollectedSpan[] = [];
  readonly requests: IncomingMessage[] = [];
  /** All that came, as text, to look for what should not be in it. */
  text = '';

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => {
      void collector.take(request).then(() => response.writeHead(200).end());
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The one span of a trace with this name, once it has come. */
  spanOf(traceId: string, name: string): Promise<CollectedSpan> {
    return eventually(() => {
      const found = this.spans.filter((span) => span.traceId === traceId && span.name === name);
      if (found.length !== 1)
        throw new Error(`${found.length} spans "${name}" of ${JSON.stringify(this.namesOf(traceId))}`);
      return found[0]!;
    });
  }

  namesOf(traceId: string): string[] {
    return this.spans.filter((span) => span.traceId === traceId).map(({ name }) => name);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async take(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    this.text += body.toString('latin1');
    this.spans.push(...spansIn(body));
    this.requests.push(request);
  }
}

/** Messages, texts and bytes; numbers and times are left as they are. */
type Field = readonly [number: number, value: Buffer | bigint];

/** The fields of a message, in protobuf's wire format. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = message[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const bytes = (count: number): Buffer => message.subarray(at, (at += count));
  while (at < message.length) {
    const tag = Number(varint());
    const read = { 0: varint, 1: () => bytes(8), 2: () => bytes(Number(varint())), 5: () => bytes(4) };
    fields.push([tag >> 3, read[(tag & 7) as keyof typeof read]()]);
  }
  return fields;
}

/** The fields with this number. */
function all(message: Buffer, number: number): Buffer[] {
  return fieldsOf(message).flatMap(([found, value]) => (found === number && Buffer.isBuffer(value) ? [value] : []));
}

const one = (message: Buffer, number: number): Buffer => all(message, number)[0] ?? Buffer.alloc(0);

const count = (message: Buffer, number: number): number =>
  Number(fieldsOf(message).find(([found]) => found === number)?.[1] ?? 0);

/** By the numbers of opentelemetry/proto/trace/v1/trace.proto. */
function spansIn(request: Buffer): CollectedSpan[] {
  return all(request, 1).flatMap((ofResource) => {
    const resource = attributesIn(one(ofResource, 1), 1);
    const spans = all(ofResource, 2).flatMap((ofScope) => all(ofScope, 2));
    return spans.map((span) => ({
      traceId: one(span, 1).toString('hex'),
      spanId: one(span, 2).toString('hex'),
      parentSpanId: one(span, 4).toString('hex'),
      name: one(span, 5).toString(),
      kind: count(span, 6),
      attributes: attributesIn(span, 9),
      links: all(span, 13).map((link) => one(link, 2).toString('hex')),
      status: count(one(span, 15), 3),
      resource,
    }));
  });
}

function attributesIn(message: Buffer, number: number): Record<string, unknown> {
  return Object.fromEntries(
    all(message, number).map((pair) => {
      const [[kind, value]] = fieldsOf(one(pair, 2)) as [Field];
      return [one(pair, 1).toString(), kind === 1 ? (value as Buffer).toString() : Number(value)];
    }),
  );
}

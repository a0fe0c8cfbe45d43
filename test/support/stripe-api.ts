import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ApiCall {
  readonly path: string;
  readonly authorization: string;
  readonly idempotencyKey: string;
  readonly fields: Record<string, string>;
}

type Answer = { readonly status: number; readonly body: object } | 'hang up';

/** A stand-in of Stripe's API on loopback: remembers its calls, and a key that it has seen gets the first answer. */
export class StripeApi {
  readonly calls: ApiCall[] = [];
  private readonly answered = new Map<string, Answer>();
  private readonly queued: Answer[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<StripeApi> {
    const server = createServer();
    const api = new StripeApi(server);
    server.on('request', (request: IncomingMessage, response) => {
      void api.take(request).then((answer) => {
        if (answer === 'hang up') return request.socket.destroy();
        response.writeHead(answer.status, { 'content-type': 'application/json', 'request-id': 'req_1' });
        return response.end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The next answers, each for one call; without one a refund is made. */
  answerNext(...answers: Answer[]): void {
    this.queued.push(...answers);
  }

  /** How many refunds were made, however often they were asked for. */
  get refundCount(): number {
    return [...this.answered.values()].filter((answer) => answer !== 'hang up' && answer.status === 200).length;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async take(request: IncomingMessage): Promise<Answer> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const call: ApiCall = {
      path: `${request.method} ${request.url}`,
      authorization: request.headers.authorization ?? '',
      idempotencyKey: String(request.headers['idempotency-key']),
      fields: Object.fromEntries(new URLSearchParams(text)),
    };
    this.calls.push(call);
    const queued = this.queued.shift();
    if (queued !== undefined) return queued;
    const seen = this.answered.get(call.idempotencyKey);
    if (seen !== undefined) return seen;
    const refund = {
      id: `re_${this.answered.size + 1}`,
      object: 'refund',
      status: 'pending',
      amount: Number(call.fields.amount),
    };
    const answer = { status: 200, body: refund };
    this.answered.set(call.idempotencyKey, answer);
    return answer;
  }
}

/** An error as Stripe's API writes it. */
export function apiError(status: number, type: string, message: string): Answer {
  return { status, body: { error: { type, message } } };
}

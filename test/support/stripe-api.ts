import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ApiCall {
  readonly path: string;
  readonly authorization: string;
  readonly idempotencyKey: string;
  readonly fields: Record<string, string>;
}

interface ApiAnswer {
  readonly status: number;
  /** A text is sent as it is. */
  readonly body: object | string;
}

/** What a call meets: an answer in place of Stripe's own, silence, a closed connection, or that after it was carried out. */
type Fate = ApiAnswer | 'silence' | 'hang up' | 'hang up afterwards';

export interface ApiRefund {
  readonly id: string;
  readonly object: 'refund';
  readonly payment_intent: string;
  readonly amount: number;
  readonly currency: string;
  readonly metadata: Record<string, string>;
  status: 'pending' | 'succeeded' | 'failed' | 'canceled';
  failure_reason?: string;
}

/** How long Stripe remembers a key. */
const KEY_HOURS = 24;

/**
 * A stand-in of Stripe's API on loopback that keeps its documented rules: a key gets its first answer again for a day,
 * refusals and failures included, and is refused with other parameters; a payment gives back no more than it has;
 * refunds are listed newest first, in pages. It remembers its calls.
 */
export class StripeApi {
  readonly calls: ApiCall[] = [];
  /** In the order they were made. */
  readonly refunds: ApiRefund[] = [];
  /** Whether the shop's balance is too low to give anything back. */
  isBalanceLow = false;
  /** What every call meets, whatever it is for; undefined: what it asks for. */
  fateOfAll: Fate | undefined;
  private readonly answered = new Map<string, { hour: number; fields: string; answer: ApiAnswer }>();
  private readonly paid = new Map<string, number>();
  private readonly fates: Fate[] = [];
  private hour = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<StripeApi> {
    const server = createServer();
    const api = new StripeApi(server);
    server.on('request', (request: IncomingMessage, response) => {
      void api.take(request).then((answer) => {
        if (answer === 'silence') return;
        if (answer === 'hang up') return request.socket.destroy();
        const { status, body } = answer;
        response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_1' });
        return response.end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What the next calls that would make something meet, one each. */
  answerNext(...fates: Fate[]): void {
    this.fates.push(...fates);
  }

  /** What was paid, in the currency's smallest unit; 9999 unless this says otherwise. */
  setPaid(intent: string, amount: number): void {
    this.paid.set(intent, amount);
  }

  /** What has gone back of a payment and stayed there. */
  givenBackOf(intent: string): number {
    const kept = this.refunds.filter((refund) => refund.payment_intent === intent && !isReturned(refund));
    return kept.reduce((sum, { amount }) => sum + amount, 0);
  }

  /** Somebody gives money back on the dashboard. */
  refundOutside(intent: string, amount: number): ApiRefund {
    return this.makeRefund(intent, amount, {});
  }

  /** The buyer's bank sends a refund back, days after it was made. */
  returnByBank(id: string): void {
    const refund = this.refunds.find((candidate) => candidate.id === id)!;
    Object.assign(refund, { status: 'failed', failure_reason: 'lost_or_stolen_card' });
  }

  passHours(hours: number): void {
    this.hour += hours;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async take(request: IncomingMessage): Promise<ApiAnswer | 'silence' | 'hang up'> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url!, this.url);
    const call: ApiCall = {
      path: `${request.method} ${url.pathname}`,
      authorization: request.headers.authorization ?? '',
      idempotencyKey: String(request.headers['idempotency-key'] ?? ''),
      fields: Object.fromEntries(request.method === 'GET' ? url.searchParams : new URLSearchParams(text)),
    };
    this.calls.push(call);
    const isList = call.path === 'GET /v1/refunds';
    const fate = this.fateOfAll ?? (isList ? undefined : this.fates.shift());
    if (fate === 'silence' || fate === 'hang up') return fate;
    if (isList) return fate === undefined || fate === 'hang up afterwards' ? this.list(call.fields) : fate;
    const answer = this.answerOnce(call, fate === 'hang up afterwards' ? undefined : fate);
    return fate === 'hang up afterwards' ? 'hang up' : answer;
  }

  /** A key is remembered from when the call is carried out, so not for one that was turned away before. */
  private answerOnce(call: ApiCall, instead?: ApiAnswer): ApiAnswer {
    const fields = JSON.stringify(call.fields);
    const known = this.answered.get(call.idempotencyKey);
    if (known !== undefined && this.hour - known.hour < KEY_HOURS) {
      if (known.fields === fields) return known.answer;
      return apiError(400, 'idempotency_error', 'Keys can only be used with the same parameters');
    }
    if (instead !== undefined && [401, 403, 429].includes(instead.status)) return instead;
    const answer = instead ?? this.refund(call.fields);
    this.answered.set(call.idempotencyKey, { hour: this.hour, fields, answer });
    return answer;
  }

  private refund({ payment_intent: intent = '', amount, ...rest }: ApiCall['fields']): ApiAnswer {
    const left = (this.paid.get(intent) ?? 9999) - this.givenBackOf(intent);
    const wanted = amount === undefined ? left : Number(amount);
    if (left === 0) return invalid('Charge ch_1 has already been refunded.', 'charge_already_refunded');
    if (wanted > left) return invalid(`Refund amount (${wanted}) is greater than unrefunded amount (${left})`);
    if (this.isBalanceLow) return invalid('Insufficient funds in your balance.', 'balance_insufficient');
    const metadata = Object.fromEntries(
      Object.entries(rest).flatMap(([name, value]) => {
        const [, key] = /^metadata\[(.*)\]$/.exec(name) ?? [];
        return key === undefined ? [] : [[key, value]];
      }),
    );
    return { status: 200, body: { ...this.makeRefund(intent, wanted, metadata) } };
  }

  private makeRefund(payment_intent: string, amount: number, metadata: Record<string, string>): ApiRefund {
    const id = `re_${this.refunds.length + 1}`;
    const money = { amount, currency: 'eur' };
    const refund: ApiRefund = { id, object: 'refund', payment_intent, ...money, metadata, status: 'pending' };
    this.refunds.push(refund);
    return refund;
  }

  private list({ payment_intent, starting_after, limit = '10' }: ApiCall['fields']): ApiAnswer {
    const all = this.refunds.filter((refund) => refund.payment_intent === payment_intent).reverse();
    const rest = all.slice(all.findIndex(({ id }) => id === starting_after) + 1);
    const data = rest.slice(0, Number(limit));
    return { status: 200, body: { object: 'list', url: '/v1/refunds', data, has_more: rest.length > data.length } };
  }
}

/** An error as Stripe's API writes it. */
export function apiError(status: number, type: string, message: string, code?: string): ApiAnswer {
  return { status, body: { error: { type, message, ...(code !== undefined && { code }) } } };
}

const invalid = (message: string, code?: string): ApiAnswer => apiError(400, 'invalid_request_error', message, code);

function isReturned({ status }: ApiRefund): boolean {
  return status === 'failed' || status === 'canceled';
}

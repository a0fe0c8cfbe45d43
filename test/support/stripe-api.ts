import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { sendEvent } from './payments.js';
import type { Service } from './service.js';
import { apiError, StripeAccount } from './stripe-account.js';
import type { ApiAnswer, ApiEvent, Fields } from './stripe-objects.js';

export { apiError } from './stripe-account.js';
export type { ApiRefund } from './stripe-objects.js';

export interface ApiCall {
  readonly path: string;
  readonly authorization: string;
  readonly idempotencyKey: string;
  readonly version: string;
  /** Only where it came with one. */
  readonly traceparent?: string;
  readonly fields: Fields;
}

/** What a call meets: an answer in place of Stripe's own, silence, a closed connection, or that after it was carried out. */
type Fate = ApiAnswer | 'silence' | 'hang up' | 'hang up afterwards';

type Act = () => unknown;

/** How long Stripe remembers a key. */
const KEY_HOURS = 24;

/** What each call does; `*` is the number of what it is about. */
const ROUTES: Readonly<Record<string, (account: StripeAccount, fields: Fields, id: string) => ApiAnswer>> = {
  'POST /v1/refunds': (account, fields) => account.refund(fields),
  'GET /v1/refunds': (account, fields) => account.list('refunds', fields),
  'POST /v1/payment_intents': (account, fields) => account.createIntent(fields),
  'GET /v1/payment_intents': (account, fields) => account.list('intents', fields),
  'GET /v1/payment_intents/search': (account, fields) => account.search(fields),
  'GET /v1/payment_intents/*': (account, fields, id) => account.read(id, fields),
  'POST /v1/payment_intents/*/cancel': (account, _, id) => account.cancelIntent(id),
  'POST /v1/payment_intents/*/confirm': (account, { payment_method }, id) => payBy(account, id, payment_method),
  'POST /v1/checkout/sessions': (account, fields) => account.createSession(fields),
  'GET /v1/checkout/sessions': (account, fields) => account.list('sessions', fields),
  'GET /v1/checkout/sessions/*': (account, fields, id) => account.read(id, fields),
  'POST /v1/checkout/sessions/*/expire': (account, _, id) => account.expireSession(id),
};

/**
 * A stand-in of Stripe's API on loopback: a server that keeps the rules of `stripe-rules.md`, each with where it is
 * documented. It remembers its calls, loses replies and has too much to do when a test wants it to, and sends its events
 * to our route.
 */
export class StripeApi extends StripeAccount {
  readonly calls: ApiCall[] = [];
  /** What every call meets, whatever it is for; undefined: what it asks for. */
  fateOfAll: Fate | undefined;
  /** How long each call takes. */
  latencyMs = 0;
  /** Of how many calls, carried out as they are, the reply is lost: from 0 to 1. */
  lossRate = 0;
  /** What decides which. */
  random = Math.random;
  /** Calls that each path takes in a second; more are turned away. */
  callsPerSecondMax = Infinity;
  private readonly answered = new Map<string, { hour: number; fields: string; answer: ApiAnswer }>();
  private readonly underWay = new Set<string>();
  private readonly fates: { fate: Fate; about: string }[] = [];
  private readonly interludes: { when: 'before' | 'after'; path: string; act: Act }[] = [];
  private readonly taken = new Map<string, number[]>();
  private delivered = 0;

  private constructor(private readonly server: Server) {
    super();
  }

  static async start(): Promise<StripeApi> {
    const server = createServer();
    const api = new StripeApi(server);
    server.on('request', (request, response) => void api.serve(request, response));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What the next calls that would make something meet, one each. */
  answerNext(...fates: Fate[]): void {
    this.answerNextAbout('', ...fates);
  }

  /** The same for calls about one object, where those about another may still come. */
  answerNextAbout(id: string, ...fates: Fate[]): void {
    this.fates.push(...fates.map((fate) => ({ fate, about: id })));
  }

  /**
   * Does something once while the next call of a path is under way: before it is carried out, or after that and before its
   * answer leaves.
   */
  during(path: string, when: 'before' | 'after', act: Act): void {
    this.interludes.push({ when, path, act });
  }

  /** Calls of this path. */
  callsOf(path: string): ApiCall[] {
    return this.calls.filter((call) => routeOf(call.path).name === path);
  }

  /** Somebody gives money back on the dashboard. */
  refundOutside(intent: string, amount: number) {
    return this.makeRefund(intent, amount);
  }

  /** Sends the events since the last time to our route, as `arrange` has them; what is not taken comes again, as Stripe does. */
  async deliverTo(service: Service, arrange = (events: ApiEvent[]): ApiEvent[] => events): Promise<void> {
    const fresh = this.events.slice(this.delivered);
    this.delivered = this.events.length;
    for (const event of arrange(fresh)) {
      while ((await sendEvent(service, event)).status >= 500) await pause(50);
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.take(request);
    if (answer === 'silence') return;
    if (answer === 'hang up') return void request.socket.destroy();
    const { status, body, headers } = answer;
    response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_1', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  private async take(request: IncomingMessage): Promise<ApiAnswer | 'silence' | 'hang up'> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url!, this.url);
    const { traceparent } = request.headers;
    const call: ApiCall = {
      path: `${request.method} ${url.pathname}`,
      authorization: request.headers.authorization ?? '',
      idempotencyKey: String(request.headers['idempotency-key'] ?? ''),
      version: String(request.headers['stripe-version'] ?? ''),
      ...(typeof traceparent === 'string' && { traceparent }),
      fields: Object.fromEntries(request.method === 'GET' ? url.searchParams : new URLSearchParams(text)),
    };
    this.calls.push(call);
    const isReading = request.method === 'GET';
    const fate = this.fateOfAll ?? (isReading ? undefined : this.fateOf(call));
    if (fate === 'silence' || fate === 'hang up') return fate;
    const key = isReading ? '' : call.idempotencyKey;
    if (this.underWay.has(key)) return KEY_IN_USE;
    if (key !== '') this.underWay.add(key);
    await pause(this.latencyMs);
    await this.interlude(call, 'before');
    const isOwn = fate === undefined || fate === 'hang up afterwards';
    const answer = isReading ? this.answer(call, fate) : this.answerOnce(call, isOwn ? undefined : fate);
    await this.interlude(call, 'after');
    this.underWay.delete(key);
    const isLost = (fate === 'hang up afterwards' && !isReading) || this.random() < this.lossRate;
    return isLost ? 'hang up' : answer;
  }

  private fateOf({ path }: ApiCall): Fate | undefined {
    const index = this.fates.findIndex(({ about }) => path.includes(about));
    return index < 0 ? undefined : this.fates.splice(index, 1)[0]!.fate;
  }

  private answer(call: ApiCall, fate: Fate | undefined): ApiAnswer {
    return this.turnedAway(call) ?? (typeof fate === 'object' ? fate : this.carryOut(call));
  }

  /** A key is remembered from when the call is carried out, so not for one that was turned away before. */
  private answerOnce(call: ApiCall, instead?: ApiAnswer): ApiAnswer {
    const { idempotencyKey: key } = call;
    const fields = JSON.stringify([call.path, call.fields]);
    const known = this.answered.get(key);
    if (known !== undefined && this.hour - known.hour < KEY_HOURS) {
      if (known.fields === fields) return { ...known.answer, headers: { 'idempotent-replayed': 'true' } };
      return apiError(400, 'idempotency_error', 'Keys can only be used with the same parameters');
    }
    const refused = this.turnedAway(call);
    if (refused !== null) return refused;
    if (instead !== undefined && [401, 403, 429].includes(instead.status)) return instead;
    const answer = instead ?? this.carryOut(call);
    if (key !== '') this.answered.set(key, { hour: this.hour, fields, answer });
    return answer;
  }

  private carryOut(call: ApiCall): ApiAnswer {
    const { name, id } = routeOf(call.path);
    const route = ROUTES[name];
    return route?.(this, call.fields, id) ?? apiError(404, 'invalid_request_error', `Unrecognized URL (${call.path})`);
  }

  private turnedAway({ path, authorization }: ApiCall): ApiAnswer | null {
    if (!/^Bearer \S+/.test(authorization))
      return apiError(401, 'invalid_request_error', 'You did not provide an API key.');
    const { name } = routeOf(path);
    const now = performance.now();
    const recent = (this.taken.get(name) ?? []).filter((at) => now - at < 1000);
    if (recent.length >= this.callsPerSecondMax) {
      return { ...apiError(429, 'rate_limit_error', 'Too many requests'), headers: { 'retry-after': '1' } };
    }
    this.taken.set(name, [...recent, now]);
    return null;
  }

  private async interlude(call: ApiCall, when: 'before' | 'after'): Promise<void> {
    const { name } = routeOf(call.path);
    const index = this.interludes.findIndex((interlude) => interlude.path === name && interlude.when === when);
    if (index >= 0) await this.interludes.splice(index, 1)[0]!.act();
  }
}

/** What the test cards do to a PaymentIntent. */
function payBy(account: StripeAccount, id: string, card = ''): ApiAnswer {
  if (card === 'pm_card_visa' && account.pay(id)) return account.read(id);
  if (card === 'pm_card_visa_chargeDeclined' && account.decline(id))
    return apiError(402, 'card_error', 'Your card was declined.', 'card_declined');
  return apiError(400, 'invalid_request_error', `${id} can not be paid by ${card}.`, 'payment_intent_unexpected_state');
}

const KEY_IN_USE = apiError(
  409,
  'idempotency_error',
  'There is currently another in-progress request using this Idempotent Key.',
  'idempotency_key_in_use',
);

/** The route of a path, and the number in it. */
function routeOf(path: string): { readonly name: string; readonly id: string } {
  if (path in ROUTES) return { name: path, id: '' };
  const [, before = path, id = '', after = ''] = /^(.*\/)((?:pi|cs)_[^/]+)(.*)$/.exec(path) ?? [];
  return { name: id === '' ? path : `${before}*${after}`, id };
}

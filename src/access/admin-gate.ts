import { hash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../common/problem.js';
import { gateBeforeBody } from '../http/gates.js';
import { logFieldsOf } from '../http/http-tracing.js';
import { Throttle } from '../common/throttle.js';
import { API_KEY_PREFIX, CONFIG, type Config } from '../config/config.js';
import { type Scope, scopesThatOpen } from '../http/route-rules.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { Tally } from '../metrics/samples.js';
import { CrossSiteRequestError, UnauthorizedError } from './access.errors.js';
import { ScopeMissingError } from './api-keys.errors.js';
import { ApiKeys } from './api-keys.js';
import { noteOperator, type Operator, ROOT } from './operator.js';
import { OperatorSessions } from './operator-sessions.js';
import { isOfOwnPage, sessionTokenOf } from './session-cookie.js';

/** Calls of no operator that one address may make a minute; past them it is told to wait. */
const FAILURES_PER_MINUTE = 30;

const WARNING_INTERVAL_MS = 60_000;

class TooManyFailuresError extends DomainError {
  constructor() {
    super('RATE_LIMITED', 'Too many calls from this address came without a valid key; wait as Retry-After says.');
  }
}

/** Where an operator was asked for. */
const SURFACES = ['api', 'buyers', 'queue_board'] as const;
type Surface = (typeof SURFACES)[number];

/**
 * Why one was not let in: no token or another one; a key that is wrong or revoked; a key without the scope; a session that
 * has ended; a session that another page than the console used.
 */
const REASONS = ['token', 'key', 'scope', 'session', 'cross_site'] as const;
type Reason = (typeof REASONS)[number];

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;

/**
 * Who is an operator: who has the admin token or an API key. Without a token set, only keys are. Who has one is let in
 * whatever others do from the same address: behind a proxy that is not trusted all clients have one, and a stranger could
 * lock the operators out. That costs nothing, since beyond this machine no token is short enough to be guessed.
 */
@Injectable()
export class AdminGate {
  private readonly logger = new Logger('Admin');
  private readonly warnings = new Throttle(WARNING_INTERVAL_MS);
  private readonly refusals: ReadonlyMap<Surface, Tally>;
  /** Of the admin token; null where none is set. */
  private readonly adminDigest: Buffer | null;
  private limiter: Limiter | undefined;

  constructor(
    @Inject(CONFIG) { adminToken }: Config,
    private readonly keys: ApiKeys,
    private readonly sessions: OperatorSessions,
    metrics: MetricsService,
  ) {
    this.adminDigest = adminToken === '' ? null : digestOf(adminToken);
    this.refusals = new Map(SURFACES.map((surface) => [surface, new Tally('reason', REASONS)]));
    const help = 'Calls for operators that were not let in, by where and why';
    metrics.add({ name: 'checkout_admin_refusals_total', help, type: 'counter' }, () =>
      [...this.refusals].flatMap(([surface, tally]) => tally.samples({ surface })),
    );
  }

  /** Whether it is the admin token. Digests have one length, so the comparison takes the same time whatever was sent. */
  isAdmin(token: string): boolean {
    return this.adminDigest !== null && timingSafeEqual(digestOf(token), this.adminDigest);
  }

  /** Whether a header `Authorization` is one of operators: an API key, be it right or wrong, or the admin token. */
  isOfOperators(authorization: string): boolean {
    const token = bearerOf(authorization);
    return token.startsWith(API_KEY_PREFIX) || this.isAdmin(token);
  }

  /**
   * Lets an operator with one of these scopes in, and notes who it is: by the header `Authorization`, or without one by
   * the session of the console. A database that can't be asked for a key says nothing of the key: that is answered as the
   * outage that it is.
   *
   * @throws UnauthorizedError, TooManyFailuresError, ScopeMissingError, CrossSiteRequestError
   */
  async admit(
    request: FastifyRequest,
    reply: FastifyReply,
    scopes: readonly Scope[],
    surface: Surface = 'api',
  ): Promise<Operator> {
    const { authorization } = request.headers;
    const operator = await (authorization === undefined
      ? this.signedIn(request, reply, surface)
      : this.bearer(bearerOf(authorization), request, reply, surface));
    if (!scopes.some((scope) => operator.scopes.has(scope))) {
      this.refusals.get(surface)!.add('scope');
      throw new ScopeMissingError(scopes);
    }
    noteOperator(request, operator);
    return operator;
  }

  /** What a call of no operator is answered; sets `Retry-After` once its address has had too many of them. */
  async refuse(
    request: FastifyRequest,
    reply: FastifyReply,
    surface: Surface,
    reason: Reason = 'token',
  ): Promise<DomainError> {
    this.refusals.get(surface)!.add(reason);
    const others = this.warnings.pass();
    if (others !== null) {
      this.logger.warn(
        { ...logFieldsOf(request), surface, reason, others },
        'A call for operators came without a valid key',
      );
    }
    this.limiter ??= request.server.createRateLimit({ max: FAILURES_PER_MINUTE, timeWindow: '1 minute' });
    const limit = await this.limiter(request);
    if (limit.isAllowed || !limit.isExceeded) return new UnauthorizedError();
    void reply.header('retry-after', limit.ttlInSeconds);
    return new TooManyFailuresError();
  }

  private async bearer(
    token: string,
    request: FastifyRequest,
    reply: FastifyReply,
    surface: Surface,
  ): Promise<Operator> {
    const isKey = token.startsWith(API_KEY_PREFIX);
    const operator = isKey ? await this.keys.find(token) : this.isAdmin(token) ? ROOT : null;
    if (operator === null) throw await this.refuse(request, reply, surface, isKey ? 'key' : 'token');
    return operator;
  }

  private async signedIn(request: FastifyRequest, reply: FastifyReply, surface: Surface): Promise<Operator> {
    const token = sessionTokenOf(request);
    if (token === null) throw await this.refuse(request, reply, surface);
    if (!isOfOwnPage(request)) {
      this.refusals.get(surface)!.add('cross_site');
      throw new CrossSiteRequestError();
    }
    const signedIn = await this.sessions.find(token);
    if (signedIn === null) throw await this.refuse(request, reply, surface, 'session');
    return signedIn.operator;
  }
}

/**
 * Lets to the routes of admin endpoints only operators that have the scope. The gate comes before the body is read: a
 * stranger learns nothing of what is valid, and can't make us parse anything.
 */
export function refuseStrangers(fastify: FastifyInstance, gate: AdminGate): void {
  fastify.addHook('onRoute', (route) => {
    const scope = route.config?.rules?.scope ?? null;
    if ((scope !== null) !== route.url.startsWith('/api/admin')) {
      throw new Error(`${String(route.method)} ${route.url} must be declared with a scope, like all below /api/admin`);
    }
    if (scope === null) return;
    const scopes = scopesThatOpen(String(route.method), scope);
    gateBeforeBody(route, async (request, reply) => void (await gate.admit(request, reply, scopes)));
  });
}

/** The token of a header `Authorization`, whose scheme may be in any case (RFC 9110, section 11.1); empty: there is none. */
export function bearerOf(authorization: string): string {
  return /^bearer +(.+)$/i.exec(authorization)?.[1] ?? '';
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

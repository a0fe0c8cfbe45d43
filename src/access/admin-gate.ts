import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { DomainError } from '../common/problem.js';
import { gateBeforeBody } from '../http/gates.js';
import { Throttle } from '../common/throttle.js';
import { CONFIG, type Config } from '../config/config.js';
import { MetricsService } from '../metrics/metrics.service.js';
import type { Tally } from '../metrics/samples.js';

/** Calls without the admin token that one address may make a minute; past them it is told to wait. */
const FAILURES_PER_MINUTE = 30;

const WARNING_INTERVAL_MS = 60_000;

class UnauthorizedError extends DomainError {
  constructor() {
    super('UNAUTHORIZED', 'Send "Authorization: Bearer <ADMIN_TOKEN>".');
  }
}

class TooManyFailuresError extends DomainError {
  constructor() {
    super('RATE_LIMITED', 'Too many calls from this address came without the admin token; wait as Retry-After says.');
  }
}

/** Where an operator was asked for. */
type Surface = 'api' | 'queue_board';

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;

/**
 * Who is an operator. Without a token set, nobody is. Who has the token is let in whatever others do from the same
 * address: behind a proxy that is not trusted all clients have one, and a stranger could lock the operators out. That
 * costs nothing, since beyond this machine no token is short enough to be guessed.
 */
@Injectable()
export class AdminGate {
  private readonly logger = new Logger('Admin');
  private readonly warnings = new Throttle(WARNING_INTERVAL_MS);
  private readonly refusals: Tally;
  private limiter: Limiter | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    metrics: MetricsService,
  ) {
    const help = 'Calls for operators that came without the admin token, by where';
    this.refusals = metrics.tally('checkout_admin_refusals_total', help, 'surface', ['api', 'queue_board']);
  }

  /** Whether the header `Authorization` has the admin token. */
  isAdmin(authorization: string): boolean {
    const { adminToken } = this.config;
    return adminToken !== '' && isEqual(authorization, `Bearer ${adminToken}`);
  }

  /** What a call without the token is answered; sets `Retry-After` once its address has had too many of them. */
  async refuse(request: FastifyRequest, reply: FastifyReply, surface: Surface): Promise<DomainError> {
    this.refusals.add(surface);
    const others = this.warnings.pass();
    if (others !== null) {
      this.logger.warn({ requestId: request.id, surface, others }, 'A call for operators came without the admin token');
    }
    this.limiter ??= request.server.createRateLimit({ max: FAILURES_PER_MINUTE, timeWindow: '1 minute' });
    const limit = await this.limiter(request);
    if (limit.isAllowed || !limit.isExceeded) return new UnauthorizedError();
    void reply.header('retry-after', limit.ttlInSeconds);
    return new TooManyFailuresError();
  }
}

/**
 * Lets to the routes of admin endpoints only operators. The gate comes before the body is read: a stranger learns
 * nothing of what is valid, and can't make us parse anything.
 */
export function refuseStrangers(fastify: FastifyInstance, gate: AdminGate): void {
  const admit: onRequestAsyncHookHandler = async (request, reply) => {
    if (!gate.isAdmin(request.headers.authorization ?? '')) throw await gate.refuse(request, reply, 'api');
  };
  fastify.addHook('onRoute', (route) => {
    const needsScope = (route.config?.rules?.scope ?? null) !== null;
    if (needsScope !== route.url.startsWith('/api/admin')) {
      throw new Error(`${String(route.method)} ${route.url} must be declared with a scope, like all below /api/admin`);
    }
    if (needsScope) gateBeforeBody(route, admit);
  });
}

/** Digests have one length, so the comparison takes the same time whatever was sent. */
function isEqual(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

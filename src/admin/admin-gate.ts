import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { DomainError } from '../common/problem.js';
import type { Config } from '../config/config.js';

export class UnauthorizedError extends DomainError {
  constructor() {
    super('UNAUTHORIZED', 'Send "Authorization: Bearer <ADMIN_TOKEN>".');
  }
}

/**
 * Lets to the routes of admin endpoints only who knows the admin token; without a token set, nobody. It comes before
 * the body is read: a stranger learns nothing of what is valid, and can't make us parse anything.
 */
export function refuseStrangers(fastify: FastifyInstance, { adminToken }: Config): void {
  fastify.addHook('onRoute', (route) => {
    const isForAdmins = (route.config as { isAdmin?: boolean } | undefined)?.isAdmin === true;
    if (isForAdmins !== route.url.startsWith('/api/admin')) {
      throw new Error(`${String(route.method)} ${route.url} must be declared with isAdmin, like all below /api/admin`);
    }
    if (!isForAdmins) return;
    const gate: onRequestHookHandler = (request, _reply, done) => {
      if (isAdmin(request.headers.authorization ?? '', adminToken)) done();
      else done(new UnauthorizedError());
    };
    route.onRequest = [gate, ...[route.onRequest ?? []].flat()];
  });
}

/** Whether the header `Authorization` has the admin token; without a token set, none has. */
export function isAdmin(authorization: string, adminToken: string): boolean {
  return adminToken !== '' && isEqual(authorization, `Bearer ${adminToken}`);
}

/** Digests have one length, so the comparison takes the same time whatever was sent. */
function isEqual(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
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
    if ((route.config as { isAdmin?: boolean } | undefined)?.isAdmin !== true) return;
    route.onRequest = (request, _reply, done) => {
      if (isAdmin(request.headers.authorization ?? '', adminToken)) done();
      else done(new UnauthorizedError());
    };
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

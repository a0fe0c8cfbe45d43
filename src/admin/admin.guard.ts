import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../common/problem.js';
import { CONFIG, type Config } from '../config/config.js';

export class UnauthorizedError extends DomainError {
  constructor() {
    super('UNAUTHORIZED', 'Send "Authorization: Bearer <ADMIN_TOKEN>".');
  }
}

/** Lets through who knows the admin token; without a token set, nobody. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  canActivate(context: ExecutionContext): boolean {
    const { authorization = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    if (isAdmin(authorization, this.config.adminToken)) return true;
    throw new UnauthorizedError();
  }
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

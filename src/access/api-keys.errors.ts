import { DomainError } from '../common/problem.js';
import type { Scope } from '../http/route-rules.js';

export class ApiKeyNotFoundError extends DomainError {
  constructor(id: number) {
    super('KEY_NOT_FOUND', `There is no API key ${id}; GET /api/admin/keys lists them.`);
  }
}

export class ScopeMissingError extends DomainError {
  /** @param scopes any of which would do; the last one is what the call is about. */
  constructor(scopes: readonly Scope[]) {
    super('SCOPE_MISSING', `This API key lacks the scope ${scopes.join(' or ')}.`, { scope: scopes.at(-1) });
  }
}

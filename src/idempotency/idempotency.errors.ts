import { DomainError } from '../common/problem.js';

export class IdempotencyKeyReusedError extends DomainError {
  constructor(what: 'request' | 'payment event' = 'request') {
    super('IDEMPOTENCY_KEY_REUSED', `This key came with other content before; use a new key for a new ${what}.`);
  }
}

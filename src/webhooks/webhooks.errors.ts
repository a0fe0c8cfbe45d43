import { DomainError } from '../common/problem.js';

export class SignatureInvalidError extends DomainError {
  constructor() {
    super(
      'SIGNATURE_INVALID',
      'Sign the raw body with the shared secret, and send the notice within five minutes of its timestamp.',
    );
  }
}

export class IdempotencyKeyReusedError extends DomainError {
  constructor() {
    super('IDEMPOTENCY_KEY_REUSED', 'This key came with other content before; use a new key for a new event.');
  }
}

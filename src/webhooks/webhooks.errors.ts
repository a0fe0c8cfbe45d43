import { DomainError } from '../common/problem.js';

export class SignatureInvalidError extends DomainError {
  constructor() {
    super(
      'SIGNATURE_INVALID',
      'Sign the raw body with the shared secret, and send the notice within five minutes of its timestamp.',
    );
  }
}

export class UnknownProviderError extends DomainError {
  constructor(name: string) {
    super('PROVIDER_NOT_FOUND', `There is no payment provider "${name}" with notices of its own form.`);
  }
}

export class PaymentEventNotFoundError extends DomainError {
  constructor(id: number) {
    super('PAYMENT_EVENT_NOT_FOUND', `There is no payment event ${id}; GET /api/admin/webhooks lists them.`);
  }
}

export class PaymentEventNotOwedError extends DomainError {
  constructor() {
    super('PAYMENT_EVENT_NOT_OWED', 'Only a successful payment that was not applied can be owed back.');
  }
}

export class PaymentEventNotAcceptableError extends DomainError {
  constructor() {
    super(
      'PAYMENT_EVENT_NOT_ACCEPTABLE',
      'Only a successful payment that waits for review, in the currency of an order that is there, can be accepted.',
    );
  }
}

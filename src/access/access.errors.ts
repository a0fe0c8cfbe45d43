import { DomainError } from '../common/problem.js';

export class UnauthorizedError extends DomainError {
  constructor() {
    super('UNAUTHORIZED', 'Send "Authorization: Bearer <API key or ADMIN_TOKEN>".');
  }
}

export class CrossSiteRequestError extends DomainError {
  constructor() {
    super('CROSS_SITE_REQUEST', 'The session of the console counts only for calls that its own page makes.');
  }
}

export class BuyerTokenRequiredError extends DomainError {
  constructor() {
    super('BUYER_TOKEN_REQUIRED', 'Sign in at the shop, and send its token: "Authorization: Bearer <token>".');
  }
}

/** `reason` must say nothing of what the token says. */
export class BuyerTokenInvalidError extends DomainError {
  constructor(reason: string) {
    super('BUYER_TOKEN_INVALID', `The buyer's token is not valid: ${reason}.`);
  }
}

import { DomainError } from '../common/problem.js';

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

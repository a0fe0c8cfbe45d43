import { DomainError } from '../../common/problem.js';

/** What is going on needs to know whose it is: limits count by it, and its buyer reads it. */
export class CustomerIsActiveError extends DomainError {
  constructor() {
    super('CUSTOMER_IS_ACTIVE', 'The customer has active holds or unpaid orders.');
  }
}

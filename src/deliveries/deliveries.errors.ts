import { DomainError } from '../common/problem.js';

export class EndpointNotFoundError extends DomainError {
  constructor(id: number) {
    super('ENDPOINT_NOT_FOUND', `There is no endpoint ${id}; GET /api/admin/webhook-endpoints lists them.`);
  }
}

export class DeliveryNotFoundError extends DomainError {
  constructor(id: number) {
    super('DELIVERY_NOT_FOUND', `The endpoint has no delivery ${id}, or none that is kept.`);
  }
}

export { type CheckoutClient, type ClientOptions, createCheckoutClient } from './client.js';
export type { EventOf, EventType, ShopEvent } from './events.js';
export type { components, operations, paths, webhooks } from './openapi.js';
export {
  isProblem,
  orThrow,
  type Problem,
  type ProblemCode,
  ProblemError,
  type ProblemOf,
  UnexpectedAnswerError,
} from './problems.js';
export type { RetryOptions } from './retry.js';
export { type VerifyOptions, verifyWebhook, WebhookVerificationError } from './verify.js';

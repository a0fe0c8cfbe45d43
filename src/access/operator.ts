/** Who makes operators' calls, and how a request is asked for its operator. */
import type { FastifyRequest } from 'fastify';
import { newUuid } from '../database/sql.js';
import { type Scope, SCOPES } from '../http/route-rules.js';

export interface Operator {
  /** Number of the API key; null for who needs none. */
  readonly keyId: number | null;
  /** Name of the API key; `root` has the admin token, `cli` works on the machine. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
}

const EVERY_SCOPE: ReadonlySet<Scope> = new Set(SCOPES);

export const ROOT: Operator = { keyId: null, name: 'root', scopes: EVERY_SCOPE };

const CLI: Operator = { keyId: null, name: 'cli', scopes: EVERY_SCOPE };

/** One thing that an operator does, as the audit log tells of it. */
export interface Act {
  /** Made before the first try, so that all tries are one act. */
  readonly id: string;
  readonly operator: Operator;
  /** Null where there is no request. */
  readonly requestId: string | null;
}

/** Beside the requests, not on them: buyers' requests stay as small as they are. */
const operators = new WeakMap<FastifyRequest, Operator>();

/** Notes who was let in. */
export function noteOperator(request: FastifyRequest, operator: Operator): void {
  operators.set(request, operator);
}

/** Only calls that were let in with a key or the admin token have somebody. */
export function operatorOf(request: FastifyRequest): Operator {
  const operator = operators.get(request);
  if (operator === undefined) throw new Error('The call was let in without a key');
  return operator;
}

/** What the call does. */
export function actOf(request: FastifyRequest): Act {
  return { id: newUuid(), operator: operatorOf(request), requestId: request.id };
}

/** What a command does. */
export function actOfCli(): Act {
  return { id: newUuid(), operator: CLI, requestId: null };
}

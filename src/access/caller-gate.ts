import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Config } from '../config/config.js';
import { gateBehindOthers } from '../http/gates.js';
import { isReading, type Scope } from '../http/route-rules.js';
import { BuyerTokenRequiredError } from './access.errors.js';
import type { AdminGate } from './admin-gate.js';
import { ScopeMissingError } from './api-keys.errors.js';
import type { BuyerKeys } from './buyer-keys.js';
import type { BuyerTokens } from './buyer-tokens.js';
import type { Buyer, Caller } from './caller.js';
import { buyerOf, ON_BEHALF_OF } from './on-behalf-of.js';
import type { Operator } from './operator.js';

/**
 * Tells who makes a buyers' call with an API key or the admin token: the shop's server, for the customer whom its headers
 * name, or an operator, where the call is open to him. What looks like a key is never anonymous, whatever BUYER_TOKENS
 * says. Who sends no `Authorization` pays nothing for it.
 */
export function admitShops(fastify: FastifyInstance, admins: AdminGate): void {
  fastify.decorateRequest('caller', null);
  fastify.addHook('onRoute', (route) => {
    const { buyerToken = null, openTo = [] } = route.config?.rules ?? {};
    if (buyerToken === null) return;
    const isRead = isReading(String(route.method));
    const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      const operator = await admins.admit(request, reply, [...openTo, 'sell'], 'buyers');
      request.caller = callerWith(operator, request, isRead ? openTo : []);
    };
    gateBehindOthers(route, (request, reply, done) => {
      const { authorization } = request.headers;
      if (authorization === undefined || !admins.isOfOperators(authorization)) return done();
      admit(request, reply).then(() => done(), done);
    });
  });
}

/**
 * Who acts for a customer sees what the customer sees, whatever else his key opens.
 *
 * @param seenBy scopes with which who acts for nobody sees all; none where something is done: then he acts as the shop.
 */
function callerWith({ scopes }: Operator, { headers }: FastifyRequest, seenBy: readonly Scope[]): Caller {
  if (scopes.has('sell')) {
    const buyer = buyerOf(headers);
    const isOperator = buyer === null && seenBy.some((scope) => scopes.has(scope));
    return isOperator ? OPERATOR : { kind: 'shop', buyer };
  }
  if (headers[ON_BEHALF_OF] !== undefined) throw new ScopeMissingError(['sell']);
  return OPERATOR;
}

const OPERATOR: Caller = { kind: 'operator', buyer: null };

/**
 * Tells which buyer makes a call, where BUYER_TOKENS says that tokens count. Who sends none is anonymous, and pays
 * nothing for it; a token that is not valid is never anonymous. Where one is required, who sends neither it nor a key that
 * may name an earlier request goes no further.
 */
export async function identifyCallers(
  fastify: FastifyInstance,
  { tokens: policy }: Config['buyers'],
  { keys, tokens }: { keys: BuyerKeys; tokens: BuyerTokens },
): Promise<void> {
  if (policy === 'off') return;
  await keys.load();
  const verify = async (request: FastifyRequest, buyer: Promise<Buyer>): Promise<void> => {
    request.caller = { kind: 'buyer', buyer: await buyer };
  };
  fastify.addHook('onRoute', (route) => {
    const token = route.config?.rules?.buyerToken ?? null;
    if (token === null) return;
    const isRequired = token === 'asked' && policy === 'required';
    const identify: onRequestHookHandler = (request, _reply, done) => {
      if (request.caller !== null) return done();
      const { authorization, 'idempotency-key': key } = request.headers;
      if (authorization === undefined)
        return done(isRequired && key === undefined ? new BuyerTokenRequiredError() : undefined);
      const buyer = tokens.identify(authorization);
      if (buyer instanceof Promise) return void verify(request, buyer).then(() => done(), done);
      request.caller = { kind: 'buyer', buyer };
      done();
    };
    gateBehindOthers(route, identify);
  });
}

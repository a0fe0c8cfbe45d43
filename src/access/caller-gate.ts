import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Config } from '../config/config.js';
import { gateBehindOthers } from '../http/gates.js';
import { BuyerTokenRequiredError } from './access.errors.js';
import type { AdminGate } from './admin-gate.js';
import type { BuyerKeys } from './buyer-keys.js';
import type { BuyerTokens } from './buyer-tokens.js';
import type { Buyer } from './caller.js';

/**
 * Tells who makes a buyers' call, where BUYER_TOKENS says that tokens count. Who sends none is anonymous, and pays
 * nothing for it; a token that is not valid is never anonymous. Where one is required, who sends neither it nor a key that
 * may name an earlier request goes no further.
 */
export async function identifyCallers(
  fastify: FastifyInstance,
  { tokens: policy }: Config['buyers'],
  { admins, keys, tokens }: { admins: AdminGate; keys: BuyerKeys; tokens: BuyerTokens },
): Promise<void> {
  fastify.decorateRequest('caller', null);
  if (policy === 'off') return;
  await keys.load();
  const verify = async (request: FastifyRequest, authorization: string, buyer: Promise<Buyer>): Promise<void> => {
    try {
      request.caller = { kind: 'buyer', buyer: await buyer };
    } catch (error) {
      if (!admins.isAdmin(authorization)) throw error;
      request.caller = { kind: 'shop', buyer: null };
    }
  };
  fastify.addHook('onRoute', (route) => {
    const token = route.config?.rules?.buyerToken ?? null;
    if (token === null) return;
    const isRequired = token === 'asked' && policy === 'required';
    const identify: onRequestHookHandler = (request, _reply, done) => {
      const { authorization, 'idempotency-key': key } = request.headers;
      if (authorization === undefined)
        return done(isRequired && key === undefined ? new BuyerTokenRequiredError() : undefined);
      const buyer = tokens.identify(authorization);
      if (buyer instanceof Promise) return void verify(request, authorization, buyer).then(() => done(), done);
      request.caller = { kind: 'buyer', buyer };
      done();
    };
    gateBehindOthers(route, identify);
  });
}

import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { Config } from '../config/config.js';
import { gateBehindOthers } from '../http/gates.js';
import type { RedisService } from '../redis/redis.service.js';
import { operatorOf } from './operator.js';
import { RequestCounts, SharedCounts, WINDOW_MS } from './request-counts.js';

/** What is counted: the calls of one route by an address, or by an API key. */
type Counted = Required<Pick<rateLimit.RateLimitOptions, 'max' | 'groupId'>> &
  Pick<rateLimit.RateLimitOptions, 'keyGenerator'>;

/**
 * How often one client may call, over all instances, where a route says that it is limited: an address, or an API key,
 * whose calls are for many customers and are not counted by its address. Who has a key is known by then.
 */
export async function limitRates(
  fastify: FastifyInstance,
  { rateLimitPerMinute, keyRateLimitPerMinute }: Config['http'],
  redis: RedisService,
): Promise<void> {
  const shared = new SharedCounts(redis);
  class Store extends RequestCounts {
    constructor() {
      super(shared);
    }
  }
  await fastify.register(rateLimit, { global: false, timeWindow: WINDOW_MS, enableDraftSpec: true, store: Store });
  if (rateLimitPerMinute === 0 && keyRateLimitPerMinute === 0) return;
  fastify.addHook('onRoute', (route) => {
    if (route.config?.rules?.isRateLimited !== true) return;
    const groupId = `${String(route.method)} ${route.url}`;
    const ofAddress = limit({ max: rateLimitPerMinute, groupId });
    const ofKey = limit({ max: keyRateLimitPerMinute, groupId, keyGenerator: keyNumberOf });
    const gate: onRequestAsyncHookHandler = function (request, reply) {
      return (request.caller === null ? ofAddress : ofKey).call(this, request, reply);
    };
    gateBehindOthers(route, gate);
  });

  function limit(counted: Counted): ReturnType<typeof fastify.rateLimit> {
    return counted.max === 0 ? () => Promise.resolve() : fastify.rateLimit(counted);
  }
}

function keyNumberOf(request: FastifyRequest): string {
  return `key ${operatorOf(request).keyId ?? 'root'}`;
}

import type { FastifyInstance } from 'fastify';
import { NotReadyError, OverloadedError } from '../common/problem.js';
import type { Connections } from './connections.js';
import type { Lifecycle } from './lifecycle.js';

/**
 * Refuses requests before anything looks at them: once the service drains, on connections past the limit, and where too
 * many of one connection wait. Health checks are never refused for the count of connections, and liveness goes on to the
 * end: a process that ends, or has too much to do, is not to be killed for it.
 */
export function refuseWithoutRoom(fastify: FastifyInstance, connections: Connections, lifecycle: Lifecycle): void {
  fastify.addHook('onRequest', ({ url, raw: { socket } }, reply, done) => {
    const { stage } = lifecycle;
    const isReserve = connections.isReserve(socket);
    const isCrowd = connections.hasTooManyWaiting(socket, reply.raw);
    const isServing = stage === 'serving' || stage === 'leaving';
    if (isServing && !isReserve && !isCrowd) return done();
    void reply.header('connection', 'close');
    if (isCrowd) return done(new OverloadedError('Too many requests of this connection wait for their answer.'));
    if (isReserve && !url.startsWith('/health/')) return done(new OverloadedError('Too many connections are open.'));
    if (stage !== 'draining' || url === '/health/live') return done();
    done(new NotReadyError('The service is shutting down.'));
  });
}

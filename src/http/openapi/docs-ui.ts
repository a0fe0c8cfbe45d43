import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { headPages } from '../request-head.js';
import { serveErrorPages } from './error-pages.js';

/** The documentation at /docs, served from here alone: the document's UI, and a page for each error. */
export async function serveDocs(fastify: FastifyInstance): Promise<void> {
  await fastify.register(async (scope) => {
    headPages(scope, { hasBase: false, isKept: true });
    serveErrorPages(scope);
    await scope.register(swaggerUi, { routePrefix: '/docs' });
  });
}

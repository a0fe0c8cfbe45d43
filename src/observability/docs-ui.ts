import helmet from '@fastify/helmet';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { serveErrorPages } from './error-pages.js';

/**
 * The documentation at /docs, served from here alone: the document's UI, and a page for each error. Its pages get the
 * headers of pages, at no cost to the API.
 */
export async function serveDocs(fastify: FastifyInstance): Promise<void> {
  await fastify.register(async (scope) => {
    scope.addHook('onRequest', (_request, reply, done) => {
      void reply.removeHeader('content-security-policy').removeHeader('cache-control');
      done();
    });
    await scope.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          'default-src': ["'self'"],
          // The UI writes style attributes, and shows its icons as data.
          'style-src': ["'self'", "'unsafe-inline'"],
          'img-src': ["'self'", 'data:'],
          'object-src': ["'none'"],
          'base-uri': ["'none'"],
          'frame-ancestors': ["'none'"],
        },
      },
      // Whether the service is reached by TLS alone is for what ends the TLS to say.
      strictTransportSecurity: false,
    });
    serveErrorPages(scope);
    await scope.register(swaggerUi, { routePrefix: '/docs' });
  });
}

import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { headPages } from '../request-head.js';
import { answerTagged, type TaggedAnswer, taggedAnswer } from '../tagged-answer.js';
import { serveErrorPages } from './error-pages.js';

const PATH = '/docs';

/** The documentation at /docs, served from here alone: the document's UI, and a page for each error. */
export async function serveDocs(fastify: FastifyInstance): Promise<void> {
  await fastify.register(async (scope) => {
    headPages(scope, { hasBase: false, isKept: true });
    serveErrorPages(scope);
    serveDocumentOnce(scope);
    await scope.register(swaggerUi, {
      routePrefix: PATH,
      // The scopes that a key needs.
      uiConfig: { showExtensions: true },
    });
  });
}

/** The page's own route would write the document anew for each reader, and has no tag by which to ask for a newer one. */
function serveDocumentOnce(scope: FastifyInstance): void {
  let document: TaggedAnswer | undefined;
  scope.addHook('onRoute', (route) => {
    if (route.url !== `${PATH}/json`) return;
    route.handler = (request, reply) => {
      document ??= taggedAnswer(scope.swagger());
      return reply.send(answerTagged(request, reply, document, 'no-cache'));
    };
  });
}

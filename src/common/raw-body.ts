import type { FastifyInstance, FastifyRequest } from 'fastify';

/**
 * Parses JSON as Fastify does by itself, prototype poisoning refused, of so many bytes as the route takes. A route with `keepsRawBody` in its config
 * finds the text as `request.rawBody`, for signatures over it; others do without the copy.
 */
export function parseJsonBodies(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  // Fastify takes text by default; we take JSON alone, and say 415 to the rest.
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addHook('onRoute', (route) => {
    const { bodyBytesMax } = (route.config ?? {}) as { bodyBytesMax?: number };
    if (bodyBytesMax !== undefined) route.bodyLimit = bodyBytesMax;
  });
  fastify.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    const config = request.routeOptions.config as { keepsRawBody?: boolean };
    if (config.keepsRawBody === true) (request as FastifyRequest & { rawBody?: string }).rawBody = body;
    return parse(request, body, done);
  });
}

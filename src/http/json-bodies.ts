import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UnsupportedMediaTypeError, ValidationError } from '../common/problem.js';

type RequestWithRawBody = FastifyRequest & { rawBody?: string };

/**
 * Parses JSON as Fastify does by itself, prototype poisoning refused, of so many bytes as the route takes. What would
 * be read as something else than what was sent is refused: another encoding, and text that is no Unicode.
 */
export function parseJsonBodies(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  // Fastify takes text by default; we take JSON alone, and say 415 to the rest.
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addHook('onRoute', (route) => {
    const { rules } = route.config ?? {};
    if (rules !== undefined) route.bodyLimit = rules.bodyBytesMax;
  });
  fastify.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (takesNoBody(request)) return done(null);
    const encoding = encodingFault(request);
    if (encoding !== null) return done(new UnsupportedMediaTypeError(encoding));
    if (request.routeOptions.config.rules?.takesNotices === true) {
      // What a provider's notice says is for its adapter to judge: refused here, it would come again for ever.
      (request as RequestWithRawBody).rawBody = body;
      return parse(request, body, done);
    }
    // Node puts this character in the place of bytes that are no UTF-8.
    if (body.includes('\ufffd')) return done(notUnicode('The body is not UTF-8.'));
    return parse(request, body, (error, value) => {
      if (error === null && body.includes('\\u') && !isUnicode(value)) {
        done(notUnicode('A text of the body has half of a surrogate pair, which is no character.'));
      } else done(error, value);
    });
  });
  fastify.addContentTypeParser('*', (request, payload, done) => {
    if (!takesNoBody(request)) return done(new UnsupportedMediaTypeError());
    payload.resume();
    return done(null);
  });
}

/** Whoever names a type all the same, as many clients do with each request, means nothing by it. */
function takesNoBody({ is404, routeOptions }: FastifyRequest): boolean {
  return is404 || routeOptions.config.rules?.takesBody === false;
}

/** JSON is UTF-8 (RFC 8259), and nothing here unpacks bodies. */
function encodingFault({ headers }: FastifyRequest): string | null {
  const packing = headers['content-encoding'];
  if (packing !== undefined && packing !== 'identity') return 'Send the body as it is, without Content-Encoding.';
  const type = headers['content-type'] ?? '';
  if (type === 'application/json') return null;
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(type) ?? [];
  return /^utf-?8$/i.test(charset) ? null : 'Send the body as UTF-8: JSON has no other encoding.';
}

/** Whether each text in a JSON value, names of fields included, is made of whole characters. */
function isUnicode(value: unknown): boolean {
  if (typeof value === 'string') return !/\p{Cs}/u.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, child]) => isUnicode(name) && isUnicode(child));
}

function notUnicode(detail: string): ValidationError {
  return new ValidationError(detail, []);
}

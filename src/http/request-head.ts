import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ValidationError } from '../common/problem.js';

/** Neither a line break nor a quote nor a long text finds its way into a log line or a header. */
const SENSIBLE_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Ids are a count behind a name of this process: as unique as random ones, at a hundredth of their cost. */
const prefix = randomBytes(6).toString('hex');
let count = 0;

/** The id that the client or a proxy gave the request, or a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && SENSIBLE_ID.test(given) ? given : `${prefix}-${(++count).toString(36)}`;
}

/**
 * Headers of every answer: the request's id, and what keeps browsers and caches from taking an answer for
 * something else. Plain assignments: a plugin that builds its headers for each request would cost several times that.
 */
export function headAnswers(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    void reply.header('x-content-type-options', 'nosniff');
    void reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    void reply.header('cache-control', 'no-store');
    if (hasLeft(request.raw.socket)) done(new ClientLeftError());
    else if (hasOneHost(request.raw)) done();
    else done(new ValidationError('The request needs one header "Host", not none and not several.', []));
  });
}

/**
 * The system knows of a reset before Node tells of it: the socket is not destroyed yet, and has no address any more. A
 * connection is asked for its address once, and remembers it.
 */
function hasLeft(socket: Socket): boolean {
  return socket.destroyed || socket.remoteAddress === undefined;
}

/** A reset came with the request: nobody is there to be answered, nor an address that a limit could go by. */
export class ClientLeftError extends Error {}

/**
 * RFC 9112, section 3.2. Of two hosts a proxy may go by the one and we by the other. Only `rawHeaders` has both, and a
 * loop over it makes nothing that is to be collected.
 */
function hasOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0');
}

/** Pages load from here alone and are shown in no other page. */
const PAGE_POLICY = ["default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "form-action 'self'"];

/** The pages of packages set style attributes, and have icons as data. */
const PACKAGE_POLICY = ["style-src 'self' 'unsafe-inline'", "img-src 'self' data:"];

/**
 * Headers of the pages of a scope, in place of those that the API's answers have.
 *
 * @param options.hasBase whether the pages name the base of their links, as the queue board does, which goes to this
 * service alone, too.
 * @param options.isKept whether browsers may keep them: they are the same for all.
 * @param options.isOurs whether they are made here, and so need no exception from the policy.
 */
export function headPages(
  scope: FastifyInstance,
  options: { hasBase: boolean; isKept: boolean; isOurs?: boolean },
): void {
  const base = `base-uri ${options.hasBase ? "'self'" : "'none'"}`;
  const policy = [...PAGE_POLICY, ...(options.isOurs ? [] : PACKAGE_POLICY), base].join('; ');
  scope.addHook('onRequest', (_request, reply, done) => {
    void reply.header('content-security-policy', policy);
    // For browsers that know no frame-ancestors.
    void reply.header('x-frame-options', 'DENY');
    void reply.header('referrer-policy', 'no-referrer');
    void reply.header('cross-origin-opener-policy', 'same-origin');
    if (options.isKept) void reply.removeHeader('cache-control');
    done();
  });
}

/**
 * Some proxies write a client's port behind its address, and each connection has another one: counted with it, each
 * would be a client of its own. Only for a service that believes the header at all.
 */
export function forgetClientPorts(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    const forwarded = headers['x-forwarded-for'];
    // Several headers of this name are one text here.
    if (typeof forwarded === 'string' && forwarded.includes(':')) {
      headers['x-forwarded-for'] = forwarded.split(',').map(addressOf).join(',');
    }
    done();
  });
}

/** `203.0.113.7:4711` → `203.0.113.7`, `[2001:db8::7]:4711` → `2001:db8::7`; all else as it is. */
function addressOf(given: string): string {
  const address = given.trim();
  const [, ipv6, ipv4] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(address) ?? [];
  const bare = ipv6 ?? ipv4 ?? '';
  return isIP(bare) === 0 ? address : bare;
}

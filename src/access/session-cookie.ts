/** The cookie of who is signed in at the console, and for which requests it counts. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isReading } from '../http/route-rules.js';

const NAME = 'console_session';

/** Sent to operators' calls alone, and to none of the pages or buyers' calls. */
const PATH = '/api/admin';

const COOKIE = new RegExp(`(?:^|; *)${NAME}=([^;]*)`, 'g');

/** What the console's own script sends with what it changes; a form or a link can't, and a script of another origin needs leave. */
const PAGE_HEADER = 'console-request';

/**
 * The session that a request names; null: none. Of two cookies one is none of ours: a page of a neighbouring host can set
 * one, so neither counts.
 */
export function sessionTokenOf({ headers: { cookie } }: FastifyRequest): string | null {
  if (cookie === undefined) return null;
  const [token, another] = [...cookie.matchAll(COOKIE)].map(([, value]) => value!);
  return token === undefined || another !== undefined ? null : token;
}

/**
 * Whether it was the console's own page that sent a request, and no other site in the operator's browser. The cookie is
 * SameSite=Strict already; that leaves the pages of neighbouring hosts (`shop.example` beside `console.example`). What is
 * changed needs two proofs more: a header that no form can send, and a browser that says where it comes from, in
 * `Sec-Fetch-Site`, or, where that is missing (plain http beyond this machine), in `Origin`.
 */
export function isOfOwnPage({ method, headers, host }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (isReading(method)) return site === undefined || site === 'same-origin' || site === 'none';
  if (headers[PAGE_HEADER] === undefined) return false;
  return site === undefined ? hostOf(headers.origin) === host : site === 'same-origin';
}

export function setSession(request: FastifyRequest, reply: FastifyReply, token: string, seconds: number): void {
  // A proxy may be the end of https, and not be trusted to say so: the browser knows where its page came from.
  const isSecure = request.protocol === 'https' || request.headers.origin?.startsWith('https://') === true;
  const attributes = [
    `Path=${PATH}`,
    `Max-Age=${seconds}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(isSecure ? ['Secure'] : []),
  ];
  void reply.header('set-cookie', [`${NAME}=${token}`, ...attributes].join('; '));
}

export function clearSession(request: FastifyRequest, reply: FastifyReply): void {
  setSession(request, reply, '', 0);
}

function hostOf(origin: string | undefined): string | null {
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).host : null;
}

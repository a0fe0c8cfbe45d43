import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JsonSchema } from './json-schema.js';

/** A figure is at most a second old here, and one more in whatever cache it is read from. */
const CACHE_CONTROL = 'public, max-age=1';

/** Headers of what anybody may read. */
export const PUBLIC_READ_HEADERS: Readonly<Record<string, JsonSchema>> = {
  ETag: { type: 'string', description: 'Of the whole answer, less the time; send it as `If-None-Match`' },
  'Cache-Control': { type: 'string', description: CACHE_CONTROL },
};

export const NOT_MODIFIED = { 304: { description: 'The answer is the one that the client has' } };

/** The tag of what operators alone set: it guards their changes, and nothing that buyers do moves it. */
export const OPERATOR_ETAG: Readonly<Record<string, JsonSchema>> = {
  ETag: {
    type: 'string',
    description: 'Of what operators set; no hold changes it. Send it as `If-Match` with a change',
  },
};

export const IF_MATCH: Readonly<Record<string, JsonSchema>> = {
  'if-match': {
    type: 'string',
    description: 'The `ETag` of what the change is made for; none: whatever it is',
  },
};

/** JSON that is the same for all who ask for it, with the tag by which they learn that they have it already. */
export interface TaggedAnswer {
  readonly text: string;
  /** As the header `ETag` says it, quotes included. */
  readonly etag: string;
}

/** The tag of a text: equal for equal texts, and only for them. */
export function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

export function taggedAnswer(value: unknown): TaggedAnswer {
  const text = JSON.stringify(value);
  return { text, etag: etagOf(text) };
}

/**
 * Sets the headers of a tagged answer, and its status 304 when the client has it (RFC 9110, section 13.1.2).
 *
 * @returns the body to send; undefined for none.
 */
export function answerTagged(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { text, etag }: TaggedAnswer,
  cacheControl = CACHE_CONTROL,
): string | undefined {
  void reply.header('etag', etag);
  void reply.header('cache-control', cacheControl);
  const known = headers['if-none-match'];
  if (known !== undefined && isAnyOf(known, etag)) {
    void reply.code(304);
    return undefined;
  }
  void reply.header('content-type', 'application/json; charset=utf-8');
  return text;
}

/** Whether a header `If-Match` names the tag (RFC 9110, section 13.1.1); none is no condition. */
export function isExpected(ifMatch: string | undefined, etag: string): boolean {
  return ifMatch === undefined || ifMatch.trim() === '*' || ifMatch.split(',').some((tag) => tag.trim() === etag);
}

/** Caches may have weakened the tag: what is read for is the same then, too. */
function isAnyOf(known: string, etag: string): boolean {
  return known.trim() === '*' || known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

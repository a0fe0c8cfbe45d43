import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

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
  cacheControl: string,
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

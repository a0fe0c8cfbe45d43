import type { FastifyReply } from 'fastify';
import { type DomainError, problemDocument } from '../common/problem.js';
import { type ProblemDefinition, PROBLEMS } from '../common/problem-catalogue.js';

/** What of an error is told. */
export type Problem = Pick<DomainError, 'code' | 'detail' | 'extensions' | 'retryAfterSeconds'>;

/** Answers with a problem document and the headers that belong to its code, unless they are set already. */
export function answerProblem(
  reply: FastifyReply,
  { code, detail, extensions, retryAfterSeconds: known }: Problem,
): void {
  const { status, retryAfterSeconds, challenge }: ProblemDefinition = PROBLEMS[code];
  if (known !== undefined) void reply.header('retry-after', known);
  else if (typeof retryAfterSeconds === 'object' && !reply.hasHeader('retry-after')) {
    void reply.header('retry-after', randomInteger(retryAfterSeconds));
  }
  if (challenge !== undefined && !reply.hasHeader('www-authenticate')) void reply.header('www-authenticate', challenge);
  void reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .send(problemDocument(code, detail, extensions));
}

function randomInteger({ min, max }: { readonly min: number; readonly max: number }): number {
  return min + Math.floor(Math.random() * (max - min + 1));
}

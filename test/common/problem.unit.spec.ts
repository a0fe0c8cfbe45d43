import { describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { answerProblem } from '../../src/http/problem-answer.js';
import type { ProblemDefinition } from '../../src/common/problem-catalogue.js';
import { DomainError, problemDocument, type ProblemCode, PROBLEMS } from '../../src/common/problem.js';

const CODES = Object.keys(PROBLEMS) as ProblemCode[];

describe('the catalogue of codes', () => {
  it.each(CODES)('%s has a stable form, an error status and a title', (code) => {
    const { status, title, cause, remedy } = PROBLEMS[code];
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect([cause, remedy]).toEqual([expect.stringMatching(/^[A-Z].*\.$/), expect.stringMatching(/^[A-Z].*\.$/)]);
  });

  it('tells when to try again exactly for what may succeed later: 429 and 503', () => {
    const retryable = CODES.filter((code) => 'retryAfterSeconds' in PROBLEMS[code]);
    expect(retryable).toEqual(CODES.filter((code) => [429, 503].includes(PROBLEMS[code].status)));
  });
});

describe('problemDocument', () => {
  it('is a document of RFC 9457 with the code and the extensions', () => {
    expect(problemDocument('INSUFFICIENT_STOCK', '2 units are available.', { available_stock: 2 })).toEqual({
      type: '/docs/errors/INSUFFICIENT_STOCK',
      title: 'Not enough units are available',
      status: 409,
      detail: '2 units are available.',
      code: 'INSUFFICIENT_STOCK',
      available_stock: 2,
    });
  });
});

describe('an answer', () => {
  it.each(CODES)('with %s has the headers of its code', async (code) => {
    const server = fastify();
    server.get('/', (_request, reply) => answerProblem(reply, { code, detail: 'Why.' }));
    const answers = await Promise.all(Array.from({ length: 200 }, () => server.inject('/')));
    await server.close();
    const { status, retryAfterSeconds, challenge }: ProblemDefinition = PROBLEMS[code];
    const pauses = new Set(answers.map(({ headers }) => headers['retry-after']));
    const { min, max } = retryAfterSeconds ?? { min: 0, max: -1 };
    const expected = Array.from({ length: max - min + 1 }, (_, index) => String(min + index));
    expect([...pauses].sort()).toEqual(retryAfterSeconds === undefined ? [undefined] : expected);
    expect(answers[0]!.headers['www-authenticate']).toBe(challenge);
    expect(challenge !== undefined).toBe(status === 401);
  });

  it('by load tells clients to come back at a random moment within five seconds, not together', () => {
    for (const code of ['OVERLOADED', 'UNAVAILABLE'] as const) {
      expect(PROBLEMS[code].retryAfterSeconds).toEqual({ min: 1, max: 5 });
    }
  });
});

describe('DomainError', () => {
  it('is an error with the public detail for a message, and leaves the stacks of others alone', () => {
    const limit = Error.stackTraceLimit;
    const error = new DomainError('HOLD_EXPIRED', 'Too late.');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ message: 'Too late.', name: 'DomainError', code: 'HOLD_EXPIRED' });
    expect(Error.stackTraceLimit).toBe(limit);
  });
});

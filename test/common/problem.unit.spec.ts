import { describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { answerProblem } from '../../src/http/problem-answer.js';
import type { ProblemDefinition } from '../../src/common/problem-catalogue.js';
import { filesBelow, readDocument } from '../support/documents.js';
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

  it('has each code in one of its parts alone', () => {
    const parts = filesBelow('src/common/problems').map(readDocument);
    const said = parts.flatMap((part) => [...part.matchAll(/^ {2}([A-Z_]+): \{$/gm)].map(([, code]) => code));
    expect(said.sort()).toEqual([...CODES].sort());
  });

  it('tells when to try again exactly for what may succeed later: 429, 503, and what has a known instant', () => {
    const retryable = CODES.filter((code) => 'retryAfterSeconds' in PROBLEMS[code]);
    const expected = CODES.filter((code) => [429, 503].includes(PROBLEMS[code].status) || code === 'SALE_NOT_STARTED');
    expect(retryable).toEqual(expected);
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
    const { min, max } = typeof retryAfterSeconds === 'object' ? retryAfterSeconds : { min: 0, max: -1 };
    const expected = Array.from({ length: max - min + 1 }, (_, index) => String(min + index));
    expect([...pauses].sort()).toEqual(typeof retryAfterSeconds === 'object' ? expected : [undefined]);
    expect(answers[0]!.headers['www-authenticate']).toBe(challenge);
    expect(challenge !== undefined).toBe(status === 401);
  });

  it('tells the time to an instant that is known as it is, without any spread', async () => {
    const server = fastify();
    server.get('/', (_request, reply) =>
      answerProblem(reply, { code: 'SALE_NOT_STARTED', detail: 'Why.', retryAfterSeconds: 42 }),
    );
    const answers = await Promise.all(Array.from({ length: 50 }, () => server.inject('/')));
    await server.close();
    expect(new Set(answers.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['42']));
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

import { describe, expect, it } from '@jest/globals';
import { DomainError, problemDocument, type ProblemCode, PROBLEMS } from '../../src/common/problem.js';

const CODES = Object.keys(PROBLEMS) as ProblemCode[];

describe('the catalogue of codes', () => {
  it.each(CODES)('%s has a stable form, an error status and a title', (code) => {
    const { status, title } = PROBLEMS[code];
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
  });

  it('tells when to try again exactly for what may succeed later: 429 and 503', () => {
    const retryable = CODES.filter((code) => 'retryAfterSeconds' in PROBLEMS[code]);
    expect(retryable).toEqual(CODES.filter((code) => [429, 503].includes(PROBLEMS[code].status)));
  });
});

describe('problemDocument', () => {
  it('is a document of RFC 9457 with the code and the extensions', () => {
    expect(problemDocument('INSUFFICIENT_STOCK', '2 units are available.', { available_stock: 2 })).toEqual({
      type: 'urn:problem:insufficient-stock',
      title: 'Not enough units are available',
      status: 409,
      detail: '2 units are available.',
      code: 'INSUFFICIENT_STOCK',
      available_stock: 2,
    });
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

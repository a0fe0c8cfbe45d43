import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  addSeconds,
  isoTime,
  jsonLiteral,
  listOf,
  newUuid,
  timestampLiteral,
  uintLiteral,
  uuidFromBinary,
  uuidLiteral,
} from '../../src/database/sql.js';

const ID = '019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11';

describe('literals', () => {
  it('write only what they say they write', () => {
    expect(uintLiteral(9_007_199_254_740_991)).toBe('9007199254740991');
    expect(uuidLiteral(ID)).toBe('0x019a7c5e3f107c4e9b1d2f6a8e0c4d11');
    expect(timestampLiteral('2026-01-02 03:04:05.678')).toBe("'2026-01-02 03:04:05.678'");
    expect(listOf([1, 2], uintLiteral)).toBe('(1,2)');
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1 OR 1=1' as unknown as number])(
    'refuse %s as a number',
    (value) => {
      expect(() => uintLiteral(value)).toThrow(RangeError);
    },
  );

  it('write JSON, or any text, so that a server reads it as it was', () => {
    const controls: Readonly<Record<string, string>> = { 0: '\0', b: '\b', t: '\t', n: '\n', r: '\r', Z: '\x1a' };
    const read = (literal: string): string => {
      expect(literal).toMatch(/^'(?:[^'\\]|\\[^])*'$/);
      return literal.slice(1, -1).replace(/\\([^])/g, (_, escaped: string) => controls[escaped] ?? escaped);
    };
    expect(jsonLiteral('{"a":"b"}')).toBe(`'{"a":"b"}'`);
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string({ unit: fc.constantFrom(...`'"\\\0\n\x1aé`) })), (text) => {
        expect(read(jsonLiteral(text))).toBe(text);
      }),
    );
  });

  it('let no text through that is not an id or a time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(() => uuidLiteral(text)).toThrow(RangeError);
        expect(() => timestampLiteral(text)).toThrow(RangeError);
        expect(() => uuidLiteral(`${ID}${text || "'"}`)).toThrow(RangeError);
      }),
    );
  });
});

describe('uuids', () => {
  it('come back from their binary form as they went in', () => {
    expect(uuidFromBinary(Buffer.from(uuidLiteral(ID).slice(2), 'hex'))).toBe(ID);
  });

  it('are version 7, in the order of their time, and not to be guessed from their neighbour', () => {
    const ids = Array.from({ length: 1000 }, () => newUuid());
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const times = ids.map((id) => id.slice(0, 13));
    expect(times).toEqual([...times].sort());
    // Neighbours differ in their random bits by more than a count.
    const tails = ids.map((id) => Number.parseInt(id.slice(-12), 16));
    const steps = tails.slice(1).map((tail, index) => Math.abs(tail - tails[index]!));
    expect(Math.min(...steps)).toBeGreaterThan(1000);
  });
});

describe('times', () => {
  it('are ISO 8601 in UTC with milliseconds', () => {
    expect(isoTime('2026-01-02 03:04:05.678')).toBe('2026-01-02T03:04:05.678Z');
  });

  it('move by whole seconds over the ends of days and years', () => {
    expect(addSeconds('2026-12-31 23:59:59.999', 1)).toBe('2027-01-01 00:00:00.999');
    expect(addSeconds('2026-01-01 00:00:00.001', 120)).toBe('2026-01-01 00:02:00.001');
  });
});

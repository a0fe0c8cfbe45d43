import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { narrowed, NUMBER_MAX, type RowRange, rowsIn } from '../../src/database/row-range.js';
import { addMilliseconds } from '../../src/database/sql.js';
import { execute, query } from '../support/database.js';

/** Rows whose numbers have gaps, and whose times rise with them but for some seconds. */
const ROWS = 20_000;
const [STEP_MS, DISORDER_MS] = [10_000, 45_000];

/** A time by the milliseconds since the first row was made. */
const at = (ms: number): string => addMilliseconds('2026-01-01 00:00:00.000', ms);

/** The same numbers in each run. */
const scatter = (n: number, range: number): number => (n * 7919 + n * n * 104_729) % range;

const ALL: RowRange = { above: 0, below: NUMBER_MAX, from: null, to: null, order: 'ASC', limit: ROWS };

const rows: { readonly id: number; readonly created_at: string }[] = [];
let statements: string[] = [];
const read = async <Row>(sql: string): Promise<Row[]> => {
  statements.push(sql);
  return (await query<object>(sql)) as Row[];
};

beforeAll(async () => {
  for (let n = 1; n <= ROWS; n++) {
    const id = n * 10 + scatter(n, 9);
    rows.push({ id, created_at: at(n * STEP_MS + scatter(n, DISORDER_MS)) });
  }
  await execute(
    'CREATE TABLE made (id BIGINT UNSIGNED PRIMARY KEY, created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3))',
  );
  await execute('INSERT INTO made VALUES ?', [rows.map(({ id, created_at }) => [id, created_at])]);
});

afterAll(() => execute('DROP TABLE made'));

async function idsIn(range: RowRange): Promise<number[]> {
  const found = await query<{ id: number }>(`SELECT id FROM made ${rowsIn(range, 'made')}`);
  return found.map(({ id }) => id);
}

it('finds all rows of a time and no others, though numbers have gaps and neighbours are out of order', async () => {
  const lastMs = (ROWS + 10) * STEP_MS;
  const time = fc.option(fc.integer({ min: -STEP_MS, max: lastMs }).map(at));
  await fc.assert(
    fc.asyncProperty(time, time, async (from, to) => {
      const isIn = ({ created_at }: { created_at: string }) =>
        (from === null || created_at >= from) && (to === null || created_at < to);
      const range = await narrowed({ ...ALL, from, to }, 'made', read);
      expect(await idsIn(range)).toEqual(rows.filter(isIn).map(({ id }) => id));
    }),
    { numRuns: 30 },
  );
});

it('reads little for it: of a day among the days of two months, a few numbers beside its own', async () => {
  statements = [];
  const [from, to] = [at(86_400_000), at(90_000_000)];
  const { above, below } = await narrowed({ ...ALL, from, to }, 'made', read);
  expect(below - above).toBeLessThan(10_000);
  expect(statements.length).toBeLessThan(20);
});

it('asks nothing where no time is wanted, and keeps what is closer already', async () => {
  statements = [];
  expect(await narrowed(ALL, 'made', read)).toBe(ALL);
  expect(statements).toEqual([]);
  const close = { ...ALL, above: 150_000, below: 150_100, from: at(0) };
  expect(await narrowed(close, 'made', read)).toMatchObject({ above: 150_000, below: 150_100 });
});

it('finds nothing in a table without rows', async () => {
  await execute('CREATE TABLE unmade LIKE made');
  const range = await narrowed({ ...ALL, from: at(0) }, 'unmade', read);
  expect(await query(`SELECT id FROM unmade ${rowsIn(range, 'unmade')}`)).toEqual([]);
  await execute('DROP TABLE unmade');
});

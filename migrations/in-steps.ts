import type { QueryRunner } from 'typeorm';

/** How often a step is tried that a sale is in the way of. */
const TRIES_MAX = 20;

/** ER_LOCK_WAIT_TIMEOUT and ER_LOCK_DEADLOCK: the statement is taken back as a whole. */
const IN_THE_WAY: readonly unknown[] = [1205, 1213];

/** Rows that one statement takes: their locks are held for some milliseconds. */
const STEP = 2000;

/**
 * Runs a statement for the rows of a table, some at a time and each time committed by itself, so that a sale which goes
 * on waits for none of them. Steps are counted in rows, since a restored database leaves wide gaps in its numbers.
 *
 * @param statement SQL for the rows whose id is above `from` and at most `to`
 */
export async function inSteps(
  runner: QueryRunner,
  table: string,
  statement: (from: number, to: number) => string,
): Promise<void> {
  for (let from = 0; ;) {
    const [row] = await runner.manager.query<{ last: number | null }[]>(
      `SELECT MAX(id) AS last FROM (SELECT id FROM ${table} WHERE id > ${from} ORDER BY id LIMIT ${STEP}) step`,
    );
    if (row!.last === null) return;
    await untilDone(runner, statement(from, Number(row!.last)));
    from = Number(row!.last);
  }
}

/** A step that gives way to a sale has done nothing, and is done again. */
async function untilDone(runner: QueryRunner, statement: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await runner.query(statement);
      return;
    } catch (error) {
      const { errno } = (error as { driverError: { errno?: number } }).driverError;
      if (!IN_THE_WAY.includes(errno) || tries === TRIES_MAX) throw error;
    }
  }
}

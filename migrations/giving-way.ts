import { setTimeout as pause } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';

/** About ten minutes: longer than a report or a backup keeps a table open. */
const TRIES_MAX = 200;
const PAUSE_MS = 2000;

/** ER_LOCK_WAIT_TIMEOUT */
const NOT_GRANTED = 1205;

/**
 * Runs an ALTER that needs its table for an instant only. It waits until all transactions that use the table have ended,
 * and whoever comes meanwhile waits behind it: one forgotten transaction would keep every buyer waiting. So it gives way
 * after a second, and tries again.
 */
export async function givingWay(runner: QueryRunner, statement: string): Promise<void> {
  await runner.query('SET SESSION lock_wait_timeout = 1');
  try {
    for (let tries = 1; !(await isDone(runner, statement, tries)); tries++) await pause(PAUSE_MS);
  } finally {
    await runner.query('SET SESSION lock_wait_timeout = DEFAULT');
  }
}

async function isDone(runner: QueryRunner, statement: string, tries: number): Promise<boolean> {
  try {
    await runner.query(statement);
    return true;
  } catch (error) {
    const { errno } = (error as { driverError: { errno?: number } }).driverError;
    if (errno !== NOT_GRANTED || tries >= TRIES_MAX) throw error;
    return false;
  }
}

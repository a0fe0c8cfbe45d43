import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';

/** `npm run test:fresh`, which needs root as the suites here do, ended before it is done: nothing of the room is left. */
const ROOT = join(import.meta.dirname, '../..');

interface Run {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<number | null>;
  output: string;
}

const running = new Set<Run>();
afterEach(async () => {
  for (const run of running) run.process.kill('SIGTERM');
  await Promise.all([...running].map(({ ended }) => ended));
});

function start(): Run {
  const child = spawn(process.execPath, [join(ROOT, 'scripts/rooms/fresh.mjs')], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Not `close`: what a killed run leaves behind in the room has its output, for as long as a whole suite takes.
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const run: Run = { process: child, ended, output: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (run.output += text));
  }
  running.add(run);
  void ended.then(() => running.delete(run));
  return run;
}

/** The room's folder, once there is one. */
function roomOf(run: Run): Promise<string> {
  return eventually(() => {
    const [, room] = /Unpacking the room \((.+)\)/.exec(run.output) ?? [];
    if (room === undefined) throw new Error(`There is no room: ${run.output}`);
    return room;
  }, 300_000);
}

/** The processes of this machine whose root is the room. */
function inhabitants(room: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/root`).startsWith(room);
    } catch {
      return false;
    }
  });
}

function expectNothingLeft(room: string): void {
  expect(inhabitants(room)).toEqual([]);
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(room);
  expect(existsSync(room)).toBe(false);
}

/** Until a newcomer is inside and has started something. */
const untilInhabited = (room: string) => eventually(() => expect(inhabitants(room).length).toBeGreaterThan(1), 120_000);

describe('a room that is left early', () => {
  it('by a signal takes its processes, mounts and folder along', async () => {
    const run = start();
    const room = await roomOf(run);
    await untilInhabited(room);
    run.process.kill('SIGTERM');
    expect(await run.ended).toBe(1);
    expectNothingLeft(room);
  });

  it('while it is furnished does so, too', async () => {
    const run = start();
    const room = await roomOf(run);
    run.process.kill('SIGTERM');
    expect(await run.ended).toBe(1);
    expectNothingLeft(room);
  });

  it('by SIGKILL is taken down by the next run', async () => {
    const killed = start();
    await untilInhabited(await roomOf(killed));
    killed.process.kill('SIGKILL');
    await killed.ended;
    const next = start();
    const room = await roomOf(next);
    expect(inhabitants(room)).toEqual([]);
    next.process.kill('SIGTERM');
    expect(await next.ended).toBe(1);
    expectNothingLeft(room);
  });
});

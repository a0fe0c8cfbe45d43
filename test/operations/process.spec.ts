import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type ChildService, killChildren, spawnChild, START_CAP_MS, startChild } from '../support/child-service.js';
import { eventually } from '../support/eventually.js';
import { childrenOf } from '../support/processes.js';

const dir = mkdtempSync(join(tmpdir(), 'process-'));

afterAll(() => {
  killChildren();
  rmSync(dir, { recursive: true });
});

/** A pipe that somebody has open to read and never reads, full to the last byte. */
function openFullPipe(name: string): { readonly fd: number; close(): void } {
  const path = join(dir, name);
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(reader, '\n');
  } catch (error) {
    if ((error as { code?: string }).code !== 'EAGAIN') throw error;
  }
  const fd = openSync(path, constants.O_WRONLY);
  return {
    fd,
    close: () => {
      closeSync(fd);
      closeSync(reader);
    },
  };
}

async function liveness(child: ChildService): Promise<number> {
  return (await fetch(`${child.url}/health/live`)).status;
}

describe('a service whose logs nobody reads', () => {
  it.each(['1', '2'])('of %s processes starts, answers and ends in time when the pipe is full', async (concurrency) => {
    const pipe = openFullPipe(`full-${concurrency}`);
    const child = await startChild(
      { APP_ENV: 'test', LOG_LEVEL: 'debug', WEB_CONCURRENCY: concurrency },
      { stdio: ['ignore', pipe.fd, pipe.fd] },
    );
    expect(await liveness(child)).toBe(200);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    pipe.close();
  });

  it('replaces a worker that was killed when the reader is gone', async () => {
    const child = await startChild({ APP_ENV: 'test', LOG_LEVEL: 'debug', WEB_CONCURRENCY: '2' });
    for (const stream of [child.process.stdout, child.process.stderr]) stream!.destroy();
    for (let deaths = 0; deaths < 2; deaths++) {
      const before = await eventually(() => {
        const pids = childrenOf(child.process.pid!);
        expect(pids).toHaveLength(2);
        return pids;
      });
      process.kill(before[0]!, 'SIGKILL');
      await eventually(() => {
        const after = childrenOf(child.process.pid!);
        expect(after).toHaveLength(2);
        expect(after).not.toContain(before[0]);
      });
    }
    await eventually(async () => expect(await liveness(child)).toBe(200));
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  });
});

describe('SIGTERM during the start', () => {
  it.each([
    ['a process', [], '1'],
    // Whose default for a signal is to ignore it.
    ['the first process of a container', ['unshare', '--pid', '--fork', '--kill-child'], '1'],
    ['the first process of a container, with workers', ['unshare', '--pid', '--fork', '--kill-child'], '2'],
  ])('ends %s with code 0', async (_case, runner, concurrency) => {
    // A database that takes connections and says nothing: the start waits for it.
    let isAsked = false;
    const database = createServer(() => (isAsked = true));
    await new Promise<void>((listening) => database.listen(0, '127.0.0.1', listening));
    const { port } = database.address() as AddressInfo;
    const child = await spawnChild({ DB_PORT: String(port), WEB_CONCURRENCY: concurrency }, { runner });
    await eventually(() => expect(isAsked).toBe(true), START_CAP_MS);
    const pid = runner.length === 0 ? child.process.pid! : childrenOf(child.process.pid!)[0]!;
    process.kill(pid, 'SIGTERM');
    expect(await child.exited).toBe(0);
    expect(child.output()).not.toContain('could not');
    database.close();
  });
});

import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import type { Environment } from './service.js';

const ROOT = join(import.meta.dirname, '../..');

/** The built service in a process of its own, for tests that signal or kill it. */
export interface ChildService {
  readonly url: string;
  readonly process: ChildProcess;
  /** Everything it wrote. */
  output(): string;
  /** Resolves when the process has ended, with its exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

const children = new Set<ChildProcess>();

/** A start takes seconds; beside the starts of ten others it may take a minute and more. */
export const START_CAP_MS = 180_000;

/** Starts the built service with the run's servers and `overrides`; ready when this resolves. */
export async function startChild(overrides: Environment = {}, start: Start = {}): Promise<ChildService> {
  const child = await spawnChild(overrides, start);
  let hasEnded = false;
  void child.exited.then(() => (hasEnded = true));
  await eventually(async () => {
    if (!hasEnded) await fetch(`${child.url}/health/live`);
  }, START_CAP_MS);
  if (hasEnded) throw new Error(`The service ended with ${child.process.exitCode}: ${child.output()}`);
  return child;
}

/** How a process is started, where the usual way is not what is tried. */
interface Start {
  readonly stdio?: StdioOptions;
  /** A command that runs another, the service. */
  readonly runner?: readonly string[];
}

/** Starts the built service and does not wait for it. */
export async function spawnChild(overrides: Environment = {}, start: Start = {}): Promise<ChildService> {
  const port = Number(overrides.PORT ?? (await freePort()));
  const [command = '', ...args] = [...(start.runner ?? []), process.execPath, join(ROOT, 'dist/src/main.js')];
  const child = spawn(command, args, {
    cwd: join(ROOT, '.local'),
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      ROLES: 'api,worker,scheduler',
      HOST: '127.0.0.1',
      PORT: String(port),
      ...overrides,
    },
    stdio: start.stdio ?? ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  void exited.then(() => children.delete(child));
  const url = `http://127.0.0.1:${port}`;
  return { url, process: child, output: () => output, exited, kill: (signal) => child.kill(signal) };
}

/** Ends what a failed test left behind. */
export function killChildren(): void {
  for (const child of children) child.kill('SIGKILL');
}

/**
 * Below the ports that the system gives to connections, any of which could take one before it is listened on; of each process
 * of the tests its own, and one after the other: who asked for one may listen on it seconds later.
 */
const PORTS = { first: 20_000, count: 3000, slices: 4 };
let lastPort = Math.floor(Math.random() * PORTS.count);

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const slice = Number(process.env.JEST_WORKER_ID ?? 0) % PORTS.slices;
  for (;;) {
    lastPort = (lastPort + 1) % PORTS.count;
    const port = PORTS.first + slice * PORTS.count + lastPort;
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

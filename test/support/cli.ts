import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Environment } from './service.js';

const ROOT = join(import.meta.dirname, '../..');

/** Runs a command of the built CLI on the worker's database and returns its exit code and everything it printed. */
export async function runCli(
  args: readonly string[],
  overrides: Environment = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'dist/src/cli/main.js'), ...args], {
    cwd: join(ROOT, '.local'),
    env: { ...process.env, NODE_OPTIONS: '', ...overrides },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

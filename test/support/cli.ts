import { afterEach, beforeEach, jest } from '@jest/globals';
import { runProgram } from '../../src/cli/program.js';
import type { Environment } from './service.js';

/**
 * Runs a command of the CLI on the worker's database and returns its exit code and everything it printed. Within this
 * process, since a new one takes longer to load than most commands to run; the built one is run as documents print it.
 */
export async function runCli(
  args: readonly string[],
  overrides: Environment = {},
): Promise<{ code: number; output: string }> {
  let output = '';
  const collect = (chunk: string | Uint8Array): boolean => {
    output += String(chunk);
    return true;
  };
  const streams = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation(collect),
  );
  try {
    return { code: await runProgram(args, { ...process.env, ...overrides }), output };
  } finally {
    for (const stream of streams) stream.mockRestore();
  }
}

/** What functions of the CLI have printed during the test that runs; whatever it spies on ends with it. */
export function capturePrinted(): { text: string } {
  const printed = { text: '' };
  beforeEach(() => {
    printed.text = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed.text += String(text);
      return true;
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  return printed;
}

import { Command, CommanderError } from 'commander';
import { loadConfig } from '../config/config.js';
import { registerCommands } from './commands.js';

/** Runs one command of the CLI with the settings of `env` and returns its exit code; what it says goes to the streams. */
export async function runProgram(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const program = new Command('checkout')
    .description('Operates the flash-sale checkout')
    .showHelpAfterError()
    .exitOverride();
  registerCommands(program, () => loadConfig(env));
  // Which database a command works on is said before it does anything; standard output is the command's.
  program.hook('preAction', () => {
    const { name, host, port } = loadConfig(env).database;
    process.stderr.write(`Database: ${name} at ${host}:${port}\n`);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has said what was wrong with the words, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

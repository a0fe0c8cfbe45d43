import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { loadConfig } from '../config/config.js';
import { registerCommands } from './commands.js';

if (existsSync('.env')) process.loadEnvFile('.env');

const program = new Command('checkout').description('Operates the flash-sale checkout').showHelpAfterError();
registerCommands(program, () => loadConfig(process.env));
// Which database a command works on is said before it does anything; standard output is the command's.
program.hook('preAction', () => {
  const { name, host, port } = loadConfig(process.env).database;
  process.stderr.write(`Database: ${name} at ${host}:${port}\n`);
});

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// A Redis that is away keeps its clients trying for ever; the command is done.
process.exit();
